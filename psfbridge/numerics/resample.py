"""Resampling of band-limited volumes to another voxel size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.numerics.fourier import dirichlet
from psfbridge.numerics.settings import RESAMPLE

__all__ = ["resample_volume"]

Floats = NDArray[np.float64]


def resample_volume(
    volume: NDArray[Any], voxel_um: Sequence[float], new_voxel_um: Sequence[float]
) -> Floats:
    """Return a volume at another voxel size, about the same centre and with the same sum.

    Each axis goes through its Fourier series. To larger voxels the frequencies that they cannot
    hold are left out; to smaller ones nothing is added.

    Parameters
    ----------
    volume : array
        The array has axes (z, y, x), its lengths are odd and its centre is at ``n // 2``; it
        fades out towards its edges.
    voxel_um, new_voxel_um : sequence of float
        Voxel size in z, y and x, in µm, before and after.

    Returns
    -------
    array of float64
        Odd lengths, at least as large in µm; an axis of length 1 stays.

    Examples
    --------
    >>> import numpy as np
    >>> resample_volume(np.ones((1, 3, 3)), (1, 2, 2), (1, 1, 1)).shape
    (1, 9, 9)
    """
    result: Floats = np.array(volume, float)
    for axis, (old, new) in enumerate(zip(voxel_um, new_voxel_um, strict=True)):
        if result.shape[axis] == 1 or old == new:
            continue
        weights = _weights(result.shape[axis], new / old)
        result = np.moveaxis(np.tensordot(weights, result, (1, axis)), 0, axis)
    result *= volume.sum(dtype=float) / result.sum()
    return result


def _weights(length: int, step: float) -> Floats:
    """Evaluate the Fourier series of `length` samples at places `step` samples apart.

    The result has a row for every new sample and a column for every old one.
    """
    half = math.ceil((length // 2 + 1) / step - 1e-9)
    period = length + 2 * math.ceil(RESAMPLE.padding * length / 2)
    highest = min((period - 1) // 2, math.floor(period / (2 * step)))
    places = step * np.arange(-half, half + 1, dtype=float)
    samples = np.arange(length, dtype=float) - length // 2
    return dirichlet(places[:, np.newaxis] - samples, period, 2 * highest + 1)
