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

__all__ = ["Blur", "cores", "over_slabs", "slabs"]

Spectrum = NDArray[np.complex64]

#: Voxels in one slab of an element-wise step: in the cache, and few enough slabs to hand out.
SLAB_VOXELS = 1 << 18


def cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


class Blur:
    """A convolution over a periodic frame, kept as the PSF's spectrum.

    The transform of the last axis is apart from the others, which then work in place: that
    spares the copy of the spectrum that ``irfftn`` makes. Methods take a spectrum and use it up so
    that the volume it came from can be given back before the next is made.

    Parameters
    ----------
    wrapped_psf : array
        The PSF over the frame, its origin at index 0; the array has axes (z, y, x).
    """

    def __init__(self, wrapped_psf: Volume) -> None:
        self._shape = wrapped_psf.shape
        self._axes = [axis for axis in (0, 1) if wrapped_psf.shape[axis] > 1]
        self._cores = cores()
        self._otf = self.spectrum(wrapped_psf)

    def spectrum(self, volume: Volume) -> Spectrum:
        """Return the spectrum of a volume over the frame."""
        spectrum = fft.rfft(volume, axis=2, workers=self._cores)
        result: Spectrum = fft.fftn(
            spectrum, axes=self._axes, overwrite_x=True, workers=self._cores
        )
        return result

    def convolved(self, spectrum: Spectrum) -> Volume:
        """Return the volume with this spectrum, convolved with the PSF; uses the spectrum up."""
        over_slabs(_multiply, spectrum, self._otf)
        return self._volume(spectrum)

    def correlated(self, spectrum: Spectrum) -> Volume:
        """Return the volume with this spectrum, correlated with the PSF; uses the spectrum up."""
        over_slabs(_multiply_conjugate, spectrum, self._otf)
        return self._volume(spectrum)

    def _volume(self, spectrum: Spectrum) -> Volume:
        planes = fft.ifftn(spectrum, axes=self._axes, overwrite_x=True, workers=self._cores)
        volume: Volume = fft.irfft(planes, self._shape[2], axis=2, workers=self._cores)
        return volume


def _multiply(spectrum: Spectrum, otf: Spectrum) -> None:
    np.multiply(spectrum, otf, out=spectrum)


def _multiply_conjugate(spectrum: Spectrum, otf: Spectrum) -> None:
    np.multiply(spectrum, otf.conj(), out=spectrum)


def over_slabs(step: Callable[..., Any], *arrays: NDArray[Any]) -> list[Any]:
    """Call ``step(*parts)`` for the same planes of all `arrays`, on all cores.

    NumPy's element-wise steps use one core and stream through memory; slab by slab several of
    them share one pass.

    Returns
    -------
    list
        What the steps returned, in order.
    """

    def on_part(part: slice) -> Any:
        return step(*(array[part] for array in arrays))

    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(on_part, slabs(arrays[0])))


def slabs(volume: NDArray[Any]) -> Iterator[slice]:
    """Yield slices along z that together are the whole volume."""
    length = len(volume)
    thick = max(1, SLAB_VOXELS * length // max(volume.size, 1))
    for first in range(0, length, thick):
        yield slice(first, min(first + thick, length))
