"""The compiled filters give what SciPy's give."""

import numpy as np
import pytest
from scipy import ndimage

from psfbridge.numerics.smoothing import gaussian_smooth, mean_smooth

SHAPES = [(7, 20, 33), (1, 50, 40), (30, 5, 6), (3, 2, 2100)]


def volume(shape):
    return np.random.default_rng(0).normal(100, 5, shape).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sigma", [(1.6, 1.2, 1.3), (0, 0.5, 2.7), (0, 0, 0)])
def test_a_gaussian_is_that_of_scipy(shape, sigma):
    found = gaussian_smooth(volume(shape), sigma, 3.0)
    np.testing.assert_allclose(
        found, ndimage.gaussian_filter(volume(shape), sigma, truncate=3), rtol=2e-6
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sizes", [(15, 11, 13), (1, 5, 1), (1, 1, 1), (31, 31, 31)])
def test_a_mean_is_that_of_scipy(shape, sizes):
    found = mean_smooth(volume(shape), sizes)
    np.testing.assert_allclose(found, ndimage.uniform_filter(volume(shape), sizes), rtol=2e-6)


def test_the_input_is_not_changed():
    data = volume((4, 9, 9))
    kept = data.copy()
    gaussian_smooth(data, (1, 1, 1), 3.0)
    mean_smooth(data, (3, 3, 3))
    np.testing.assert_array_equal(data, kept)


def test_a_part_of_a_larger_array_will_do():
    whole = volume((6, 30, 20))
    part = whole[:, 5:25]
    np.testing.assert_array_equal(
        mean_smooth(part, (3, 3, 3)), mean_smooth(np.ascontiguousarray(part), (3, 3, 3))
    )
