"""Convolution with a PSF and its adjoint over a periodic frame, in float32 on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from psfbridge.image import Volume

__all__ = ["Blur", "cores", "over_slabs"]

#: Voxels in one slab of an element-wise step: small enough for a core's own cache.
SLAB_VOXELS = 1 << 16


def cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


class Blur:
    """A convolution over a periodic frame, kept as the PSF's spectrum.

    The transform of the last axis is apart from the others, which then work in place: that
    spares the copy of the spectrum that ``irfftn`` makes.

    Parameters
    ----------
    wrapped_psf : array
        The PSF over the frame, its origin at index 0; the array has axes (z, y, x).
    """

    def __init__(self, wrapped_psf: Volume) -> None:
        self._shape = wrapped_psf.shape
        self._axes = [axis for axis in (0, 1) if wrapped_psf.shape[axis] > 1]
        self._cores = cores()
        self._otf = self._spectrum(wrapped_psf)

    def forward(self, volume: Volume) -> Volume:
        """Return `volume` convolved with the PSF."""
        return self._filtered(volume, self._otf_times)

    def adjoint(self, volume: Volume) -> Volume:
        """Return `volume` correlated with the PSF."""
        return self._filtered(volume, self._conjugate_otf_times)

    def _filtered(self, volume: Volume, step: Callable[..., None]) -> Volume:
        spectrum = self._spectrum(volume)
        over_slabs(step, spectrum, self._otf)
        return self._volume(spectrum)

    @staticmethod
    def _otf_times(spectrum: NDArray[Any], otf: NDArray[Any]) -> None:
        np.multiply(spectrum, otf, out=spectrum)

    @staticmethod
    def _conjugate_otf_times(spectrum: NDArray[Any], otf: NDArray[Any]) -> None:
        np.multiply(spectrum, otf.conj(), out=spectrum)

    def _spectrum(self, volume: Volume) -> NDArray[np.complex64]:
        spectrum = fft.rfft(volume, axis=2, workers=self._cores)
        spectrum = fft.fftn(spectrum, axes=self._axes, overwrite_x=True, workers=self._cores)
        result: NDArray[np.complex64] = spectrum
        return result

    def _volume(self, spectrum: NDArray[np.complex64]) -> Volume:
        planes = fft.ifftn(spectrum, axes=self._axes, overwrite_x=True, workers=self._cores)
        volume: Volume = fft.irfft(planes, self._shape[2], axis=2, workers=self._cores)
        return volume


def over_slabs(step: Callable[..., None], *arrays: NDArray[Any]) -> None:
    """Call ``step(*parts)`` for the same slabs of all `arrays`, on all cores.

    NumPy's element-wise steps use one core and stream through memory; slab by slab several of
    them share one pass.
    """
    with ThreadPoolExecutor(cores()) as pool:
        for _ in pool.map(lambda part: step(*(array[part] for array in arrays)), _slabs(arrays)):
            pass


def _slabs(arrays: tuple[NDArray[Any], ...]) -> Iterator[slice]:
    length = arrays[0].shape[0]
    thick = max(1, SLAB_VOXELS * length // max(arrays[0].size, 1))
    return (slice(first, first + thick) for first in range(0, length, thick))
