"""Symmetry and energy: shapes whose values are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import j0, j1

from psfbridge.measurement.symmetry_and_energy import (
    AIRY_ZERO_FWHM,
    AXIAL_ZERO_FWHM,
    asymmetry,
    centred_on,
    zone_energy,
)


def test_the_zone_ends_at_the_first_zero():
    airy_zero, half = 3.831706, 1.616340
    assert airy_zero / (2 * half) == pytest.approx(AIRY_ZERO_FWHM, rel=1e-4)
    assert (2 * j1(half) / half) ** 2 == pytest.approx(0.5, rel=1e-4)
    assert np.pi / (2 * 1.391557) == pytest.approx(AXIAL_ZERO_FWHM, rel=1e-4)


def test_light_of_an_airy_disc_in_its_zone():
    scale = 0.35
    y, x = np.mgrid[-60:61, -60:61]
    v = np.hypot(y, x) * scale
    airy = np.divide(2 * j1(v), v, out=np.ones_like(v), where=v > 0) ** 2
    zero = 3.831706

    def encircled(radius):
        # Rayleigh 1881; Born and Wolf, section 8.5.2, equation 18.
        return 1 - j0(radius) ** 2 - j1(radius) ** 2

    found = zone_energy(airy[np.newaxis], (0, 60, 60), (1, zero / scale, zero / scale))
    assert found == pytest.approx(encircled(zero) / encircled(2 * zero), abs=2e-3)


def test_even_light_fills_ellipsoids_by_their_volume():
    volume = np.ones((61, 61, 61))
    assert zone_energy(volume, (30, 30, 30), (14, 13, 12)) == pytest.approx(1 / 8, rel=5e-3)
    assert zone_energy(volume[:1], (0, 30, 30), (1, 13, 12)) == pytest.approx(1 / 4, rel=5e-3)


def lopsided(strength):
    """A Gaussian with a cubic odd part along x, which leaves the peak where it is."""
    z, y, x = np.mgrid[-12:13, -12:13, -12:13]
    return np.exp(-0.5 * (z**2 + y**2 + x**2) / 4.0) * (1 + strength * x**3)


def test_asymmetry_of_a_known_odd_part():
    strength = 0.05
    # Under the square of a Gaussian of variance 4, x has variance 2 and the sixth moment 15 * 2³.
    odd = strength**2 * 15 * 2**3
    found = asymmetry(lopsided(strength), (12, 12, 12), (12, 12, 12), 0.0)
    assert found == pytest.approx((0, 0, odd / (1 + odd)), abs=1e-4)


def test_noise_is_no_asymmetry():
    noise = np.random.default_rng(1).normal(0, 0.05, (25, 25, 25))
    found = asymmetry(lopsided(0.0) + noise, (12, 12, 12), (12, 12, 12), 0.05)
    assert max(found) < 0.02
    assert min(asymmetry(lopsided(0.0) + noise, (12, 12, 12), (12, 12, 12), 0.0)) > 0.1


def test_a_flat_axis_has_no_asymmetry_to_tell():
    assert np.isnan(asymmetry(lopsided(0.0)[12:13], (0, 12, 12), (1, 9, 9), 0.0)[0])


def test_centring_puts_the_peak_on_a_voxel():
    z, y, x = np.mgrid[:15, :15, :15]
    spot = np.exp(-0.5 * ((z - 7.4) ** 2 + (y - 6.8) ** 2 + (x - 7.2) ** 2) / 2.0)
    moved, at = centred_on(spot, (7.4, 6.8, 7.2))
    assert at == (7, 7, 7)
    assert moved[at] == pytest.approx(1, abs=1e-3)
