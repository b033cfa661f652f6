"""A pinhole averages over a disc."""

import numpy as np
import pytest

from psfbridge.optics.pinhole import airy_um, pinhole_transfer


def test_the_transfer_is_the_mean_of_waves_over_a_disc():
    frequencies, diameter = np.array([0.0, 0.7, 2.0, 4.1]), 0.45
    # Strips across a disc: a wave along y is averaged with the strips' lengths.
    at, weights = np.polynomial.legendre.leggauss(200)
    lengths = weights * np.sqrt(1 - at**2)
    waves = np.cos(2 * np.pi * np.multiply.outer(frequencies, at) * diameter / 2)
    found = pinhole_transfer(frequencies, np.zeros(1), diameter)[:, 0]
    np.testing.assert_allclose(found, waves @ lengths / lengths.sum(), atol=1e-5)
    np.testing.assert_allclose(found, pinhole_transfer(np.zeros(1), frequencies, diameter)[0])


def test_an_airy_unit_reaches_to_the_first_dark_ring():
    from scipy.special import j1

    na, wavelength = 1.2, 0.6
    first_zero = np.pi * na / wavelength * airy_um(na / wavelength)
    assert j1(first_zero) == pytest.approx(0, abs=1e-3)
