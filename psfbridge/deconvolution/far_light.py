"""Light that falls outside the box of the PSF, estimated on a coarse grid.

In a widefield microscope each plane gets the same light of a point: what defocus spreads beyond
the box is known in amount, and nearly even over a disc.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from psfbridge._util.threads import cores
from psfbridge.deconvolution.settings import FAR_LIGHT
from psfbridge.deconvolution.tiles import Part
from psfbridge.engines import CpuEngine, Plan
from psfbridge.engines.problem import Problem, Shape, open_edge_problem
from psfbridge.imaging.image import Volume
from psfbridge.psf.psf import PSF

__all__ = ["without_far_light"]

Floats = NDArray[np.float64]
Read = Callable[[Part], NDArray[Any]]


def without_far_light(read: Read, shape: Shape, psf: PSF) -> Read:
    """Return a reader of the volume with the light outside the PSF box subtracted.

    The whole volume is deconvolved once on a coarse grid, with a PSF that holds all the light; so
    it is known how bright the object is, and what it adds to every voxel from farther away than
    the box reaches.

    Parameters
    ----------
    read : callable
        Gives the voxels of a part of the volume; the array has axes (z, y, x).
    shape : tuple of int
        Number of voxels in z, y and x.
    psf : PSF
        With a share of light that is known.
    """
    factor = max(min(psf.data.shape[1:]) // FAR_LIGHT.boxes, 1)
    coarse = _coarse_image(read, shape, factor)
    near, far = _coarse_psf(psf, factor, coarse.shape)
    beside = _far_light(coarse, near, far)

    def seen(part: Part) -> NDArray[Any]:
        rest = np.asarray(read(part), np.float32) - _on_part(beside, part, factor)
        return np.asarray(np.maximum(rest, 0))

    return seen


def _coarse_image(read: Read, shape: Shape, factor: int) -> Volume:
    """The mean of blocks of voxels in each plane; the last ones go on beyond the border."""
    whole = slice(0, shape[1]), slice(0, shape[2])
    wanting = [(0, -n % factor) for n in shape[1:]]
    blocks = [-(-n // factor) for n in shape[1:]]
    coarse = np.empty((shape[0], *blocks), np.float32)
    for z in range(shape[0]):
        plane = np.pad(np.asarray(read((slice(z, z + 1), *whole))[0], float), wanting, "edge")
        coarse[z] = plane.reshape(blocks[0], factor, blocks[1], factor).mean(axis=(1, 3))
    return coarse


def _coarse_psf(psf: PSF, factor: int, image: Sequence[int]) -> tuple[Volume, Volume]:
    """The PSF on the coarse grid and the light outside its box, with a total sum of 1."""
    share, light = psf.light_inside, psf.light_by_plane
    assert share is not None and light is not None
    planes, rows, columns = psf.data.shape
    y, x = (
        _blocks(n, factor, min(FAR_LIGHT.reach * (n // 2) // factor + 1, most))
        for n, most in zip((rows, columns), image[1:], strict=True)
    )
    near = y @ psf.data @ x.T
    box = np.outer(y.any(axis=1), x.any(axis=1))
    far = np.zeros_like(near)
    for z in range(1, planes - 1) if planes > 1 else [0]:
        held = float(psf.data[z].sum(dtype=float))
        far[z] = _beside(box, light, held, rows * columns / factor**2)
    return np.asarray(share * near, np.float32), np.asarray(share * far, np.float32)


def _blocks(length: int, factor: int, half: int) -> Floats:
    """Return the coarse voxel of each voxel around the centre; axes (coarse, fine)."""
    middles = np.rint((np.arange(length) - length // 2) / factor)
    return np.asarray(np.equal.outer(np.arange(-half, half + 1), middles.clip(-half, half)), float)


def _beside(box: NDArray[np.bool_], light: float, held: float, area: float) -> Floats:
    """Return the light of a plane outside the box, assuming a uniform disc."""
    missing = max(light - held, 0.0)
    grids = np.ogrid[tuple(slice(-(n // 2), n // 2 + 1) for n in box.shape)]
    radius = np.hypot(*grids)
    # The disc is no smaller than what surrounds the box: light in focus is all but inside.
    disc = np.sqrt(area * light / max(held, 1e-3 * light) / np.pi)
    least = float(radius[~box].min()) + 0.5 if not box.all() else 0.0
    ring = (radius <= max(disc, least)) & ~box
    count = max(np.pi * disc**2 - area, float(ring.sum()), 1.0)
    return np.asarray(missing / count * ring)


def _far_light(image: Volume, near: Volume, far: Volume) -> Volume:
    problem = open_edge_problem(image, near + far)
    if not image.any():
        return np.zeros_like(image)
    plan = Plan(iterations=FAR_LIGHT.iterations)
    estimate = CpuEngine().solve(problem, plan).estimate
    wrapped = Problem(image, far, problem.origin, problem.frame, problem.inner).wrapped_psf()
    spectrum = fft.rfftn(estimate, workers=cores()) * fft.rfftn(wrapped, workers=cores())
    light = fft.irfftn(spectrum, s=problem.frame, workers=cores())
    return np.asarray(np.maximum(problem.cut(light), 0), np.float32)


def _on_part(coarse: Volume, part: Part, factor: int) -> Volume:
    """Interpolate between the middles of the coarse voxels."""
    z, y, x = part
    rows, columns = ((np.arange(at.start, at.stop) + 0.5) / factor - 0.5 for at in (y, x))
    grid = np.meshgrid(rows, columns, indexing="ij")
    planes = [
        ndimage.map_coordinates(coarse[k], grid, order=1, mode="nearest")
        for k in range(z.start, z.stop)
    ]
    return np.array(planes, np.float32)
