"""Deconvolution of a volume in tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.deconvolution.far_light import without_far_light
from psfbridge.deconvolution.settings import FAR_LIGHT
from psfbridge.deconvolution.tiles import Part, Tile, fitting_tile, halo, tiles
from psfbridge.engines import Engine, Estimate, Plan
from psfbridge.engines.problem import Shape, open_edge_problem
from psfbridge.errors import ImageError, OptionError
from psfbridge.imaging.image import Image, Volume
from psfbridge.imaging.noise import estimate_noise
from psfbridge.options import DeconvolveOptions
from psfbridge.progress import Progress
from psfbridge.psf.psf import PSF

__all__ = ["Blurred", "restore"]


@dataclass(frozen=True, eq=False)
class Blurred:
    """A volume to deconvolve, read on demand.

    Parameters
    ----------
    shape : tuple of int
        Number of voxels in z, y and x.
    read : callable
        Gives the voxels of a part; the array has axes (z, y, x). The units are counts.
    name : str
        What messages call it.
    """

    shape: Shape
    read: Callable[[Part], NDArray[Any]]
    name: str

    def counts(self, part: Part) -> Volume:
        """Read a part as float32."""
        return np.ascontiguousarray(self.read(part), np.float32)


@dataclass(frozen=True)
class _Work:
    volume: Blurred
    psf: PSF
    engine: Engine
    progress: Progress


def restore(
    volume: Blurred,
    psf: PSF,
    options: DeconvolveOptions,
    engine: Engine,
    out: Any,
    progress: Progress,
) -> tuple[str, ...]:
    """Deconvolve a volume into `out`, an array of its shape in memory or on disk.

    Each tile looks at its surroundings and keeps its core. Where the discrepancy stops, the
    tile with the most light says when, for all.

    Returns
    -------
    tuple of str
        Notes for the user, one sentence each.

    Raises
    ------
    ImageError
        If the volume holds negative or not finite voxels, or nothing at all.
    EngineError
        If the memory is too small, or the engine fails.
    """
    plan = Plan(iterations=options.iterations, tv=options.tv, accelerate=options.accelerate)
    shape = _tile_shape(volume.shape, psf, options, engine, plan)
    parts = tiles(volume.shape, shape, halo(psf.data.shape))
    light = _light(volume, parts)
    notes = [] if len(parts) == 1 else [_tiling_note(volume, parts)]
    seen = volume.read
    if psf.light_inside is not None and psf.light_inside < FAR_LIGHT.complete:
        seen = without_far_light(volume.read, volume.shape, psf)
        notes.append(
            f"{1 - psf.light_inside:.1%} of the light of a point lies outside the box of the PSF: "
            "it was subtracted, and is credited to its source."
        )
    work = _Work(replace(volume, read=seen), psf, engine, progress)
    if options.stop == "discrepancy":
        plan, note = _stopping_plan(work, parts[int(np.argmax(light))], plan)
        notes.append(note)
    for number, tile in enumerate(parts):
        out[tile.core] = _restored(work, tile, plan, (number, len(parts)))
    return tuple(notes)


def _tile_shape(
    shape: Shape, psf: PSF, options: DeconvolveOptions, engine: Engine, plan: Plan
) -> Shape:
    psf_shape: Shape = (psf.data.shape[0], psf.data.shape[1], psf.data.shape[2])
    if options.tile_um is None:
        return fitting_tile(shape, psf_shape, engine, plan)
    nz, ny, nx = (
        max(1, round(um / size)) for um, size in zip(options.tile_um, psf.voxel_um, strict=True)
    )
    _check_tile((nz, ny, nx), shape, psf)
    return nz, ny, nx


def _check_tile(tile: Shape, shape: Shape, psf: PSF) -> None:
    """Refuse tiles of which nearly all is overlap: they would take hundreds of times as long."""
    least = [length // 2 for length in psf.data.shape]
    lengths = zip(tile, least, shape, strict=True)
    if all(size >= min(radius, length) for size, radius, length in lengths):
        return
    um = (f"{size * step:.3g}" for size, step in zip(least, psf.voxel_um, strict=True))
    raise OptionError(
        f"{{tile_um}} asks for tiles of {' x '.join(map(str, tile))} voxels; they must be at "
        f"least half the size of the PSF, {' '.join(um)} µm in z, y and x. Ask for larger tiles."
    )


def _tiling_note(volume: Blurred, parts: Sequence[Tile]) -> str:
    core = " x ".join(str(part.stop - part.start) for part in parts[0].core)
    return f"{volume.name} was deconvolved in {len(parts)} overlapping tiles of {core} voxels."


def _light(volume: Blurred, parts: Sequence[Tile]) -> list[float]:
    """Return the sum of each tile, rejecting invalid values before long work."""
    light = []
    for tile in parts:
        counts = volume.read(tile.core)
        light.append(float(counts.sum(dtype=float)))
        _check_counts(volume.name, counts, light[-1])
    if not any(light):
        raise ImageError(f"{volume.name} is zero everywhere; there is nothing to deconvolve.")
    return light


def _check_counts(name: str, counts: NDArray[Any], total: float) -> None:
    # A sum is not finite if, and only if, a voxel is not.
    if not np.isfinite(total):
        raise ImageError(f"{name} contains NaN or infinite voxels. Replace them first.")
    least = float(counts.min())
    if least < 0:
        raise ImageError(
            f"{name} contains negative voxels (minimum {least:g}), which cannot be deconvolved. "
            "Add a constant, or subtract less background."
        )


def _stopping_plan(work: _Work, tile: Tile, plan: Plan) -> tuple[Plan, str]:
    """Find with one tile how many iterations the noise allows."""
    counts = work.volume.counts(tile.seen)
    noise = estimate_noise(Image(counts, work.psf.voxel_um, work.volume.name))
    solution = _solved(work, counts, replace(plan, noise=noise), (0, 1))
    done = max(solution.iterations, 1)
    note = f"The residual of {work.volume.name} fell to the noise level after {done} iterations."
    if solution.ended != "discrepancy":
        note = (
            f"The residual of {work.volume.name} did not fall to the noise level in {done} "
            "iterations: allow more iterations, or the PSF does not fit."
        )
    return replace(plan, iterations=done), note


def _restored(work: _Work, tile: Tile, plan: Plan, place: tuple[int, int]) -> Volume:
    counts = work.volume.counts(tile.seen)
    if not counts.any():
        return np.zeros([part.stop - part.start for part in tile.core], np.float32)
    restored = _solved(work, counts, plan, place).estimate[tile.core_in_seen]
    return restored / np.float32(work.psf.light_inside or 1)


def _solved(work: _Work, counts: Volume, plan: Plan, place: tuple[int, int]) -> Estimate:
    number, count = place

    def progress(stage: str, done: int, total: int, /) -> None:
        work.progress(f"{stage} on {work.engine.name}", number * total + done, count * total)

    return work.engine.solve(open_edge_problem(counts, work.psf.data), plan, progress)
