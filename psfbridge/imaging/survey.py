"""A first pass over a large image, for its global properties."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from psfbridge._util.threads import workers
from psfbridge.imaging.lazy_volume import LazyVolume
from psfbridge.imaging.settings import LAZY
from psfbridge.progress import Progress

__all__ = ["Survey", "survey"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Survey:
    """The global properties of an image.

    Parameters
    ----------
    low, high : float
        The least and the largest finite value of planes that hold more than one; NaN where there
        is no such plane.
    at_low : float
        Share of all voxels that stand at the least value.
    at_high : int
        Voxels at the largest value.
    near_high : int or None
        Voxels just below it, see `psfbridge.imaging.noise.saturation_level`; None where the type
        has too many values to count each.
    finite : bool
        Whether every voxel is.
    constant : array of bool
        Which planes hold one value only.
    window : tuple of slice
        Rows and columns of the part that holds most beads, as far as that can be told.
    """

    low: float
    high: float
    at_low: float
    at_high: int
    near_high: int | None
    finite: bool
    constant: NDArray[np.bool_]
    window: tuple[slice, slice]


def survey(volume: LazyVolume, progress: Progress) -> Survey:
    """Look through a volume once.

    Parameters
    ----------
    volume : LazyVolume
        The array has axes (z, y, x).
    progress : Progress
        Called after every few planes.
    """
    seen = list(_looked_at(volume, progress))
    low, high, at_low, at_high, finite = (
        np.array([getattr(one, name) for one in seen])
        for name in ("low", "high", "at_low", "at_high", "finite")
    )
    told = low < high
    least, most = (float(low[told].min()), float(high[told].max())) if told.any() else (np.nan,) * 2
    rise = np.max([one.brightest for one in seen], axis=0) - np.mean([one.mean for one in seen], 0)
    return Survey(
        low=least,
        high=most,
        at_low=float(at_low[told & (low == least)].sum()) / volume.size,
        at_high=int(at_high[high == most].sum()),
        near_high=_near_high(volume.dtype, seen, least, most),
        finite=bool((finite == volume.shape[1] * volume.shape[2]).all()),
        constant=low == high,
        window=_window(volume.shape, rise),
    )


@dataclass(frozen=True, eq=False)
class _Plane:
    """The properties of one plane; `brightest` and `mean` are per square."""

    low: float
    high: float
    at_low: int
    at_high: int
    finite: int
    brightest: Floats
    mean: Floats
    histogram: NDArray[np.int64]


def _looked_at(volume: LazyVolume, progress: Progress) -> Iterator[_Plane]:
    done, total = 0, len(volume)
    progress("scanning the image", 0, total)
    with workers() as pool:
        for slab in volume.slabs():
            yield from pool.map(partial(_of_plane, volume.dtype), slab)
            done += len(slab)
            progress("scanning the image", done, total)


def _of_plane(dtype: np.dtype[Any], plane: NDArray[Any]) -> _Plane:
    native = np.ascontiguousarray(plane, dtype.newbyteorder("="))
    squares = [-(-length // LAZY.cell) for length in plane.shape]
    brightest, total = np.full(squares, -np.inf), np.zeros(squares)
    histogram = np.zeros(_values(dtype), np.int64)
    first = int(np.iinfo(dtype).min) if len(histogram) else 0
    facts = _look(native, LAZY.cell, brightest, total, histogram, first)
    finite = int(facts[4])
    sizes = np.outer(*(_lengths(length) for length in plane.shape))
    low, high = (facts[0], facts[1]) if finite else (0.0, 0.0)
    return _Plane(
        low, high, int(facts[2]), int(facts[3]), finite, brightest, total / sizes, histogram
    )


def _lengths(length: int) -> NDArray[np.int64]:
    edges = np.append(np.arange(0, length, LAZY.cell), length)
    return np.diff(edges)


def _values(dtype: np.dtype[Any]) -> int:
    """Return the number of values of a type, if countable."""
    return 2 ** (8 * dtype.itemsize) if dtype.kind in "ui" and dtype.itemsize <= 2 else 0


@njit(cache=True, nogil=True)
def _look(plane, cell, brightest, total, histogram, first):  # type: ignore[no-untyped-def]
    """Return least and largest value, how many voxels stand at each, and how many are finite.

    What lights up in one pixel alone is no bead: the lesser of two neighbours counts.
    """
    low, high = np.inf, -np.inf
    at_low = at_high = finite = 0
    for y in range(plane.shape[0]):
        row = y // cell
        before = np.inf
        for column in range(brightest.shape[1]):
            part = plane[y, column * cell : (column + 1) * cell]
            # Where nothing was stored all are the same: such voxels are counted at once.
            same = 0
            if part[0] == part[-1]:
                for x in range(len(part)):
                    same += part[x] == part[0]
            many = same if same == len(part) else 1
            for x in range(0, len(part), many):
                value = float(part[x])
                if not np.isfinite(value):
                    before = -np.inf
                    continue
                finite += many
                if value < low:
                    low, at_low = value, 0
                if value > high:
                    high, at_high = value, 0
                at_low += many * (value == low)
                at_high += many * (value == high)
                if len(histogram):
                    histogram[int(part[x]) - first] += many
                total[row, column] += many * value
                both = value if many > 1 else min(value, before)
                if (many > 1 or column > 0 or x > 0) and both > brightest[row, column]:
                    brightest[row, column] = both
                before = value
    return low, high, at_low, at_high, finite


def _near_high(dtype: np.dtype[Any], seen: list[_Plane], low: float, high: float) -> int | None:
    histogram = np.sum([one.histogram for one in seen], axis=0)
    if not len(histogram) or not np.isfinite(high):
        return None
    values = np.arange(len(histogram)) + int(np.iinfo(dtype).min)
    near = (values >= high - max(0.01 * (high - low), 1.0)) & (values < high)
    return int(histogram[near].sum())


def _window(shape: tuple[int, int, int], rise: Floats) -> tuple[slice, slice]:
    """Return the rows and columns of the part with most squares that hold a bead."""
    rise = np.where(np.isfinite(rise), rise, 0)
    some = rise[rise > 0]
    lit = rise > LAZY.lit * np.percentile(some, 90) if len(some) else np.zeros(rise.shape, bool)
    size = _window_size(shape)
    sums = np.pad(np.cumsum(np.cumsum(lit, axis=0), axis=1), ((1, 0), (1, 0)))
    down, across = (min(n, length) for n, length in zip(size, rise.shape, strict=True))
    inside = (
        sums[down:, across:]
        - sums[:-down, across:]
        - sums[down:, :-across]
        + sums[:-down, :-across]
    )
    row, column = np.unravel_index(int(np.argmax(inside)), inside.shape)
    y, x = int(row) * LAZY.cell, int(column) * LAZY.cell
    return (
        slice(y, min(y + down * LAZY.cell, shape[1])),
        slice(x, min(x + across * LAZY.cell, shape[2])),
    )


def _window_size(shape: tuple[int, int, int]) -> tuple[int, int]:
    """Return how many squares high and wide the part may be: a square, or as the image is."""
    pixels = max(LAZY.window_voxels // shape[0], LAZY.cell**2)
    high = min(int(np.sqrt(pixels)), shape[1])
    wide = min(pixels // high, shape[2])
    high = min(pixels // wide, shape[1])
    down, across = (
        -(-length // LAZY.cell) if length == whole else max(length // LAZY.cell, 1)
        for length, whole in ((high, shape[1]), (wide, shape[2]))
    )
    return down, across
