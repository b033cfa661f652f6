"""Robust scales of normal noise are unbiased, and outliers do not move them."""

import numpy as np
import pytest
from scipy import stats

from psfbridge.numerics.robust import (
    FWHM_PER_SIGMA,
    MEDIAN_SQUARE,
    robust_sd,
    trimmed_sd,
    trimmed_variance,
)

NORMAL = np.random.default_rng(3).normal(0, 2.5, 400_000)


def test_median_absolute_deviation_is_that_of_scipy_stats():
    columns = NORMAL[:3000].reshape(1000, 3)
    expected = stats.median_abs_deviation(columns, axis=0, scale="normal")
    np.testing.assert_allclose(robust_sd(columns, axis=0), expected, rtol=1e-12)
    assert robust_sd(NORMAL[:999]) == pytest.approx(
        stats.median_abs_deviation(NORMAL[:999], scale="normal"), rel=1e-12
    )


def test_a_median_of_squares_is_that_of_chi_square_with_one_degree_of_freedom():
    assert pytest.approx(stats.chi2.median(1), rel=1e-12) == MEDIAN_SQUARE


def test_half_maximum_of_a_gaussian():
    assert stats.norm.pdf(FWHM_PER_SIGMA / 2) == pytest.approx(stats.norm.pdf(0) / 2, rel=1e-12)


@pytest.mark.parametrize(
    ("scale", "truth"),
    [
        (lambda v: trimmed_variance(v**2), 2.5**2),
        (lambda v: trimmed_sd(np.abs(v)), 2.5),
        (robust_sd, 2.5),
    ],
    ids=["trimmed variance", "trimmed sd", "median absolute deviation"],
)
def test_scales_of_normal_noise_are_unbiased_and_outliers_hardly_move_them(scale, truth):
    # 400,000 values tell a variance to 0.4 % (two standard errors).
    assert scale(NORMAL) == pytest.approx(truth, rel=4e-3)
    spoilt = NORMAL.copy()
    spoilt[:4000] = 1e6
    assert scale(spoilt) == pytest.approx(truth, rel=0.05)


@pytest.mark.parametrize("scale", [trimmed_variance, trimmed_sd])
def test_a_single_value_is_kept(scale):
    assert scale(np.array([4.0])) > 0
