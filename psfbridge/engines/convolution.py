"""Convolution with a PSF and its adjoint on a periodic frame, in float32 on all cores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from psfbridge._util.threads import cores
from psfbridge.engines.slabs import on_slabs
from psfbridge.imaging.image import Volume

__all__ = ["Blur"]

Spectrum = NDArray[np.complex64]


class Blur:
    """A convolution over a periodic frame, in one buffer.

    A volume enters, is convolved or correlated with the PSF, and leaves. The transforms of x and y
    go through slabs of planes, in which an element-wise step can be done on the way; those of z go
    through slabs of rows. So each slab is in the cache while it is worked on, and beside the
    buffer there is nothing as large as the frame but the PSF's spectrum.

    Parameters
    ----------
    wrapped_psf : array
        The PSF over the frame, its origin at index 0; the array has axes (z, y, x).

    Examples
    --------
    >>> point = np.zeros((1, 4, 4), np.float32)
    >>> point[0, 0, 1] = 1
    >>> int(Blur(point).convolved(point)[0, 0].argmax())
    2
    """

    def __init__(self, wrapped_psf: Volume) -> None:
        planes, rows, self._columns = wrapped_psf.shape
        # In a single plane there are no slabs to share.
        self._workers = cores() if planes == 1 else 1
        self._buffer: Spectrum = np.empty((planes, rows, self._columns // 2 + 1), np.complex64)
        self.enter(wrapped_psf)
        self._along_z(_transform)
        self._otf = self._buffer.copy()

    def enter(self, volume: Volume) -> None:
        """Take a volume in; it has axes (z, y, x) and the size of the frame."""
        on_slabs(self._enter, self._buffer, volume)

    def convolve(self) -> None:
        """Convolve what has entered with the PSF."""
        self._along_z(_convolve, self._otf)

    def correlate(self) -> None:
        """Correlate what has entered with the PSF."""
        self._along_z(_correlate, self._otf)

    def exchange(self, step: Callable[..., Any], *arrays: NDArray[Any]) -> list[Any]:
        """Let ``step(planes, *parts)`` change what is inside, slab by slab.

        Parameters
        ----------
        step : callable
            Gets some planes, with axes (z, y, x), to change in place, and the same planes of each
            array.
        arrays : array
            What it needs; where an array has fewer planes, the last parts are shorter.

        Returns
        -------
        list
            What the steps returned, in order.
        """

        def through(buffer: Spectrum, *parts: NDArray[Any]) -> Any:
            planes = self._leave(buffer)
            result = step(planes, *parts)
            self._enter(buffer, planes)
            return result

        return on_slabs(through, self._buffer, *arrays)

    def leave(self, step: Callable[..., Any], *arrays: NDArray[Any]) -> list[Any]:
        """Pass the contents to ``step(planes, *parts)``, slab by slab, and release them."""

        def out(buffer: Spectrum, *parts: NDArray[Any]) -> Any:
            return step(self._leave(buffer), *parts)

        return on_slabs(out, self._buffer, *arrays)

    def left(self) -> Volume:
        """Return what was inside, in the place of the buffer: gone when the next volume enters."""
        volume: Volume = self._buffer.view(np.float32)[..., : self._columns]
        self.leave(_put, volume)
        return volume

    def convolved(self, volume: Volume) -> Volume:
        """Return a volume convolved with the PSF, as a new array."""
        self.enter(volume)
        self.convolve()
        return self.left().copy()

    def _enter(self, buffer: Spectrum, planes: Volume) -> None:
        rows = fft.rfft(planes, axis=2, workers=self._workers)
        buffer[...] = fft.fft(rows, axis=1, overwrite_x=True, workers=self._workers)

    def _leave(self, buffer: Spectrum) -> Volume:
        rows = fft.ifft(buffer, axis=1, overwrite_x=True, workers=self._workers)
        planes: Volume = fft.irfft(rows, self._columns, axis=2, workers=self._workers)
        return planes

    def _along_z(self, step: Callable[..., Any], *others: Spectrum) -> None:
        """Do `step` on slabs of rows that have all planes; the slabs have axes (y, z, x)."""
        on_slabs(step, *(array.swapaxes(0, 1) for array in (self._buffer, *others)))


def _transform(rows: Spectrum) -> None:
    _keep(fft.fft(rows, axis=1, overwrite_x=True), rows)


def _convolve(rows: Spectrum, otf: Spectrum) -> None:
    spectrum = fft.fft(rows, axis=1, overwrite_x=True)
    spectrum *= otf
    _keep(fft.ifft(spectrum, axis=1, overwrite_x=True), rows)


def _correlate(rows: Spectrum, otf: Spectrum) -> None:
    spectrum = fft.fft(rows, axis=1, overwrite_x=True)
    spectrum *= otf.conj()
    _keep(fft.ifft(spectrum, axis=1, overwrite_x=True), rows)


def _keep(result: Spectrum, rows: Spectrum) -> None:
    """Put a result into its place; SciPy may, but need not, have written it there."""
    if result is not rows:
        rows[...] = result


def _put(planes: Volume, part: Volume) -> None:
    part[...] = planes
