"""Robust estimates of scale: medians and trimmed means.

The constants that make them unbiased for a normal variable come from its distribution functions
in `scipy.special`; `scipy.stats`, which has the same, takes a second to import.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from psfbridge.numerics.settings import ROBUST

__all__ = ["FWHM_PER_SIGMA", "MEDIAN_SQUARE", "robust_sd", "trimmed_sd", "trimmed_variance"]

Floats = NDArray[np.float64]

#: Full width of a Gaussian at half its maximum, over its standard deviation.
FWHM_PER_SIGMA = float(np.sqrt(8 * np.log(2)))

#: Median of the square of a standard normal variable (χ² of one degree of freedom).
MEDIAN_SQUARE = float(special.chdtri(1, 0.5))


_SD_PER_MAD = 1 / float(special.ndtri(0.75))
_LIMIT = float(special.ndtri((1 + ROBUST.kept) / 2))  # of the kept values, in standard deviations
# Means over the kept values of a standard normal variable: of its square (the integral of x² times
# the normal density is the distribution function of χ² with 3 degrees of freedom), and of its size.
_KEPT_SQUARE = float(special.chdtr(3, _LIMIT**2)) / ROBUST.kept
_KEPT_SIZE = float(np.sqrt(2 / np.pi) * (1 - np.exp(-(_LIMIT**2) / 2))) / ROBUST.kept


def robust_sd(values: NDArray[Any], axis: int | None = None) -> Any:
    """Return the standard deviation of normal values by their median absolute deviation.

    Up to half of the values may be outliers.

    Parameters
    ----------
    values : array
        In any units, which the result has too.
    axis : int, optional
        The axis over which the median is taken; by default over all values.

    Returns
    -------
    float or array of float64

    Examples
    --------
    >>> import numpy as np
    >>> values = np.append(np.random.default_rng(0).normal(7, 2, 10000), 1000 * [1e9])
    >>> bool(1.9 < robust_sd(values) < 2.3)
    True
    """
    deviations = np.abs(values - np.median(values, axis=axis, keepdims=axis is not None))
    return _SD_PER_MAD * np.median(deviations, axis=axis)


def trimmed_variance(squares: NDArray[Any]) -> float:
    """Return the variance of normal values of mean 0 from the lowest nine tenths of their squares.

    Parameters
    ----------
    squares : array
        Squared values; the array has one axis.

    Examples
    --------
    >>> import numpy as np
    >>> squares = np.random.default_rng(0).normal(0, 3, 100000) ** 2
    >>> round(trimmed_variance(squares))
    9
    """
    return _lowest_mean(squares) / _KEPT_SQUARE


def trimmed_sd(sizes: NDArray[Any]) -> float:
    """Return the SD of normal values of mean 0 from the lowest nine tenths of their sizes.

    Parameters
    ----------
    sizes : array
        Absolute values; the array has one axis.

    Examples
    --------
    >>> import numpy as np
    >>> sizes = np.abs(np.random.default_rng(0).normal(0, 3, 100000))
    >>> round(trimmed_sd(sizes), 1)
    3.0
    """
    return _lowest_mean(sizes) / _KEPT_SIZE


def _lowest_mean(values: NDArray[Any]) -> float:
    keep = max(int(ROBUST.kept * len(values)), 1)
    return float(np.partition(values, keep - 1)[:keep].mean())
