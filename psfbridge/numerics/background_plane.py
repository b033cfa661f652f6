"""Weighted least-squares fit of a background plane with curvature along z."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from psfbridge.numerics.fourier import apply_per_axis

__all__ = ["plane", "plane_columns", "plane_normal", "plane_values"]

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

# Which powers of z, y and x the five terms have: a level, a slope along each axis, and a curvature
# along z. The out-of-focus light of beads in one plane has one: it grows with the defocus.
_TERMS = np.vstack([np.eye(4, 3, -1, dtype=int), [2, 0, 0]])


def plane(shape: Sequence[int], terms: Sequence[float]) -> Floats32:
    """Return a plane on a box, curved along z.

    Parameters
    ----------
    shape : sequence of int
        Of the box, in z, y and x.
    terms : sequence of float
        The level at the centre ``n // 2``, the slopes for each voxel along z, y and x, and the
        curvature for each square of a voxel along z.

    Examples
    --------
    >>> plane((1, 1, 3), (5, 0, 0, 2, 0)).ravel().tolist()
    [3.0, 5.0, 7.0]
    """
    level, *slopes, curvature = (np.float32(term) for term in terms)
    z, y, x = (_powers(n, 1)[1] * slope for n, slope in zip(shape, slopes, strict=True))
    z = z + _powers(shape[0], 2)[2] * curvature
    return np.asarray(level + z[:, None, None] + y[None, :, None] + x[None, None, :])


def plane_columns(shape: Sequence[int]) -> Floats32:
    """Return the terms 1, z, y, x and z² on a box, for a fit beside other columns.

    The array has axes (term, voxel).

    Examples
    --------
    >>> plane_columns((1, 1, 3)).astype(int).tolist()[3]
    [-1, 0, 1]
    """
    axes = np.meshgrid(*(np.arange(n) - n // 2 for n in shape), indexing="ij")
    terms = [np.prod([a**k for a, k in zip(axes, term, strict=True)], axis=0) for term in _TERMS]
    return np.array(terms, np.float32).reshape(len(terms), -1)


def plane_normal(weight: Floats32) -> Floats:
    """Return the sums of a weight times each two of the terms 1, z, y, x and z²; shape (5, 5)."""
    powers = np.moveaxis(_TERMS[:, np.newaxis] + _TERMS, -1, 0)
    return np.asarray(_moments(weight, 4)[tuple(powers)])


def plane_values(volume: Floats32) -> Floats:
    """Return the sums of a volume times each of the terms 1, z, y, x and z²; shape (5,)."""
    return np.asarray(_moments(volume, 2)[tuple(_TERMS.T)])


def _moments(volume: Floats32, most: int) -> Floats:
    """Sums of a volume times powers 0 to `most` of the coordinates from its centre."""
    return np.asarray(apply_per_axis(volume, [_powers(n, most) for n in volume.shape]), float)


@lru_cache(maxsize=32)
def _powers(length: int, most: int) -> Floats32:
    coordinate = np.arange(length) - length // 2
    return np.asarray(coordinate ** np.arange(most + 1)[:, np.newaxis], np.float32)
