"""Division of a volume into overlapping tiles that fit into memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from psfbridge._util.memory import readable_bytes
from psfbridge.deconvolution.settings import TILES
from psfbridge.engines.base import Engine, Plan
from psfbridge.engines.problem import Shape, next_smooth
from psfbridge.errors import EngineError

__all__ = ["Part", "Tile", "fitting_tile", "halo", "tiles"]

Part = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Tile:
    """A part of a volume.

    Parameters
    ----------
    core : tuple of slice
        The voxels that the tile is responsible for.
    seen : tuple of slice
        The voxels that it looks at: the core and what is around it.
    """

    core: Part
    seen: Part

    @property
    def core_in_seen(self) -> Part:
        """Location of the core within the tile."""
        z, y, x = (
            slice(core.start - seen.start, core.stop - seen.start)
            for core, seen in zip(self.core, self.seen, strict=True)
        )
        return z, y, x


def halo(psf_shape: Sequence[int]) -> Shape:
    """Return how far a tile looks beyond its core, in voxels."""
    nz, ny, nx = (TILES.halo_psf_radii * (length // 2) for length in psf_shape)
    return nz, ny, nx


def tiles(shape: Sequence[int], tile: Sequence[int], margin: Sequence[int]) -> list[Tile]:
    """Cut a volume into tiles of about equal size, none larger than `tile`.

    Examples
    --------
    >>> [t.core[2] for t in tiles((1, 1, 10), (1, 1, 6), (0, 0, 2))]
    [slice(0, 5, None), slice(5, 10, None)]
    >>> tiles((1, 1, 10), (1, 1, 6), (0, 0, 2))[1].seen[2]
    slice(3, 10, None)
    """
    cuts = [_cuts(length, size) for length, size in zip(shape, tile, strict=True)]
    found = []
    for core in product(*cuts):
        z, y, x = (
            slice(max(part.start - reach, 0), min(part.stop + reach, length))
            for part, reach, length in zip(core, margin, shape, strict=True)
        )
        found.append(Tile((core[0], core[1], core[2]), (z, y, x)))
    return found


def _cuts(length: int, size: int) -> list[slice]:
    count = -(-length // max(size, 1))
    ends = [length * number // count for number in range(count + 1)]
    return [slice(first, last) for first, last in pairwise(ends)]


def fitting_tile(shape: Shape, psf_shape: Shape, engine: Engine, plan: Plan) -> Shape:
    """Return the largest tile that the engine has memory for, the volume itself if that fits.

    Raises
    ------
    EngineError
        If not even a tile of the PSF's size fits.
    """
    tile = list(shape)
    room = TILES.memory_share * engine.room_bytes()
    while needed_bytes(tile, shape, psf_shape, engine, plan) > room:
        # Planes are kept whole as long as possible: the PSF is longest in z.
        axis = 1 if tile[1] >= tile[2] else 2
        if tile[axis] <= psf_shape[axis]:
            axis = 0
        if tile[axis] <= psf_shape[axis]:
            needed = needed_bytes(tile, shape, psf_shape, engine, plan)
            raise EngineError(
                f"{engine.name} does not have enough memory on {engine.device}: a tile of "
                f"{tuple(tile)} voxels with a PSF of {psf_shape} needs {readable_bytes(needed)}, "
                f"{readable_bytes(room)} are available. Crop the PSF, or free memory."
            )
        tile[axis] = -(-tile[axis] // 2)
    return tile[0], tile[1], tile[2]


def needed_bytes(
    tile: Sequence[int], shape: Shape, psf_shape: Shape, engine: Engine, plan: Plan
) -> int:
    """Estimate the memory for the frame of one tile."""
    reach = halo(psf_shape)
    lengths = [
        next_smooth(min(size + 2 * margin, length) + m - 1)
        for size, margin, length, m in zip(tile, reach, shape, psf_shape, strict=True)
    ]
    return engine.needed_bytes((lengths[0], lengths[1], lengths[2]), plan)
