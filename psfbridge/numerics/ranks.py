"""Ranks among a pixel and its eight neighbours: what `scipy.ndimage` gives, many times sooner.

Columns of three are put in order first, whole rows at once; the edges are mirrored.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["median_of_nine", "second_of_nine"]


def median_of_nine(plane: NDArray[Any]) -> NDArray[Any]:
    """Return the median of each pixel and its neighbours.

    Parameters
    ----------
    plane : array
        The array has axes (y, x), and no NaN.

    Examples
    --------
    >>> plane = np.zeros((5, 5))
    >>> plane[2, 2] = 9
    >>> float(median_of_nine(plane).max())
    0.0
    """
    low, middle, high = _columns(plane)
    largest_low = np.maximum(np.maximum(*_sides(low)), _centre(low))
    least_high = np.minimum(np.minimum(*_sides(high)), _centre(high))
    return _median(largest_low, _median(*_sides(middle), _centre(middle)), least_high)


def second_of_nine(plane: NDArray[Any]) -> NDArray[Any]:
    """Return the second largest of each pixel and its neighbours.

    Parameters
    ----------
    plane : array
        The array has axes (y, x), and no NaN.

    Examples
    --------
    >>> float(second_of_nine(np.arange(9.0).reshape(3, 3))[1, 1])
    7.0
    """
    _, middle, high = _columns(plane)
    # It is the second of the columns' highest, or below the highest in the same column.
    of_highest = _median(*_sides(high), _centre(high))
    of_middle = np.maximum(np.maximum(*_sides(middle)), _centre(middle))
    return np.asarray(np.maximum(of_highest, of_middle))


def _columns(plane: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Lowest, middle and highest of each pixel, that above and that below, with a rim across."""
    padded = np.pad(plane, 1, mode="symmetric")
    above, here, below = padded[:-2], padded[1:-1], padded[2:]
    lowest = np.minimum(np.minimum(above, here), below)
    highest = np.maximum(np.maximum(above, here), below)
    return lowest, _median(above, here, below), highest


def _sides(padded: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    return padded[:, :-2], padded[:, 2:]


def _centre(padded: NDArray[Any]) -> NDArray[Any]:
    return padded[:, 1:-1]


def _median(one: NDArray[Any], other: NDArray[Any], third: NDArray[Any]) -> NDArray[Any]:
    low, high = np.minimum(one, other), np.maximum(one, other)
    return np.asarray(np.maximum(low, np.minimum(high, third)))
