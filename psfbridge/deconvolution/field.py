"""Deconvolution with a PSF that varies across the image, blended without seams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.deconvolution.settings import MATCHING
from psfbridge.deconvolution.tiled import Blurred, restore
from psfbridge.deconvolution.tiles import Part, Tile, halo
from psfbridge.engines import Engine
from psfbridge.engines.problem import Shape
from psfbridge.errors import OptionError
from psfbridge.options import DeconvolveOptions
from psfbridge.progress import Progress
from psfbridge.psf.field_psf import FieldPSF
from psfbridge.psf.psf import PSF

__all__ = ["restore_with"]

Floats32 = NDArray[np.float32]


def restore_with(
    volume: Blurred,
    psf: PSF | FieldPSF,
    options: DeconvolveOptions,
    engine: Engine,
    out: Any,
    progress: Progress,
) -> tuple[str, ...]:
    """Deconvolve a volume with one PSF, or with those of a field, into `out`.

    The PSF of each node of a field deconvolves the part that lies nearer to it than the next
    nodes, and what is around it; the results are added with weights that fall linearly from node
    to node and sum to 1, so that there is no seam and the flux is kept.

    Parameters
    ----------
    volume : Blurred
        As for `psfbridge.deconvolution.tiled.restore`, and so are the others but `psf`.
    psf : PSF or FieldPSF
        With the voxel size of the volume.
    options, engine, out, progress
        As for `psfbridge.deconvolution.tiled.restore`.

    Raises
    ------
    OptionError
        If the discrepancy shall stop a field: one place would be sharper than the next.
    ImageError, EngineError
        As `psfbridge.deconvolution.tiled.restore`.
    """
    if isinstance(psf, PSF):
        return restore(volume, psf, options, engine, out, progress)
    if options.stop == "discrepancy":
        raise OptionError(
            "{stop} is discrepancy, which does not work with a PSF that varies across the image.",
            option="stop",
            remedy="Give the number of iterations instead: {iterations=N}.",
        )
    out[...] = 0
    notes: list[str] = []
    zones = _zones(volume.shape, psf)
    for number, zone in enumerate(zones):
        part = _part(volume, zone.tile.seen)
        if not volume.read(zone.tile.seen).any():
            continue
        restored = np.empty(part.shape, np.float32)
        counted = _counted(progress, number, len(zones))
        notes += restore(part, zone.psf, options, engine, restored, counted)
        out[zone.tile.core] += zone.weight * restored[zone.tile.core_in_seen]
    return (*dict.fromkeys(notes), _note(volume, psf))


@dataclass(frozen=True, eq=False)
class _Zone:
    """The region in which the PSF of one node is used, with its weights."""

    psf: PSF
    tile: Tile
    weight: Floats32


def _zones(shape: Shape, field: FieldPSF) -> list[_Zone]:
    """One zone for each node whose PSF counts anywhere in the volume."""
    # At the border of a zone its weight is 0: it need not look as far beyond it as a tile.
    nz, ny, nx = (reach // 2 for reach in halo(field.psfs[0].data.shape))
    along = [
        field.shares_along(axis, np.asarray(np.arange(length) * field.voxel_um[axis], float))
        for axis, length in enumerate(shape)
    ]
    zones = []
    for index, psf in zip(np.ndindex(field.grid), field.psfs, strict=True):
        shares = [rows[k] for rows, k in zip(along, index, strict=True)]
        if all(row.any() for row in shares):
            zones.append(_zone(psf, shares, shape, (nz, ny, nx)))
    return zones


def _zone(psf: PSF, shares: Sequence[NDArray[Any]], shape: Shape, margin: Shape) -> _Zone:
    ends = [(int(np.nonzero(row)[0][0]), int(np.nonzero(row)[0][-1]) + 1) for row in shares]
    core = tuple(slice(first, last) for first, last in ends)
    seen = tuple(
        slice(max(first - reach, 0), min(last + reach, length))
        for (first, last), reach, length in zip(ends, margin, shape, strict=True)
    )
    z, y, x = (row[part].astype(np.float32) for row, part in zip(shares, core, strict=True))
    weight = z[:, np.newaxis, np.newaxis] * y[:, np.newaxis] * x
    return _Zone(psf, Tile((core[0], core[1], core[2]), (seen[0], seen[1], seen[2])), weight)


def _part(volume: Blurred, seen: Part) -> Blurred:
    """Return a part of a volume as a separate volume."""
    first = [part.start for part in seen]

    def read(inner: Part) -> NDArray[Any]:
        z, y, x = (
            slice(part.start + at, part.stop + at) for part, at in zip(inner, first, strict=True)
        )
        return volume.read((z, y, x))

    nz, ny, nx = (part.stop - part.start for part in seen)
    return replace(volume, shape=(nz, ny, nx), read=read)


def _counted(progress: Progress, number: int, count: int) -> Progress:
    """Count the steps of one zone among those of all."""

    def counted(stage: str, done: int, total: int, /) -> None:
        progress(stage, number * total + done, count * total)

    return counted


def _note(volume: Blurred, field: FieldPSF) -> str:
    grid = " x ".join(str(count) for count in field.grid)
    said = f"{volume.name} was deconvolved with the PSFs of {grid} positions (z, y, x), blended."
    beyond = [
        name
        for name, length, size, nodes in zip(
            "zyx", volume.shape, field.voxel_um, field.nodes_um, strict=True
        )
        if len(nodes) > 1 and abs((length - 1) * size / nodes[-1] - 1) > MATCHING.same_extent
    ]
    if beyond:
        said += (
            f" The image is not as large in {' and '.join(beyond)} as that of the beads: the two "
            "are assumed to share a corner."
        )
    return said
