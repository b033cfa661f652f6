"""Moving a volume by fractions of a voxel with one small matrix for each axis."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

__all__ = [
    "apply_per_axis",
    "apply_with_slopes",
    "sampling_matrices",
    "shift_matrices",
    "shift_matrix",
    "slope_factors",
]

Floats32 = NDArray[np.float32]


def shift_matrix(length: int, shift: float, *, derivative: bool = False) -> Floats32:
    """Return the matrix that moves a periodic band-limited row by `shift` samples.

    Parameters
    ----------
    length : int
        Number of samples; best odd, so that there is no Nyquist term.
    shift : float
        How far the content moves towards higher indices, in samples.
    derivative : bool
        Return the derivative with respect to `shift` instead.

    Examples
    --------
    >>> import numpy as np
    >>> (shift_matrix(5, 1.0) @ np.eye(5)[2]).round(5).tolist()
    [0.0, 0.0, 0.0, 1.0, 0.0]
    """
    if length == 1:
        return np.full((1, 1), 0.0 if derivative else 1.0, np.float32)
    turn = -2j * np.pi * _frequencies(length)
    waves = np.exp(turn * shift)
    if derivative:
        waves *= turn
    # The inverse transform takes the real part of a Nyquist term, which has no sign.
    kernel = fft.irfft(waves, length).astype(np.float32)
    result: Floats32 = kernel[_lags(length)]
    return result


@lru_cache(maxsize=64)
def _frequencies(length: int) -> NDArray[np.float64]:
    return np.asarray(fft.rfftfreq(length))


@lru_cache(maxsize=64)
def _lags(length: int) -> NDArray[np.intp]:
    """How far row and column of a periodic matrix are apart, from 0 to ``length - 1``."""
    index = np.arange(length)
    return np.asarray((index[:, np.newaxis] - index) % length)


def shift_matrices(
    shape: Sequence[int], shift: NDArray[np.float64], along: int | None = None
) -> list[Floats32]:
    """Return the matrices of all axes; of axis `along`, the derivative."""
    return [
        shift_matrix(length, float(step), derivative=axis == along)
        for axis, (length, step) in enumerate(zip(shape, shift, strict=True))
    ]


def sampling_matrices(
    shape: Sequence[int],
    fine_shape: Sequence[int],
    factor: Sequence[int],
    shift: NDArray[np.float64],
    *,
    derivative: bool = False,
) -> list[Floats32]:
    """Return the matrices that move a finely sampled volume and take every so manieth sample.

    Parameters
    ----------
    shape, fine_shape : sequence of int
        Shape of the result, and of the volume; their centres are the same point.
    factor : sequence of int
        Samples of the volume for one of the result, along each axis.
    shift : array
        How far the content moves towards higher indices, in samples of the result.
    derivative : bool
        Return each matrix's derivative with respect to its shift instead.
    """
    matrices = []
    for length, fine, times, step in zip(shape, fine_shape, factor, shift, strict=True):
        whole = shift_matrix(fine, float(step) * times, derivative=derivative)
        rows = whole[fine // 2 + times * (np.arange(length) - length // 2)]
        matrices.append(rows * np.float32(times) if derivative else rows)
    return matrices


def slope_factors(shape: Sequence[int]) -> list[NDArray[np.complex128]]:
    """Return what a spectrum is multiplied by for the slope along each axis.

    Parameters
    ----------
    shape : sequence of int
        Shape of the volume, whose spectrum is that of `scipy.fft.rfftn`.
    """
    sizes = (*(fft.fftfreq(n) for n in shape[:-1]), fft.rfftfreq(shape[-1]))
    return list(np.meshgrid(*(2j * np.pi * f for f in sizes), indexing="ij", sparse=True))


def apply_per_axis(volume: NDArray[Any], matrices: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Multiply each axis of a volume (z, y, x) with its matrix."""
    along_z, along_y, along_x = matrices
    return _along_z(np.matmul(along_y, volume @ along_x.T), along_z)


def apply_with_slopes(
    volume: NDArray[Any], matrices: Sequence[NDArray[Any]], slopes: Sequence[NDArray[Any]]
) -> list[NDArray[Any]]:
    """Return `apply_per_axis`, and the same with the matrix of z, y and x replaced by its slope."""
    along_z, along_y, along_x = matrices
    rows = volume @ along_x.T
    planes = np.matmul(along_y, rows)
    return [
        _along_z(planes, along_z),
        _along_z(planes, slopes[0]),
        _along_z(np.matmul(slopes[1], rows), along_z),
        _along_z(np.matmul(along_y, volume @ slopes[2].T), along_z),
    ]


def _along_z(planes: NDArray[Any], matrix: NDArray[Any]) -> NDArray[Any]:
    rows = matrix @ planes.reshape(len(planes), -1)
    return np.asarray(rows.reshape(len(matrix), *planes.shape[1:]))
