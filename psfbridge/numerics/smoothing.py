"""Compiled Gaussian and uniform filters, equivalent to those of `scipy.ndimage`.

The functions are compiled once for a machine, when they are first called (some seconds), and kept
beside the package or in the user's cache. They release Python's lock, so that threads share work.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["gaussian_smooth", "laplace_of_gaussian", "mean_smooth"]

Floats32 = NDArray[np.float32]


def gaussian_smooth(volume: Floats32, sigma: Sequence[float], truncate: float) -> Floats32:
    """Return a volume smoothed by a Gaussian; it is mirrored at its edges.

    Parameters
    ----------
    volume : array of float32
        The array has axes (z, y, x).
    sigma : sequence of float
        Standard deviations along z, y and x, in voxels; 0 leaves an axis as it is.
    truncate : float
        The Gaussian ends so many standard deviations from its centre.

    Examples
    --------
    >>> import numpy as np
    >>> gaussian_smooth(np.ones((3, 4, 5), np.float32), (1, 0, 1), 3.0).max().round(5)
    np.float32(1.0)
    """
    kernels = [_gaussian(width, truncate) for width in sigma]
    return _smoothed(volume, kernels)


def laplace_of_gaussian(plane: Floats32, sigma: float) -> Floats32:
    """Return the Laplacian of a plane that is smoothed by a Gaussian; it is mirrored at its edges.

    The Gaussian ends four standard deviations from its centre, as SciPy's does.

    Parameters
    ----------
    plane : array of float32
        The array has axes (y, x).
    sigma : float
        Standard deviation in voxels.

    Examples
    --------
    >>> import numpy as np
    >>> level = laplace_of_gaussian(np.full((4, 5), 60_000, np.float32), 1.0)
    >>> bool(np.abs(level).max() < 0.01)
    True
    """
    smooth = _gaussian(sigma, 4.0)
    reach = np.arange(len(smooth))
    curved = (reach**2 / sigma**4 - 1 / sigma**2) * smooth.astype(float)
    # The sum of a sampled curve is not 0: a constant would not vanish.
    excess = (2 * curved.sum() - curved[0]) / (2 * smooth.sum(dtype=float) - smooth[0])
    curved = np.asarray(curved - excess * smooth, np.float32)
    here, volume = np.ones(1, np.float32), plane[np.newaxis]
    result = _smoothed(volume, (here, curved, smooth))
    result += _smoothed(volume, (here, smooth, curved))
    return np.asarray(result[0])


def mean_smooth(volume: Floats32, sizes: Sequence[int]) -> Floats32:
    """Return the mean of a box around each voxel; the volume is mirrored at its edges.

    Parameters
    ----------
    volume : array of float32
        The array has axes (z, y, x).
    sizes : sequence of int
        Length of the box along z, y and x, in voxels, odd.

    Examples
    --------
    >>> import numpy as np
    >>> mean_smooth(np.ones((3, 4, 5), np.float32), (3, 1, 3)).max().round(5)
    np.float32(1.0)
    """
    half = [size // 2 for size in sizes]
    planes, rows, columns = volume.shape
    flat = np.ascontiguousarray(volume)
    result = flat.copy() if not any(half) else flat
    for axis, shape in (
        (0, (1, planes, rows * columns)),
        (1, (planes, rows, columns)),
    ):
        if half[axis]:
            target = np.empty_like(flat)
            _mean_across(result.reshape(shape), target.reshape(shape), half[axis])
            result = target
    if half[2]:
        target = np.empty_like(flat)
        _mean_along(result.reshape(-1, columns), target.reshape(-1, columns), half[2])
        result = target
    return result


def _smoothed(volume: Floats32, kernels: Sequence[Floats32]) -> Floats32:
    planes, rows, columns = volume.shape
    result = np.ascontiguousarray(volume)
    for kernel, shape in zip(
        kernels, ((1, planes, rows * columns), (planes, rows, columns)), strict=False
    ):
        if len(kernel) > 1:
            target = np.empty_like(result)
            _weigh_across(result.reshape(shape), target.reshape(shape), kernel)
            result = target
    if len(kernels[2]) > 1:
        target = np.empty_like(result)
        _weigh_along(result.reshape(-1, columns), target.reshape(-1, columns), kernels[2])
        result = target
    return result


def _gaussian(sigma: float, truncate: float) -> Floats32:
    """Weights from the centre to the end; the centre alone for a width of 0."""
    if sigma <= 0:
        return np.ones(1, np.float32)
    reach = np.arange(int(truncate * sigma + 0.5) + 1)
    weights = np.exp(-0.5 * (reach / sigma) ** 2)
    return np.asarray(weights / (2 * weights.sum() - weights[0]), np.float32)


@njit(cache=True, nogil=True)
def _mirrored(index, length):  # type: ignore[no-untyped-def]
    """Return the index mirrored at the edges as in SciPy's reflect mode."""
    period = 2 * length
    index = index % period
    return index if index < length else period - 1 - index


@njit(cache=True, nogil=True, fastmath=True)
def _weigh_across(source, target, kernel):  # type: ignore[no-untyped-def]
    """Weigh along the second of three axes, whole rows at a time."""
    length, columns = source.shape[1], source.shape[2]
    step = 2048
    for i in range(source.shape[0]):
        for first in range(0, columns, step):
            last = min(first + step, columns)
            for j in range(length):
                out = target[i, j, first:last]
                centre = source[i, j, first:last]
                for x in range(last - first):
                    out[x] = kernel[0] * centre[x]
                for k in range(1, len(kernel)):
                    low = source[i, _mirrored(j - k, length), first:last]
                    high = source[i, _mirrored(j + k, length), first:last]
                    weight = kernel[k]
                    for x in range(last - first):
                        out[x] += weight * (low[x] + high[x])


@njit(cache=True, nogil=True, fastmath=True)
def _weigh_along(source, target, kernel):  # type: ignore[no-untyped-def]
    """Weigh along the last axis, in a row that was mirrored at its ends."""
    length, reach = source.shape[1], len(kernel) - 1
    row = np.empty(length + 2 * reach, np.float32)
    for i in range(source.shape[0]):
        row[reach : reach + length] = source[i]
        for k in range(reach):
            row[reach - 1 - k] = source[i, _mirrored(-1 - k, length)]
            row[reach + length + k] = source[i, _mirrored(length + k, length)]
        out = target[i]
        for x in range(length):
            out[x] = kernel[0] * row[x + reach]
        for k in range(1, reach + 1):
            weight = kernel[k]
            low, high = row[reach - k :], row[reach + k :]
            for x in range(length):
                out[x] += weight * (low[x] + high[x])


@njit(cache=True, nogil=True, fastmath=True)
def _mean_across(source, target, half):  # type: ignore[no-untyped-def]
    """Mean along the second of three axes by running sums of whole rows."""
    length, columns = source.shape[1], source.shape[2]
    share = 1.0 / (2 * half + 1)
    step = 2048
    total = np.empty(step)
    for i in range(source.shape[0]):
        for first in range(0, columns, step):
            width = min(step, columns - first)
            total[:] = 0
            for j in range(-half, half + 1):
                row = source[i, _mirrored(j, length), first : first + width]
                for x in range(width):
                    total[x] += row[x]
            for j in range(length):
                out = target[i, j, first : first + width]
                gone = source[i, _mirrored(j - half, length), first : first + width]
                new = source[i, _mirrored(j + half + 1, length), first : first + width]
                for x in range(width):
                    out[x] = np.float32(total[x] * share)
                    total[x] += new[x] - gone[x]


@njit(cache=True, nogil=True, fastmath=True)
def _mean_along(source, target, half):  # type: ignore[no-untyped-def]
    """Mean along the last axis by a running sum."""
    length = source.shape[1]
    share = 1.0 / (2 * half + 1)
    row = np.empty(length + 2 * half + 1, np.float32)
    for i in range(source.shape[0]):
        row[half : half + length] = source[i]
        for x in range(half):
            row[x] = source[i, _mirrored(x - half, length)]
        for x in range(half + length, length + 2 * half + 1):
            row[x] = source[i, _mirrored(x - half, length)]
        total = 0.0
        for x in range(2 * half + 1):
            total += row[x]
        for x in range(length):
            target[i, x] = np.float32(total * share)
            total += row[x + 2 * half + 1] - row[x]
