"""Exact sub-voxel shifts and peaks of band-limited volumes, by their Fourier series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

__all__ = ["fitted_to", "peak_position", "shifted"]

Floats = NDArray[np.float64]


def shifted(volume: NDArray[Any], shift: Sequence[float]) -> Floats:
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
    >>> bool(shifted(spot, (0, 1, 0))[0, 3, 2].round(6) == 1)
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
    return phase.reshape([-1 if axis == at else 1 for axis in range(shape)])


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
        start = np.unravel_index(int(np.argmax(volume)), volume.shape)
    origin = np.asarray(start, float)
    spectrum = fft.fftn(volume) / volume.size
    position = origin.copy()
    for _ in range(20):
        gradient, curvature = _slopes(spectrum, position)
        step = _ascent(gradient, curvature)
        position = np.clip(position + step, origin - 1, origin + 1)
        if np.abs(step).max() < 1e-5:
            break
    return position


def _ascent(gradient: Floats, curvature: Floats) -> Floats:
    """Newton's step towards a maximum, half a voxel at most; axes without curvature rest."""
    values, vectors = np.linalg.eigh(curvature)
    scale = np.abs(values).max()
    if scale == 0:
        return np.zeros_like(gradient)
    damped = np.maximum(np.abs(values), 1e-6 * scale)
    step: Floats = vectors @ ((vectors.T @ gradient) / damped)
    return np.clip(step, -0.5, 0.5)


def _slopes(spectrum: NDArray[np.complex128], position: Floats) -> tuple[Floats, Floats]:
    """Gradient and second derivatives of the Fourier series at a position."""
    waves = [_wave(length, at) for length, at in zip(spectrum.shape, position, strict=True)]
    axes = range(spectrum.ndim)
    gradient = np.zeros(spectrum.ndim)
    curvature = np.zeros((spectrum.ndim, spectrum.ndim))
    for i in axes:
        gradient[i] = _contract(spectrum, [waves[a][int(a == i)] for a in axes])
        for j in range(i, spectrum.ndim):
            orders = [int(a == i) + int(a == j) for a in axes]
            value = _contract(spectrum, [waves[a][orders[a]] for a in axes])
            curvature[i, j] = curvature[j, i] = value
    return gradient, curvature


def _wave(length: int, at: float) -> list[NDArray[np.complex128]]:
    """Give the waves of one axis at a position, and their first and second derivatives."""
    omega = 2j * np.pi * fft.fftfreq(length)
    wave = np.exp(omega * at)
    if length % 2 == 0:
        wave[length // 2] = wave[length // 2].real
    return [wave, wave * omega, wave * omega**2]


def _contract(spectrum: NDArray[np.complex128], waves: list[NDArray[np.complex128]]) -> float:
    result: NDArray[np.complex128] = spectrum
    for wave in reversed(waves):
        result = result @ wave
    return float(np.real(result))


def fitted_to(volume: NDArray[Any], shape: Sequence[int], centre: Sequence[int]) -> Floats:
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
