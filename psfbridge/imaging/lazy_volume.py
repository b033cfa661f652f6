"""Lazy volumes, read in parts on demand."""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Iterator
from itertools import product
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.memory import free_bytes, readable_bytes
from psfbridge.errors import ImageError
from psfbridge.imaging.settings import LAZY

__all__ = ["Box", "LazyVolume", "Source", "digest", "is_lazy", "lazy", "touched"]

#: Planes, rows and columns of a part of a volume.
Box = tuple[slice, slice, slice]


class Source(Protocol):
    """The storage of a volume; it can be pickled for use in other processes."""

    name: str
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    #: Sizes of the pieces that can only be read as a whole; None where any voxel can be.
    chunks: tuple[int, int, int] | None

    def read(self, box: Box) -> NDArray[Any]:
        """Return the voxels of a part; the array has axes (z, y, x)."""


class LazyVolume:
    """A volume that is indexed as an array is, and read where it is indexed.

    What was decoded last is kept, up to `psfbridge.imaging.settings.LAZY.kept_bytes`.

    Parameters
    ----------
    source : Source
        Where it is stored.

    Examples
    --------
    >>> volume = lazy(np.arange(24).reshape(2, 3, 4))
    >>> volume[1, 1:, 2:].tolist()
    [[18, 19], [22, 23]]
    """

    ndim = 3

    def __init__(self, source: Source) -> None:
        self.source = source
        self._kept: OrderedDict[tuple[int, ...], NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._digest = ""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle where the voxels are, not the voxels."""
        return type(self), (self.source,)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[NDArray[Any]]:
        for slab in self.slabs():
            yield from slab

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Return a part; an index is made of whole numbers, slices and, for planes, a list."""
        index = index if isinstance(index, tuple) else (index,)
        if isinstance(index[0], slice) and index[0].step not in (None, 1):
            # Thinned out, no more than a plane of it is ever in memory.
            index = (range(*index[0].indices(len(self))), *index[1:])
        if isinstance(index[0], list | range | np.ndarray):
            planes = [self[(int(plane), *index[1:])] for plane in index[0]]
            return np.stack(planes)
        index = (*index, *(slice(None),) * (3 - len(index)))
        box, pick = zip(*map(_part, index, self.shape), strict=True)
        part: NDArray[Any] = self.box(cast("Box", box))[pick]
        return part

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read all of it, for NumPy.

        Raises
        ------
        ImageError
            If it is larger than the memory that is free.
        """
        if self.nbytes > LAZY.memory_share * free_bytes():
            raise ImageError(
                f"{self.source.name} has {readable_bytes(self.nbytes)}, more than the free memory "
                f"({readable_bytes(free_bytes())}), and this step needs all of it at once. Crop "
                "it (distilling and finding beads read one block at a time)."
            )
        return np.asarray(self[:], dtype)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels in z, y and x."""
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the voxels."""
        return self.source.dtype

    @property
    def size(self) -> int:
        """Number of voxels."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all voxels in memory."""
        return self.size * self.dtype.itemsize

    def box(self, box: Box) -> NDArray[Any]:
        """Return the voxels of a part; the array has axes (z, y, x)."""
        chunks = self.source.chunks
        if chunks is None or math.prod(chunks) * self.dtype.itemsize > LAZY.kept_bytes // 4:
            return self.source.read(box)
        # Zeros that nobody writes to cost next to nothing.
        part = np.zeros([axis.stop - axis.start for axis in box], self.dtype)
        for number in product(*map(touched, box, chunks)):
            self._copy_chunk(number, chunks, box, part)
        return part

    def fill(self, box: Box) -> Any:
        """Return the value of a part of which nothing is stored; None where something may be."""
        known = getattr(self.source, "fill", None)
        return None if known is None else known(box)

    def whole(self) -> NDArray[Any]:
        """Return all of it: as the file gives it, which may be a map of the file.

        Raises
        ------
        ImageError
            If it is larger than the memory that is free.
        """
        whole = getattr(self.source, "whole", None)
        return np.asanyarray(self if whole is None else whole())

    def slabs(self) -> Iterator[NDArray[Any]]:
        """Yield all planes in their order, several at a time; the hash is known afterwards."""
        sha = hashlib.sha256()
        plane = self.shape[1] * self.shape[2] * self.dtype.itemsize
        deep = self.source.chunks[0] if self.source.chunks else 1
        most = max(LAZY.slab_bytes // plane, 1)
        step = max(most // deep * deep, min(most, deep))
        every = slice(0, self.shape[1]), slice(0, self.shape[2])
        for first in range(0, len(self), step):
            box = (slice(first, min(first + step, len(self))), *every)
            # Chunks deeper than a slab are kept, for they are in the next slab too.
            slab = self.box(box) if step < deep else self.source.read(box)
            yield slab
            if not self._digest:
                _hash(sha, slab)
        self._digest = self._digest or sha.hexdigest()

    def sha256(self) -> str:
        """Return the hash of the voxels, see `digest`."""
        if not self._digest:
            for _ in self.slabs():
                pass
        return self._digest

    def _copy_chunk(
        self, number: tuple[int, ...], chunks: tuple[int, int, int], box: Box, part: NDArray[Any]
    ) -> None:
        """Copy what a box has of one chunk into the part that is read."""
        first = [at * size for at, size in zip(number, chunks, strict=True)]
        z, y, x = (
            slice(at, min(at + size, length))
            for at, size, length in zip(first, chunks, self.shape, strict=True)
        )
        source, target = [], []
        for axis, own in zip(box, (z, y, x), strict=True):
            low, high = max(axis.start, own.start), min(axis.stop, own.stop)
            source.append(slice(low - own.start, high - own.start))
            target.append(slice(low - axis.start, high - axis.start))
        value = self.fill((z, y, x))
        if value is None:
            part[tuple(target)] = self._chunk(number, (z, y, x), chunks)[tuple(source)]
        elif value:
            part[tuple(target)] = value

    def _chunk(
        self, number: tuple[int, ...], own: Box, chunks: tuple[int, int, int]
    ) -> NDArray[Any]:
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        chunk = self.source.read(own)
        most = LAZY.kept_bytes // (math.prod(chunks) * self.dtype.itemsize)
        with self._lock:
            self._kept[number] = chunk
            while len(self._kept) > most:
                self._kept.popitem(last=False)
        return chunk


def _part(index: Any, length: int) -> tuple[slice, Any]:
    """Return the part of an axis to read, and what of it is wanted."""
    if not isinstance(index, slice):
        at = int(index) % length if -length <= int(index) < length else int(index)
        if not 0 <= at < length:
            raise IndexError(f"index {index} is beyond an axis of {length}")
        return slice(at, at + 1), 0
    first, last, step = index.indices(length)
    if step < 1:
        raise IndexError(f"step {step}; allowed is a step forwards")
    return slice(first, max(last, first)), slice(None, None, step)


def touched(part: slice, size: int) -> range:
    """Return the numbers of the chunks that a part of an axis touches.

    Parameters
    ----------
    part : slice
        With a start and an end.
    size : int
        Length of a chunk along the axis.

    Examples
    --------
    >>> touched(slice(5, 9), 4)
    range(1, 3)
    """
    return range(part.start // size, -(-part.stop // size))


class _InMemory:
    """An array, or a map of a file, as the source of a lazy volume."""

    chunks = None

    def __init__(self, array: NDArray[Any], name: str = "array") -> None:
        self.name, self._array = name, array
        self.shape = array.shape
        self.dtype = array.dtype

    def read(self, box: Box) -> NDArray[Any]:
        return np.asarray(self._array[box])


def lazy(array: NDArray[Any], name: str = "array") -> LazyVolume:
    """Return an array, such as a map of a file, as a volume that is read part by part.

    Parameters
    ----------
    array : array
        The array has axes (z, y, x).
    name : str
        What messages call it.
    """
    return LazyVolume(cast("Source", _InMemory(array, name)))


def is_lazy(data: Any) -> bool:
    """Return whether voxels are read where they are used."""
    return isinstance(data, LazyVolume)


def digest(data: NDArray[Any] | LazyVolume) -> str:
    """Return the SHA-256 of the voxels, little-endian: the same whatever file they came in.

    Parameters
    ----------
    data : array or LazyVolume
        The array has axes (z, y, x).
    """
    if isinstance(data, LazyVolume):
        return data.sha256()
    sha = hashlib.sha256()
    for plane in data:
        _hash(sha, plane)
    return sha.hexdigest()


def _hash(sha: Any, planes: NDArray[Any]) -> None:
    sha.update(np.ascontiguousarray(planes, planes.dtype.newbyteorder("<")).data)
