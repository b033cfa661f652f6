"""Gaussians are fitted to their least squares, whatever the bead."""

import numpy as np
import pytest
from scipy import optimize

from psfbridge.detection.bead_width import BeadScale
from psfbridge.detection.gaussian_fits import fit_gaussians
from psfbridge.imaging.noise import Noise
from psfbridge.numerics.cutouts import Cutouts

HALF = np.array([4, 5, 6])
NOISE = Noise(10.0, 1.0, 3.0)
SCALE = BeadScale((4.0, 3.0, 3.0))


def gaussian(base, height, centre, sigma, half=HALF):
    grid = np.indices(2 * half + 1) - half.reshape(3, 1, 1, 1)
    scaled = [
        (axis - c) / s if n else axis * 0.0
        for axis, c, s, n in zip(grid, centre, sigma, half, strict=True)
    ]
    return base + height * np.exp(-0.5 * sum(u**2 for u in scaled))


def boxes(*volumes):
    counts = np.array(volumes, np.float32)
    corner = np.tile(np.array([10, 20, 30]), (len(counts), 1))
    return Cutouts(counts, np.ones(counts.shape, bool), corner)


def test_a_gaussian_without_noise_is_found_again():
    fits = fit_gaussians(
        boxes(gaussian(12.0, 900.0, (0.3, -0.7, 1.2), (1.9, 1.2, 1.6))), NOISE, SCALE
    )
    np.testing.assert_allclose(fits.position[0] - [14, 25, 36], (0.3, -0.7, 1.2), atol=1e-3)
    np.testing.assert_allclose(fits.sigma[0], (1.9, 1.2, 1.6), rtol=1e-3)
    assert fits.height[0] == pytest.approx(900, rel=1e-3)
    assert fits.background[0] == pytest.approx(12, abs=0.1)
    assert fits.misfit[0] < 0.01


def test_it_is_the_minimum_of_the_weighted_squares():
    truth = (12.0, 200.0, (0.2, 0.4, -0.3), (1.7, 1.3, 1.4))
    counts = np.random.default_rng(2).poisson(gaussian(*truth)).astype(np.float32)
    fits = fit_gaussians(boxes(counts), NOISE, SCALE)
    found = [fits.background[0], fits.height[0], *(fits.position[0] - [14, 25, 36])]
    found += [*np.log(fits.sigma[0])]
    light = gaussian(0.0, found[1], found[2:5], np.exp(found[5:]))
    spread = NOISE.variance(light + found[0]) + (0.05 * light) ** 2

    def residuals(at):
        model = gaussian(at[0], at[1], at[2:5], np.exp(at[5:]))
        return ((counts - model) / np.sqrt(spread)).ravel()

    best = optimize.least_squares(residuals, found).x
    np.testing.assert_allclose(found, best, rtol=2e-2, atol=5e-3)


def test_a_plane_has_no_width_along_z():
    flat = np.array([0, 5, 6])
    fits = fit_gaussians(
        boxes(gaussian(12.0, 500.0, (0, 0.5, 0.2), (1, 1.2, 1.6), flat)), NOISE, SCALE
    )
    assert fits.sigma[0, 0] == 0
    np.testing.assert_allclose(fits.sigma[0, 1:], (1.2, 1.6), rtol=1e-2)


def test_each_bead_is_fitted_by_itself():
    volumes = [gaussian(10.0, h, (0, 0.1, 0.2), (1.8, 1.3, 1.3)) for h in (50.0, 5e3, 300.0)]
    together = fit_gaussians(boxes(*volumes), NOISE, SCALE)
    alone = [fit_gaussians(boxes(one), NOISE, SCALE).height[0] for one in volumes]
    np.testing.assert_array_equal(together.height, alone)


def test_nothing_but_noise_ends_in_a_finite_fit():
    counts = np.random.default_rng(1).poisson(10, 2 * HALF + 1).astype(np.float32)
    fits = fit_gaussians(boxes(counts, counts * 0), NOISE, SCALE)
    assert np.isfinite(fits.height).all()
    assert np.isfinite(fits.sigma).all()


def test_no_bead_is_no_fit():
    none = Cutouts(
        np.zeros((0, 3, 3, 3), np.float32), np.zeros((0, 3, 3, 3), bool), np.zeros((0, 3), int)
    )
    assert len(fit_gaussians(none, NOISE, SCALE).height) == 0
