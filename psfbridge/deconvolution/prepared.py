"""Preparation of an image: background subtraction and filling of missing data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from psfbridge.deconvolution.settings import BACKGROUND
from psfbridge.deconvolution.tiled import Blurred
from psfbridge.deconvolution.tiles import Part
from psfbridge.errors import ImageError
from psfbridge.imaging.image import Image, VoxelUm
from psfbridge.imaging.noise import estimate_noise
from psfbridge.options import DeconvolveOptions

__all__ = ["prepared"]


def prepared(
    volume: Blurred,
    options: DeconvolveOptions,
    valid: NDArray[np.bool_] | None,
    voxel_um: VoxelUm,
) -> tuple[Blurred, tuple[str, ...]]:
    """Return a prepared volume, still read on demand.

    Parameters
    ----------
    volume : Blurred
        The image.
    options : DeconvolveOptions
        Its `background` is subtracted; what is below it becomes 0.
    valid : array of bool, optional
        Which voxels hold data; the array has axes (z, y, x), of the volume or of one plane. The
        others take the value of the nearest that does.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.

    Returns
    -------
    Blurred
        The volume.
    tuple of str
        What was done, one sentence each.

    Raises
    ------
    ImageError
        If the mask does not fit the image, or no voxel holds data.
    """
    notes = []
    if valid is not None:
        volume = _filled(volume, _fitting(valid, volume))
        notes.append(
            f"Voxels of {volume.name} without data were filled with the nearest valid value."
        )
    if options.background == "none":
        return volume, tuple(notes)
    level = _level(volume, voxel_um) if options.background == "auto" else float(options.background)
    notes.append(f"The background of {volume.name}, {level:.4g} counts, was subtracted.")
    return _without(volume, level), tuple(notes)


def _fitting(valid: NDArray[np.bool_], volume: Blurred) -> NDArray[np.bool_]:
    try:
        fitting = np.broadcast_to(valid, volume.shape)
    except ValueError:
        raise ImageError(
            f"the mask of {volume.name} has the shape {valid.shape}; it must have the shape of "
            f"the image, {volume.shape}, or of one plane.",
            option="mask",
        ) from None
    if not fitting.any():
        raise ImageError(f"the mask of {volume.name} is 0 everywhere: no voxel holds data.")
    return fitting


def _filled(volume: Blurred, valid: NDArray[np.bool_]) -> Blurred:
    def read(part: Part) -> NDArray[Any]:
        counts, known = np.array(volume.read(part), np.float32), valid[part]
        if known.all() or not known.any():
            return counts * known
        nearest = ndimage.distance_transform_edt(
            ~known, return_distances=False, return_indices=True
        )
        filled: NDArray[Any] = counts[tuple(nearest)]
        return filled

    return replace(volume, read=read)


def _without(volume: Blurred, level: float) -> Blurred:
    def read(part: Part) -> NDArray[Any]:
        counts = np.asarray(volume.read(part), np.float32) - np.float32(level)
        return np.asarray(np.maximum(counts, 0, out=counts))

    return replace(volume, read=read)


def _level(volume: Blurred, voxel_um: VoxelUm) -> float:
    """Return the darkest background of some planes, spread over the volume."""
    nz, ny, nx = volume.shape
    places = np.unique(np.linspace(0, nz - 1, min(nz, BACKGROUND.planes)).round().astype(int))
    planes = [volume.read((slice(z, z + 1), slice(0, ny), slice(0, nx))) for z in places]
    return max(estimate_noise(Image(np.concatenate(planes), voxel_um, volume.name)).offset, 0.0)
