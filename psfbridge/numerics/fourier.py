"""Fourier interpolation of band-limited volumes: shifts, samples and peaks.

One convention: a row of ``n`` samples at 0 ... n - 1 is one period of a band-limited function; for
even ``n`` the Nyquist term, which has no sign, is a cosine. Its value anywhere is the sum of its
samples times the Dirichlet kernel (`dirichlet`); moved by a shift and taken at the samples, that
kernel (and its derivatives) is `shifted_kernel`. All else here is made of these two.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from psfbridge.numerics.settings import PEAK

__all__ = [
    "apply_per_axis",
    "apply_with_slopes",
    "crop_or_pad",
    "dirichlet",
    "peak_position",
    "sampling_matrices",
    "shift_matrices",
    "shift_matrix",
    "shift_volume",
    "shifted_kernel",
    "slope_factors",
]

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]


def dirichlet(distance: Floats, period: int, terms: int | None = None) -> Floats:
    """Return the Dirichlet kernel at distances from a sample, in samples.

    Parameters
    ----------
    distance : array
        From the sample, in samples.
    period : int
        Number of samples in a period.
    terms : int, optional
        Number of frequencies, odd, negative ones included; by default all of an odd `period`.

    Examples
    --------
    >>> import numpy as np
    >>> dirichlet(np.array([0.0, 1.0, 5.0]), 5).round(6).tolist()
    [1.0, 0.0, 1.0]
    """
    share = (period if terms is None else terms) / period
    below = period * np.sin(np.pi * distance / period)
    near = np.abs(below) < 1e-9
    above = np.sin(np.pi * (share * distance))
    return np.where(near, share, above / np.where(near, 1.0, below))


def shifted_kernel(length: int, shift: float, order: int = 0) -> Floats:
    """Return the samples of the Dirichlet kernel, or of a derivative, moved by `shift` samples.

    Parameters
    ----------
    length : int
        Number of samples in a period.
    shift : float
        Towards higher indices.
    order : int
        Which derivative with respect to the place.

    Examples
    --------
    >>> bool(abs(shifted_kernel(5, 2)[2] - 1) < 1e-12)
    True
    """
    turn = 2j * np.pi * _frequencies(length)
    # The inverse transform takes the real part of a Nyquist term: it is a cosine.
    return np.asarray(fft.irfft(np.exp(-turn * shift) * turn**order, length))


@lru_cache(maxsize=64)
def _frequencies(length: int) -> Floats:
    return np.asarray(fft.rfftfreq(length))


def shift_volume(volume: NDArray[Any], shift: Sequence[float] | Floats) -> Floats:
    """Move a volume by a fraction of a voxel, exactly for a band-limited one.

    Parameters
    ----------
    volume : array
        The array has axes (z, y, x) and counts as periodic: keep what matters off the edges.
    shift : sequence of float
        How far the content moves towards higher indices, in voxels, for each axis.

    Returns
    -------
    array of float64
        The shifted volume, of the same shape.

    Examples
    --------
    >>> import numpy as np
    >>> spot = np.zeros((1, 5, 5)); spot[0, 2, 2] = 1
    >>> bool(shift_volume(spot, (0, 1, 0))[0, 3, 2].round(6) == 1)
    True
    """
    axes = tuple(range(volume.ndim))
    spectrum = fft.rfftn(np.asarray(volume, float), axes=axes)
    for axis, (length, step) in enumerate(zip(volume.shape, shift, strict=True)):
        if step == 0 or length == 1:
            continue
        transform = fft.rfft if axis == volume.ndim - 1 else fft.fft
        phase = transform(shifted_kernel(length, float(step)))
        spectrum *= phase.reshape([-1 if other == axis else 1 for other in axes])
    result: Floats = fft.irfftn(spectrum, s=volume.shape, axes=axes)
    return result


def shift_matrix(length: int, shift: float, *, derivative: bool = False) -> Floats32:
    """Return the matrix that moves a periodic band-limited row by `shift` samples.

    Quicker than a transform for small volumes, and for the same shift of many.

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
    >>> (shift_matrix(5, 1.0) @ np.eye(5)[2]).argmax()
    np.int64(3)
    """
    if length == 1:
        return np.full((1, 1), 0.0 if derivative else 1.0, np.float32)
    kernel = -shifted_kernel(length, shift, 1) if derivative else shifted_kernel(length, shift)
    result: Floats32 = kernel.astype(np.float32)[_lags(length)]
    return result


@lru_cache(maxsize=64)
def _lags(length: int) -> NDArray[np.intp]:
    """Return the periodic distance of row and column of a matrix, from 0 to ``length - 1``."""
    index = np.arange(length)
    return np.asarray((index[:, np.newaxis] - index) % length)


def shift_matrices(shape: Sequence[int], shift: Floats, along: int | None = None) -> list[Floats32]:
    """Return the matrices of all axes; of axis `along`, the derivative."""
    return [
        shift_matrix(length, float(step), derivative=axis == along)
        for axis, (length, step) in enumerate(zip(shape, shift, strict=True))
    ]


def sampling_matrices(
    shape: Sequence[int],
    fine_shape: Sequence[int],
    factor: Sequence[int],
    shift: Floats,
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
        Shape of the volume, whose spectrum is that of `scipy.fft.rfftn`; odd in every axis but
        the last: a Nyquist term has no slope.
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


def peak_position(volume: NDArray[Any], start: Sequence[int] | None = None) -> Floats:
    """Find the maximum of the band-limited volume, by Newton's method on its Fourier series.

    Parameters
    ----------
    volume : array
        The array has axes (z, y, x).
    start : sequence of int, optional
        The voxel to start from; by default the brightest. The result is within one voxel of it.

    Returns
    -------
    array of float64
        Position of the maximum in voxels; axes of length 1 give 0.
    """
    volume = np.asarray(volume, float)
    if start is None:
        start = [int(at) for at in np.unravel_index(int(np.argmax(volume)), volume.shape)]
    origin = np.asarray(start, float)
    position = origin.copy()
    # Slopes below this are rounding: of a constant volume, nothing is known.
    rounding = 1e-12 * float(np.abs(volume).sum())
    for _ in range(PEAK.most_steps):
        gradient, curvature = _slopes(volume, position)
        if np.abs(curvature).max() <= rounding:
            break
        step = _ascent(gradient, curvature)
        position = np.clip(position + step, origin - 1, origin + 1)
        if np.abs(step).max() < PEAK.arrived:
            break
    return position


def _ascent(gradient: Floats, curvature: Floats) -> Floats:
    """Newton's step towards a maximum, half a voxel at most; axes without curvature rest."""
    values, vectors = np.linalg.eigh(curvature)
    damped = np.maximum(np.abs(values), 1e-6 * np.abs(values).max())
    step: Floats = vectors @ ((vectors.T @ gradient) / damped)
    return np.clip(step, -0.5, 0.5)


def _slopes(volume: Floats, position: Floats) -> tuple[Floats, Floats]:
    """Gradient and second derivatives of the volume's Fourier series at a position."""
    axes = range(volume.ndim)
    derivatives = volume
    for axis in reversed(axes):
        # The kernel is even: at a sample's distance its odd derivatives change their sign.
        length, at = volume.shape[axis], float(position[axis])
        weights = [(-1) ** order * shifted_kernel(length, at, order) for order in range(3)]
        derivatives = np.tensordot(derivatives, weights, axes=(axis, 1))
    # Contracted from the last axis to the first: so are the orders of derivation now.
    derivatives = derivatives.T
    unit = np.eye(volume.ndim, dtype=int)
    gradient = np.array([derivatives[tuple(unit[i])] for i in axes])
    curvature = [[derivatives[tuple(unit[i] + unit[j])] for j in axes] for i in axes]
    return gradient, np.array(curvature)


def crop_or_pad(volume: NDArray[Any], shape: Sequence[int], centre: Sequence[int]) -> Floats:
    """Crop or zero-pad a volume to `shape` so that voxel `centre` comes to ``shape // 2``.

    Examples
    --------
    >>> import numpy as np
    >>> crop_or_pad(np.arange(5.0), (3,), (4,)).tolist()
    [3.0, 4.0, 0.0]
    """
    result = np.zeros(tuple(shape))
    source, target = [], []
    for length, size, at in zip(volume.shape, shape, centre, strict=True):
        low = int(at) - size // 2
        first, last = max(low, 0), min(low + size, length)
        source.append(slice(first, max(last, first)))
        target.append(slice(first - low, max(last, first) - low))
    result[tuple(target)] = volume[tuple(source)]
    return result
