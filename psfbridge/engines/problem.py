"""The deconvolution problem: image and PSF laid out in a periodic frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from psfbridge.engines.visible_light import LightSeen, light_seen
from psfbridge.imaging.image import Volume

__all__ = ["Problem", "circulant_problem", "next_smooth", "open_edge_problem"]

Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Problem:
    """Image and PSF in a periodic frame whose lengths have no prime factor above 7.

    Parameters
    ----------
    image : array
        What was measured, at the beginning of the frame; the array has axes (z, y, x). Where it
        is smaller than the frame, the rest was not measured.
    psf : array
        The PSF; the array has axes (z, y, x).
    origin : tuple of int
        The PSF's voxel that stands for no shift.
    frame : tuple of int
        Size of the periodic frame.
    inner : tuple of slice
        Where the result lies in the frame.
    """

    image: Volume
    psf: Volume
    origin: Shape
    frame: Shape
    inner: tuple[slice, slice, slice]

    @property
    def open_edges(self) -> bool:
        """Whether a part of the frame was not measured."""
        return self.image.shape != self.frame

    def wrapped_psf(self) -> Volume:
        """Return the PSF over the frame, its origin at index 0 of every axis."""
        wrapped = np.zeros(self.frame, np.float32)
        places = [
            (np.arange(length) - at) % size
            for length, at, size in zip(self.psf.shape, self.origin, self.frame, strict=True)
        ]
        wrapped[np.ix_(*places)] = self.psf
        return wrapped

    def start(self) -> Volume:
        """Return the initial estimate: the image, or its mean with open edges."""
        if not self.open_edges:
            return self.image.copy()
        return np.full(self.frame, self.image.mean(dtype=float), np.float32)

    def light(self) -> LightSeen:
        """Return the part of each voxel's light that falls into the image."""
        return light_seen(self.psf, self.origin, self.image.shape, self.frame)

    def cut(self, estimate: Volume) -> Volume:
        """Return the part of an estimate over the frame that is the result."""
        return np.ascontiguousarray(estimate[self.inner])


def circulant_problem(image: Volume, psf: Volume) -> Problem:
    """Lay image and PSF out as ``clij2fft.richardson_lucy`` 0.30 does, voxel for voxel.

    An even PSF in an odd frame has its origin one voxel lower than ``n // 2`` there; so it
    has here.
    """
    pairs = list(zip(image.shape, psf.shape, strict=True))
    frame = _shape([next_smooth(max(pair)) for pair in pairs])
    before = [-((n - size) // 2) for n, size in zip(image.shape, frame, strict=True)]
    after = [size - n - b for n, size, b in zip(image.shape, frame, before, strict=True)]
    padded = np.pad(image, list(zip(before, after, strict=True)), "reflect")
    origin = _shape([size // 2 + (m - size) // 2 for m, size in zip(psf.shape, frame, strict=True)])
    first, second, third = (slice(b, b + n) for b, n in zip(before, image.shape, strict=True))
    return Problem(padded, psf, origin, frame, (first, second, third))


def open_edge_problem(image: Volume, psf: Volume) -> Problem:
    """Lay out image and PSF so that light may cross the image borders.

    The PSF must be odd and centred. The frame is larger than the image by the PSF, so that
    nothing wraps around; what lies there is estimated with the rest and cut off at the end.
    """
    lengths = [n + m - 1 for n, m in zip(image.shape, psf.shape, strict=True)]
    frame = _shape([next_smooth(length) for length in lengths])
    first, second, third = (slice(0, n) for n in image.shape)
    return Problem(image, psf, _shape([m // 2 for m in psf.shape]), frame, (first, second, third))


def next_smooth(length: int) -> int:
    """Return the least length from `length` on that has no prime factor above 7.

    Examples
    --------
    >>> next_smooth(11), next_smooth(512)
    (12, 512)
    """
    while _rough_part(length) > 1:
        length += 1
    return length


def _rough_part(length: int) -> int:
    for prime in (2, 3, 5, 7):
        while length % prime == 0:
            length //= prime
    return length


def _shape(lengths: Sequence[int]) -> Shape:
    nz, ny, nx = lengths
    return nz, ny, nx
