"""A bead damps frequencies as a voxelised sphere does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import fft

from psfbridge.optics.bead_sphere import sphere_transfer, sphere_transform


def test_the_transfer_is_that_of_a_finely_voxelised_sphere():
    fine, size, diameter = 0.01, 64, 0.3
    axis = (np.arange(size) - size // 2) * fine
    radius2 = axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2
    sphere = (radius2 <= (diameter / 2) ** 2).astype(float)
    measured = np.abs(fft.rfftn(sphere / sphere.sum()))
    ours = np.abs(sphere_transfer(sphere.shape, (fine,) * 3, diameter))
    low = (slice(0, 4), slice(0, 4), slice(0, 4))
    assert np.allclose(measured[low], ours[low], atol=0.01)


def test_a_point_damps_nothing_and_the_mean_is_kept():
    assert (sphere_transfer((5, 6, 7), (0.2, 0.1, 0.1), 0.0) == 1).all()
    assert sphere_transfer((5, 6, 7), (0.2, 0.1, 0.1), 0.5)[0, 0, 0] == pytest.approx(1)


def test_the_first_zero_is_where_theory_has_it():
    voxel, diameter, length = 0.01, 0.2, 4000
    transfer = sphere_transfer((1, 1, length), (1, 1, voxel), diameter)[0, 0]
    first = fft.rfftfreq(length, voxel)[np.argmax(transfer < 0)]
    assert first * np.pi * diameter == pytest.approx(4.4934, rel=0.01)


@given(st.floats(0.05, 1), st.floats(0, 8))
def test_the_transform_is_the_integral_over_its_slices(diameter, frequency):
    radius = diameter / 2
    z, weights = np.polynomial.legendre.leggauss(60)
    slices = weights * (1 - z**2) * np.cos(2 * np.pi * frequency * radius * z)
    grid = [np.array([frequency]), np.zeros(1), np.zeros(1)]
    found = sphere_transform(grid, diameter)[0, 0, 0]
    assert found == pytest.approx(slices.sum() * 3 / 4, abs=1e-7)
