"""The fraction of the light of each voxel that falls inside the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.imaging.image import Volume

__all__ = ["LightSeen", "Places", "light_seen"]

Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class LightSeen:
    """The part of the light that is seen from each place of a frame, in little memory.

    All voxels further from the image's edges than the PSF reaches see the same, so that planes,
    rows and columns have few kinds: not more than twice as many as the PSF.

    Parameters
    ----------
    values : array
        For each kind of plane, row and column; the array has axes (z, y, x).
    planes, rows, columns : array of int
        Of which kind each of the frame's planes, rows and columns is.
    """

    values: Volume
    planes: Places
    rows: Places
    columns: Places

    def of_planes(self, kinds: Places) -> Volume:
        """Return whole planes of these kinds; the array has axes (z, y, x)."""
        some = np.take(np.take(self.values, kinds, axis=0), self.rows, axis=1)
        found: Volume = np.take(some, self.columns, axis=2)
        return found

    def whole(self) -> Volume:
        """Return the part seen from every place of the frame; the array has axes (z, y, x)."""
        return self.of_planes(self.planes)

    def reciprocal(self, least: float) -> LightSeen:
        """Return the reciprocal of the visible fraction; 0 where it is below `least`."""
        enough = self.values >= least
        inverse = np.divide(1, self.values, out=np.zeros_like(self.values), where=enough)
        return replace(self, values=inverse)


def light_seen(
    psf: Volume, origin: Sequence[int], image_shape: Sequence[int], frame: Sequence[int]
) -> LightSeen:
    """Return the adjoint of the blur, of ones in the image and zeros around it.

    As that is a box, it needs running sums of the PSF only, no transform.

    Parameters
    ----------
    psf : array
        The PSF; the array has axes (z, y, x).
    origin : sequence of int
        The PSF's voxel that stands for no shift.
    image_shape, frame : sequence of int
        Size of the image, which lies at the beginning of the frame, and of the frame.
    """
    sums: NDArray[Any] = np.zeros([length + 1 for length in psf.shape])
    sums[1:, 1:, 1:] = psf
    kinds = []
    for axis in range(3):
        np.cumsum(sums, axis=axis, out=sums)
    for axis, sizes in enumerate(zip(psf.shape, origin, image_shape, frame, strict=True)):
        reach = _reach(*sizes)
        (low, high), kind = np.unique(reach, axis=1, return_inverse=True)
        # The last axis makes it largest: single precision will do there.
        exact = sums if axis < 2 else sums.astype(np.float32)
        sums = np.take(exact, high, axis=axis)
        sums -= np.take(exact, low, axis=axis)
        kinds.append(kind.reshape(-1))
    return LightSeen(sums, kinds[0], kinds[1], kinds[2])


def _reach(length: int, before: int, image: int, frame: int) -> Places:
    """First and last-but-one PSF index whose light from each place falls into the image."""
    place = np.arange(frame)
    # The far end of the frame is the margin before the image.
    place = np.where(place >= frame - (length - 1 - before), place - frame, place)
    low = np.clip(before - place, 0, length)
    high = np.clip(before - place + image, 0, length)
    return np.stack((low, np.maximum(low, high)))
