"""Division of a field into tiles for filtering and blocks for reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from psfbridge.detection.settings import SEARCH

__all__ = ["Block", "Region", "blocks", "grown", "tiles", "within"]

#: Rows and columns of a part of the field; it has all planes.
Region = tuple[slice, slice]


@dataclass(frozen=True)
class Block:
    """A part of a field that is read at once.

    Parameters
    ----------
    region : tuple of slice
        Its rows and columns.
    tiles : tuple of (tuple of slice)
        The tiles in it, in rows and columns of the field.
    """

    region: Region
    tiles: tuple[Region, ...]


def tiles(shape: Sequence[int]) -> list[Region]:
    """Cut a field into tiles; how depends on its shape alone.

    So the same beads are found whatever the memory, the number of cores or of machines. Whole rows
    are kept together where they are few enough.

    Parameters
    ----------
    shape : sequence of int
        Number of voxels in z, y and x.

    Examples
    --------
    >>> tiles((10, 300, 500))
    [(slice(0, 300, None), slice(0, 500, None))]
    >>> [len(tiles(shape)) for shape in ((60, 1024, 1024), (100, 10240, 10240))]
    [11, 1764]
    """
    return list(product(*_cuts_of(shape)))


def blocks(shape: Sequence[int], side: int) -> Iterator[Block]:
    """Gather the tiles of a field into blocks of about `side` by `side` pixels.

    Parameters
    ----------
    shape : sequence of int
        Number of voxels in z, y and x.
    side : int
        A block has this many rows and columns, as nearly as whole tiles allow, one tile at least.
    """
    rows, columns = (_gathered(cuts, side) for cuts in _cuts_of(shape))
    for down, across in product(rows, columns):
        region = slice(down[0].start, down[-1].stop), slice(across[0].start, across[-1].stop)
        yield Block(region, tuple(product(down, across)))


def grown(region: Region, halo: int, shape: Sequence[int]) -> Region:
    """Return a region enlarged by a margin, within the field.

    Examples
    --------
    >>> grown((slice(0, 5), slice(5, 10)), 2, (1, 20, 11))
    (slice(0, 7, None), slice(3, 11, None))
    """
    rows, columns = (
        slice(max(part.start - halo, 0), min(part.stop + halo, length))
        for part, length in zip(region, shape[1:], strict=True)
    )
    return rows, columns


def within(region: Region, outer: Region) -> Region:
    """Return the location of a region within an enclosing one.

    Examples
    --------
    >>> within((slice(4, 6), slice(7, 9)), (slice(3, 8), slice(5, 10)))
    (slice(1, 3, None), slice(2, 4, None))
    """
    rows, columns = (
        slice(part.start - other.start, part.stop - other.start)
        for part, other in zip(region, outer, strict=True)
    )
    return rows, columns


def _cuts_of(shape: Sequence[int]) -> tuple[list[slice], list[slice]]:
    planes, rows, columns = shape
    pixels = SEARCH.tile_voxels // planes
    square = max(int(np.sqrt(pixels)), SEARCH.least_side)
    # Bands of whole rows, unless their margins were larger than themselves.
    high = pixels // columns
    if high >= SEARCH.least_side:
        return _cuts(rows, high), [slice(0, columns)]
    return _cuts(rows, square), _cuts(columns, square)


def _cuts(length: int, size: int) -> list[slice]:
    """Parts of about equal length, none longer than `size`."""
    count = -(-length // size)
    ends = [length * number // count for number in range(count + 1)]
    return [slice(first, last) for first, last in pairwise(ends)]


def _gathered(cuts: Sequence[slice], side: int) -> list[list[slice]]:
    """Neighbouring parts together, as many as reach `side`."""
    count = max(side // max(cut.stop - cut.start for cut in cuts), 1)
    return [list(cuts[first : first + count]) for first in range(0, len(cuts), count)]
