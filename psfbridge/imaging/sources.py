"""Sources of lazy volumes: files and dask arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.imaging.formats.axes import OneVolume, chosen_part, one_volume
from psfbridge.imaging.image import Image
from psfbridge.imaging.lazy_volume import Box, LazyVolume, is_lazy, lazy
from psfbridge.imaging.settings import LAZY

if TYPE_CHECKING:
    from psfbridge.imaging.read import Opened

__all__ = ["DaskSource", "held", "lazy_dask", "lazy_file"]


class _FileSource:
    """One channel of a file; pickled as its path and how it is to be read."""

    def __init__(self, open_again: Callable[[], Opened], opened: Opened | None = None) -> None:
        self._open_again = open_again
        self._opened = opened or open_again()
        volume = _volume_of(self._opened)
        if volume is None:
            raise ValueError("several channels")  # who makes it has looked
        self._volume = volume
        self.name = volume.stored.name
        self.shape, self.chunks = volume.shape, volume.chunks
        self.dtype = volume.stored.dtype

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._open_again,)

    def read(self, box: Box) -> NDArray[Any]:
        return self._volume.read(box)

    def fill(self, box: Box) -> Any:
        return self._volume.fill(box)

    def whole(self) -> NDArray[Any]:
        one = self._opened
        return chosen_part(one.stored, one.letters, one.channel, one.time)


def _volume_of(opened: Opened) -> OneVolume | None:
    return one_volume(opened.stored, opened.letters, opened.channel, opened.time)


def lazy_file(open_again: partial[Opened], opened: Opened) -> LazyVolume | None:
    """Return the one channel of a file that was chosen; None where there are several.

    Parameters
    ----------
    open_again : partial
        Opens the file once more, in another process too.
    opened : Opened
        The file.

    Raises
    ------
    ImageError
        If a channel or time point is not there, or none of several time points was chosen.
    """
    if _volume_of(opened) is None:
        return None
    return LazyVolume(_FileSource(open_again, opened))


def lazy_dask(array: Any) -> LazyVolume:
    """Return an array of dask as a volume that is computed where it is used.

    Parameters
    ----------
    array : dask.array.Array
        The array has axes (z, y, x) or (y, x), or is an xarray of such.
    """
    return LazyVolume(DaskSource(array.data if hasattr(array, "dims") else array))


def held(image: Image, budget_bytes: float) -> Image:
    """Return an image in memory if it can be searched there at once, otherwise as a lazy one.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x).
    budget_bytes : float
        What image and search may take together; arrays in memory are not asked.
    """
    data: Any = image.data
    if not (is_lazy(data) or isinstance(data, np.memmap)):
        return image
    fits = data.nbytes + LAZY.per_voxel * data.size <= budget_bytes
    if fits:
        return replace(image, data=data.whole()) if is_lazy(data) else image
    kept: Any = data if is_lazy(data) else lazy(data, image.name)
    return replace(image, data=kept)


class DaskSource:
    """A volume that dask computes, part by part.

    Parameters
    ----------
    array : dask.array.Array
        The array has axes (z, y, x), or (y, x).
    name : str
        What messages call it.

    Attributes
    ----------
    shape : tuple of int
        Number of voxels in z, y and x.
    dtype : dtype
        The type of the voxels.
    chunks : tuple of int, optional
        Sizes of the pieces that are computed together, where all are of one size.
    """

    def __init__(self, array: Any, name: str = "array") -> None:
        self._array = array if array.ndim == 3 else array[None]
        self.name = name
        z, y, x = self._array.shape
        self.shape: tuple[int, int, int] = (z, y, x)
        self.dtype: np.dtype[Any] = np.dtype(array.dtype)
        self.chunks = _regular(self._array.chunks)

    def read(self, box: Box) -> NDArray[Any]:
        """Return the voxels of a part; the array has axes (z, y, x)."""
        # In this process: where blocks are dealt to a cluster, its tasks must not wait for others.
        return np.asarray(self._array[box].compute(scheduler="threads"))


def _regular(chunks: tuple[tuple[int, ...], ...]) -> tuple[int, int, int] | None:
    """The size of chunks; None where they differ, but for the last of each axis."""
    if any(len({*sizes[:-1]}) > 1 or sizes[-1] > sizes[0] for sizes in chunks):
        return None
    z, y, x = (sizes[0] for sizes in chunks)
    return z, y, x
