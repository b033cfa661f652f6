"""Detection of hot camera pixels, which stand out in every plane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.imaging.settings import WARM_PIXELS
from psfbridge.numerics.ranks import median_of_nine
from psfbridge.numerics.robust import robust_sd

__all__ = ["warm_pixels"]


def warm_pixels(data: NDArray[Any], noise: float) -> NDArray[np.bool_] | None:
    """Find the camera pixels that are brighter or darker than those around them in every plane.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x). The units are counts.
    noise : float
        Standard deviation of a voxel of the background, in counts.

    Returns
    -------
    array of bool or None
        True where a pixel is faulty; axes (y, x). None where there is none, where the planes are
        too few to tell, or so many stand out that it is no fault of single pixels.

    Examples
    --------
    >>> stack = np.random.default_rng(0).poisson(100.0, (12, 32, 32))
    >>> stack[:, 5, 7] += 60
    >>> np.argwhere(warm_pixels(stack, 10.0)).tolist()
    [[5, 7]]
    """
    if len(data) < WARM_PIXELS.least_planes or min(data.shape[1:]) < 3:
        return None
    parts = np.array_split(np.arange(len(data)), WARM_PIXELS.segments)
    rough = np.array([_rough(data, part) for part in parts])
    warm = (np.abs(rough.mean(axis=0)) > WARM_PIXELS.least_excess * noise) & _stand_out(rough)
    share = np.count_nonzero(warm) / warm.size
    return warm if 0 < share <= WARM_PIXELS.most_share else None


def _rough(data: NDArray[Any], part: NDArray[np.int_]) -> NDArray[np.float32]:
    """Return the excess of each pixel over its neighbours, averaged over some planes."""
    chosen = part[np.linspace(0, len(part) - 1, min(len(part), WARM_PIXELS.planes)).astype(int)]
    plane = np.asarray(data[chosen].mean(axis=0), np.float32)
    return np.asarray(plane - median_of_nine(plane))


def _stand_out(rough: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where all parts show an outlying pixel; axes of `rough` are (part, y, x)."""
    spread = max(float(robust_sd(rough)), 1e-6)
    found = _agreed(rough / np.float32(spread))
    for y, x in np.argwhere(found):
        # Around a bright bead all pixels are rough, which are no faults.
        near = rough[:, max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3]
        found[y, x] = _agreed(rough[:, y, x] / max(float(robust_sd(near)), spread))
    return found


def _agreed(scores: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether the scores of all parts are high, and alike: a bead is in focus in one of them."""
    mean, change = np.abs(scores.mean(axis=0)), np.ptp(scores, axis=0)
    constant = change < WARM_PIXELS.least_each + WARM_PIXELS.most_change * mean
    each = np.abs(scores).min(axis=0) > WARM_PIXELS.least_each
    return np.asarray((mean * np.sqrt(len(scores)) > WARM_PIXELS.limit) & each & constant)
