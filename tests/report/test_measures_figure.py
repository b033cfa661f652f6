"""The figure of measures shows each width that was measured, and leaves out what was not."""

import numpy as np
import pytest

import psfbridge as pb


def drawn(measures):
    (axes,) = measures.plot().axes
    return {line.get_label(): line.get_ydata() for line in axes.lines}


def test_every_width_is_where_it_was_measured():
    z, y, x = np.ogrid[-12:13, -12:13, -12:13]
    spot = 100 + 900 * np.exp(-0.5 * (z**2 / 9.0 + (y**2 + x**2) / 4.0))
    measures = pb.measure(spot, voxel_um=(0.2, 0.1, 0.1))
    widths = drawn(measures)
    assert widths["profile at half maximum"] == pytest.approx(measures.fwhm_um)
    assert widths["Gaussian fitted in space"] == pytest.approx(measures.gaussian_fwhm_um)


def test_a_plane_has_no_width_along_z():
    y, x = np.ogrid[-12:13, -12:13]
    spot = 100 + 900 * np.exp(-0.5 * (y**2 + x**2) / 4.0)
    widths = drawn(pb.measure(spot[np.newaxis], voxel_um=(1.0, 0.1, 0.1)))
    assert [np.isnan(one[0]) for one in widths.values()] == [True] * 3
