"""Profiles: widths of shapes that are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import j1

from psfbridge.measurement.profiles import profiles_through
from psfbridge.numerics.robust import FWHM_PER_SIGMA

VOXEL_UM = (0.3, 0.1, 0.12)


def gaussian(shape, centre, sigma):
    grid = np.ogrid[tuple(slice(0, length) for length in shape)]
    terms = (((g - c) / s) ** 2 for g, c, s in zip(grid, centre, sigma, strict=True))
    return np.exp(-0.5 * sum(terms))


@settings(max_examples=25, deadline=None)
@given(
    offset=st.tuples(*[st.floats(-0.5, 0.5)] * 3),
    sigma=st.tuples(*[st.floats(1.2, 3.0)] * 3),
)
def test_width_of_a_gaussian_wherever_it_lies_between_voxels(offset, sigma):
    centre = np.array((12, 14, 13)) + offset
    volume = gaussian((25, 29, 27), centre, sigma)
    lines = profiles_through(volume, VOXEL_UM, centre)
    for line, width, step in zip(lines, sigma, VOXEL_UM, strict=True):
        assert line.fwhm_um == pytest.approx(FWHM_PER_SIGMA * width * step, rel=4e-3)
        before, after = line.half_maximum_um
        assert -before == pytest.approx(after, rel=1e-2)


def test_width_of_an_airy_disc():
    y, x = np.mgrid[-30:31, -30:31] + 0.3
    v = np.hypot(y, x) * 0.6
    airy = np.divide(2 * j1(v), v, out=np.ones_like(v), where=v > 0) ** 2
    _, along_y, along_x = profiles_through(airy[np.newaxis], (1, 0.1, 0.1), (0, 29.7, 29.7))
    truth = 2 * 1.61634 / 0.6 * 0.1
    assert along_y.fwhm_um == pytest.approx(truth, rel=1e-3)
    assert along_x.fwhm_um == pytest.approx(truth, rel=1e-3)


def test_a_flat_axis_has_no_profile():
    assert (
        profiles_through(gaussian((1, 9, 9), (0, 4, 4), (1, 2, 2)), VOXEL_UM, (0, 4, 4))[0] is None
    )


def test_no_width_where_a_side_does_not_fall_to_half():
    volume = gaussian((1, 21, 21), (0, 10, 1), (1, 2, 2))
    _, along_y, along_x = profiles_through(volume, VOXEL_UM, (0, 10, 1))
    assert np.isnan(along_x.fwhm_um)
    assert np.isfinite(along_x.half_maximum_um[1])
    assert np.isfinite(along_y.fwhm_um)
