"""Exact sub-voxel shifts and peaks of band-limited volumes, by their Fourier series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

__all__ = ["crop_or_pad", "peak_position", "shift_volume"]

Floats = NDArray[np.float64]


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
        spectrum *= _phase(length, step, half=axis == volume.ndim - 1, shape=spectrum.ndim, at=axis)
    result: Floats = fft.irfftn(spectrum, s=volume.shape, axes=axes)
    return result


def _phase(length: int, step: float, *, half: bool, shape: int, at: int) -> NDArray[np.complex128]:
    frequency = fft.rfftfreq(length) if half else fft.fftfreq(length)
    phase = np.exp(-2j * np.pi * frequency * step)
    if length % 2 == 0:
        # The Nyquist term has no sign; its real part keeps the result real.
        phase[length // 2] = phase[length // 2].real
    result: NDArray[np.complex128] = phase.reshape([-1 if a == at else 1 for a in range(shape)])
    return result


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
    for _ in range(20):
        gradient, curvature = _slopes(volume, position)
        if np.abs(curvature).max() <= rounding:
            break
        step = _ascent(gradient, curvature)
        position = np.clip(position + step, origin - 1, origin + 1)
        if np.abs(step).max() < 1e-5:
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
        weights = _weights(volume.shape[axis], position[axis])
        derivatives = np.tensordot(derivatives, weights, axes=(axis, 1))
    # Contracted from the last axis to the first: so are the orders of derivation now.
    derivatives = derivatives.T
    unit = np.eye(volume.ndim, dtype=int)
    gradient = np.array([derivatives[tuple(unit[i])] for i in axes])
    curvature = [[derivatives[tuple(unit[i] + unit[j])] for j in axes] for i in axes]
    return gradient, np.array(curvature)


def _weights(length: int, at: float) -> Floats:
    """Weights of the voxels of one axis in the Fourier series at a position.

    The rows give its value, slope and second derivative there: the Dirichlet kernel and its
    derivatives, so that the volume itself needs no transform.
    """
    omega = 2j * np.pi * fft.fftfreq(length)
    waves = np.exp(omega * at) * omega ** np.arange(3)[:, np.newaxis]
    if length % 2 == 0:
        # The Nyquist term has no sign; it is a cosine.
        slope = -np.pi * np.sin(np.pi * at)
        waves[:, length // 2] = [np.cos(np.pi * at), slope, -(np.pi**2) * np.cos(np.pi * at)]
    weights: Floats = fft.fft(waves, axis=1).real / length
    return weights


def crop_or_pad(volume: NDArray[Any], shape: Sequence[int], centre: Sequence[int]) -> Floats:
    """Crop or zero-pad a volume to `shape` so that voxel `centre` comes to ``shape // 2``."""
    result = np.zeros(tuple(shape))
    source, target = [], []
    for length, size, at in zip(volume.shape, shape, centre, strict=True):
        low = int(at) - size // 2
        first, last = max(low, 0), min(low + size, length)
        source.append(slice(first, max(last, first)))
        target.append(slice(first - low, max(last, first) - low))
    result[tuple(target)] = volume[tuple(source)]
    return result
