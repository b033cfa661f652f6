"""The Gaussian fits: known Gaussians, and scipy's curve_fit as a peer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from psfbridge.measurement.gaussian_fit import fit_gaussian, fit_line
from psfbridge.numerics.robust import FWHM_PER_SIGMA

VOXEL_UM = np.array((0.2, 0.1, 0.1))
SHAPE = (23, 29, 29)


def tilted(centre, sigma_um, turn, amplitude=100.0, background=7.0):
    """A Gaussian whose own axes are the columns of `turn`, and its precision in 1/µm²."""
    precision = turn @ np.diag(1 / np.square(sigma_um)) @ turn.T
    grid = np.stack(np.mgrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]], axis=-1)
    distance = (grid - centre) * VOXEL_UM
    exponent = np.einsum("...i,ij,...j", distance, precision, distance)
    return amplitude * np.exp(-0.5 * exponent) + background, precision


def turned_about_x(degrees):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


@settings(max_examples=15, deadline=None)
@given(
    degrees=st.floats(-30, 30),
    offset=st.tuples(*[st.floats(-0.4, 0.4)] * 3),
    sigma=st.tuples(st.floats(0.4, 0.6), st.floats(0.18, 0.25), st.floats(0.12, 0.16)),
)
def test_finds_a_tilted_gaussian_exactly(degrees, offset, sigma):
    centre = np.array((11, 14, 14)) + offset
    volume, precision = tilted(centre, sigma, turned_about_x(degrees))
    fit = fit_gaussian(volume, VOXEL_UM, (11, 14, 14), (5.0, 5.0, 4.0))
    assert fit.centre == pytest.approx(centre, abs=1e-5)
    assert fit.amplitude == pytest.approx(100, rel=1e-5)
    assert fit.background == pytest.approx(7, abs=1e-3)
    assert fit.r2 == pytest.approx(1, abs=1e-9)
    assert fit.precision == pytest.approx(precision, rel=1e-4, abs=1e-3)
    widths, axes = fit.principal
    assert widths == pytest.approx(FWHM_PER_SIGMA * np.array(sigma), rel=1e-5)
    assert abs(axes[0] @ turned_about_x(degrees)[:, 0]) == pytest.approx(1, abs=1e-6)
    assert fit.fwhm_um[2] == pytest.approx(FWHM_PER_SIGMA * sigma[2], rel=1e-5)


def upright(grid, *values):
    amplitude, z, y, x, wz, wy, wx, background = values
    place = ((grid[0] - z) / wz) ** 2 + ((grid[1] - y) / wy) ** 2 + ((grid[2] - x) / wx) ** 2
    return amplitude * np.exp(-0.5 * place) + background


def test_agrees_with_curve_fit_on_a_noisy_gaussian():
    grid = np.mgrid[4:19, 7:22, 7:22].reshape(3, -1)
    whole = np.mgrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]].reshape(3, -1)
    truth = (200, 11.3, 13.8, 14.2, 2.4, 2.0, 1.7, 30)
    noisy = np.random.default_rng(3).poisson(upright(whole, *truth)).reshape(SHAPE)
    # The peer sees the same box: 1.25 of the FWHM given below to each side.
    fit = fit_gaussian(noisy, VOXEL_UM, (11, 14, 14), (5.6, 5.6, 5.6))
    peer, _ = curve_fit(upright, grid, noisy[4:19, 7:22, 7:22].ravel(), truth)
    assert fit.centre == pytest.approx(peer[1:4], abs=0.03)
    widths = FWHM_PER_SIGMA * peer[4:7] * VOXEL_UM
    assert fit.fwhm_um == pytest.approx(widths, rel=0.01)
    assert fit.amplitude == pytest.approx(peer[0], rel=0.01)


def test_r2_tells_a_gaussian_from_a_box():
    volume = np.zeros(SHAPE)
    volume[7:16, 10:19, 10:19] = 1
    fit = fit_gaussian(volume, VOXEL_UM, (11, 14, 14), (9, 9, 9))
    assert fit.r2 < 0.95


def test_a_plane_has_two_principal_widths():
    y, x = np.mgrid[:31, :31]
    plane = np.exp(-0.5 * (((y - 15) / 3) ** 2 + ((x - 15) / 2) ** 2))[np.newaxis]
    fit = fit_gaussian(plane, (1, 0.1, 0.1), (0, 15, 15), (1, 7, 5))
    widths, axes = fit.principal
    assert widths[:2] == pytest.approx((0.3 * FWHM_PER_SIGMA, 0.2 * FWHM_PER_SIGMA), rel=1e-6)
    assert np.isnan(widths[2])
    assert np.isnan(fit.fwhm_um[0])
    assert np.abs(axes) == pytest.approx(np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]]), abs=1e-6)


def test_nothing_where_there_is_no_gaussian():
    assert fit_gaussian(np.ones(SHAPE), VOXEL_UM, (11, 14, 14), (5, 5, 5)) is None
    assert fit_gaussian(np.ones((1, 1, 1)), VOXEL_UM, (0, 0, 0), (1, 1, 1)) is None


def test_line_fit_agrees_with_curve_fit():
    x = np.arange(41)
    rng = np.random.default_rng(5)
    line = rng.poisson(20 + 300 * np.exp(-0.5 * ((x - 19.6) / 2.2) ** 2)).astype(float)

    def model(at, amplitude, centre, sigma, level):
        return amplitude * np.exp(-0.5 * ((at - centre) / sigma) ** 2) + level

    peer, _ = curve_fit(model, x, line, (300, 20, 2, 20))
    at = int(np.argmax(line))
    assert fit_line(line, at, 5.2) == pytest.approx(FWHM_PER_SIGMA * abs(peer[2]), rel=1e-3)


@pytest.mark.parametrize("line", [np.ones(9), np.array([1.0, 2.0, 1.0])])
def test_no_line_fit_without_a_peak_or_voxels(line):
    assert np.isnan(fit_line(line, 1, 3.0))
