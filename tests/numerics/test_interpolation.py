"""Matrices move volumes as the Fourier series does."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from psfbridge.numerics.fourier import shift_volume
from psfbridge.numerics.interpolation import apply_per_axis, shift_matrices, shift_matrix

steps = st.floats(-3, 3)


@settings(max_examples=20, deadline=None)
@given(steps, steps, steps, st.integers(0, 2**16))
def test_matrices_shift_like_the_fourier_series(z, y, x, seed):
    volume = np.random.default_rng(seed).standard_normal((7, 8, 9))
    moved = apply_per_axis(volume, shift_matrices(volume.shape, np.array([z, y, x])))
    assert np.allclose(moved, shift_volume(volume, (z, y, x)), atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(steps, st.integers(2, 15))
def test_the_derivative_is_that_of_the_shift(step, length):
    small = 1e-2
    ahead, behind = (shift_matrix(length, step + d) for d in (small, -small))
    slope = shift_matrix(length, step, derivative=True)
    assert np.allclose(slope, (ahead - behind) / (2 * small), atol=5e-3)


def test_an_axis_of_one_voxel_stays():
    assert shift_matrix(1, 0.4).tolist() == [[1.0]]
    assert shift_matrix(1, 0.4, derivative=True).tolist() == [[0.0]]
