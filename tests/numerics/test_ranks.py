"""Ranks among nine pixels are those of SciPy."""

import numpy as np
import pytest
from scipy import ndimage

from psfbridge.numerics.ranks import median_of_nine, second_of_nine


@pytest.mark.parametrize("shape", [(40, 31), (2, 9), (1, 5), (3, 1)])
@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_ranks_of_nine_are_those_of_scipy(shape, kind):
    plane = np.random.default_rng(0).poisson(6, shape).astype(kind)
    assert np.array_equal(median_of_nine(plane), ndimage.median_filter(plane, 3))
    assert np.array_equal(second_of_nine(plane), ndimage.rank_filter(plane, -2, 3))
