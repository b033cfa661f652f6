"""Moving a volume by fractions of a voxel with one small matrix for each axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

__all__ = ["applied", "sampling_matrices", "shift_matrices", "shift_matrix"]

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
    frequency = fft.fftfreq(length)
    lag = np.arange(1 - length, length)
    waves = np.exp(2j * np.pi * np.outer(lag - shift, frequency))
    if derivative:
        waves = waves * (-2j * np.pi * frequency)
    # The sum's real part also gives the Nyquist term, which has no sign, its real part.
    kernel = (waves.sum(axis=1).real / length).astype(np.float32)
    index = np.arange(length)
    result: Floats32 = kernel[index[:, np.newaxis] - index[np.newaxis] + length - 1]
    return result


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


def applied(volume: NDArray[Any], matrices: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Multiply each axis of a volume (z, y, x) with its matrix."""
    along_z, along_y, along_x = matrices
    rows = np.matmul(along_y, volume @ along_x.T)
    planes = along_z @ rows.reshape(len(rows), -1)
    return np.asarray(planes.reshape(len(along_z), *rows.shape[1:]))
