"""Preparation of PSFs for an image: reading, conversion, resampling and cropping."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.units import zyx_um
from psfbridge.deconvolution.settings import MATCHING
from psfbridge.errors import OptionError, PSFError
from psfbridge.hosts import Host
from psfbridge.imaging.image import Image, VoxelUm
from psfbridge.options import DeconvolveOptions
from psfbridge.psf.field_psf import FieldPSF, field_record
from psfbridge.psf.psf import PSF, load_psfs

__all__ = ["PSFs", "Target", "matched_psfs", "refuse_swapped"]


Given = PSF | FieldPSF | Image | NDArray[Any] | str | os.PathLike[str]
PSFs = Given | Sequence[Given]
_GIVEN = (PSF, FieldPSF, Image, np.ndarray, str, os.PathLike)


@dataclass(frozen=True)
class Target:
    """The image that PSFs are matched to.

    Parameters
    ----------
    name : str
        What messages call it.
    shape : tuple of int
        Its numbers of channels, planes, rows and columns.
    voxel_um : tuple of float
        Its voxel size in z, y and x, in µm.
    """

    name: str
    shape: tuple[int, ...]
    voxel_um: VoxelUm


def refuse_swapped(psf: Any, image: Any, right: str) -> None:
    """Reject a PSF in place of the image.

    Parameters
    ----------
    psf, image : object
        What was given as them.
    right : str
        A sentence that says how the function is called.

    Raises
    ------
    OptionError
        If the image is a PSF.
    """
    if isinstance(image, PSF | FieldPSF):
        raise OptionError(
            f"psf is {type(psf).__name__}, image is {type(image).__name__}.",
            option="image",
            remedy={Host.PYTHON: right},
        )


def matched_psfs(
    target: Target, psf: PSFs, options: DeconvolveOptions
) -> tuple[list[PSF | FieldPSF], list[str]]:
    """Return a PSF for each channel of an image, and what was done to them.

    Parameters
    ----------
    target : Target
        The image.
    psf : PSF, FieldPSF, Image, array, path, or a list of them
        One for all channels, or one for each; from any program.
    options : DeconvolveOptions
        Its `psf_voxel_um` and `psf_background` say how those of other programs are read.

    Raises
    ------
    PSFError
        If their number is neither one nor the channels', one is no PSF, or it has no z and the
        image has.
    """
    given = list(psf) if isinstance(psf, Iterable) and not isinstance(psf, _GIVEN) else [psf]
    if not all(isinstance(one, _GIVEN) for one in given):
        kind = next(type(one).__name__ for one in given if not isinstance(one, _GIVEN))
        raise PSFError(
            f"psf is {kind}; allowed are a PSF, an image, an array, a file path, or a list of "
            "these.",
            option="psf",
        )
    named = [pair for one in given for pair in _named(one, options)]
    channels = target.shape[0]
    if len(named) not in (1, channels):
        raise PSFError(
            f"{len(named)} PSFs are given for {channels} channel{'s' if channels > 1 else ''} of "
            f"{target.name}; give one for all channels or one for each."
        )
    notes: list[str] = []
    matched = []
    for one, label in named:
        notes += _first_of(one).notes
        planar = _of_planes(one, label, target, notes)
        resampled = _with_voxel(planar, label, target.voxel_um, notes)
        matched.append(_fitting(resampled, label, target, notes))
    return matched * (channels if len(matched) == 1 else 1), notes


def _named(psf: Given, options: DeconvolveOptions) -> list[tuple[PSF | FieldPSF, str]]:
    """Return a PSF, or those of each channel of a file or image, with what messages call them."""
    if isinstance(psf, PSF | FieldPSF):
        return [(_simplest(psf), "the PSF")]
    if isinstance(psf, Image | np.ndarray):
        image = _as_image(psf, options)
        psfs = [
            PSF.of(image.channel(number), background=options.psf_background)
            for number in range(image.channels)
        ]
        return _numbered(psfs, image.name)
    label = Path(psf).name
    if field_record(psf):
        return [(_simplest(FieldPSF.load(psf)), label)]
    psfs = load_psfs(
        psf, conform=True, voxel_um=options.psf_voxel_um, background=options.psf_background
    )
    return _numbered(psfs, label)


def _numbered(psfs: Sequence[PSF], label: str) -> list[tuple[PSF | FieldPSF, str]]:
    if len(psfs) == 1:
        return [(psfs[0], label)]
    return [(one, f"{label} channel {number}") for number, one in enumerate(psfs)]


def _as_image(psf: Image | NDArray[Any], options: DeconvolveOptions) -> Image:
    if isinstance(psf, Image):
        return psf if options.psf_voxel_um is None else replace(psf, voxel_um=options.psf_voxel_um)
    if options.psf_voxel_um is None:
        raise PSFError(
            "the PSF is given as a plain array, which has no voxel size.",
            option="psf_voxel_um",
            remedy="Give it in µm, z y x: {psf_voxel_um=Z Y X}.",
        )
    z, y, x = options.psf_voxel_um
    return Image(psf, (z, y, x), "the PSF")


def _simplest(psf: PSF | FieldPSF) -> PSF | FieldPSF:
    """Return the PSF of a field that has but one."""
    return psf.psfs[0] if isinstance(psf, FieldPSF) and len(psf.psfs) == 1 else psf


def _first_of(psf: PSF | FieldPSF) -> PSF:
    return psf.psfs[0] if isinstance(psf, FieldPSF) else psf


def _shape_of(psf: PSF | FieldPSF) -> tuple[int, ...]:
    return _first_of(psf).data.shape


def _of_planes(psf: PSF | FieldPSF, label: str, target: Target, notes: list[str]) -> PSF | FieldPSF:
    """Return the in-focus plane of the PSF if the image is a single plane."""
    planes = _shape_of(psf)[0]
    if planes == 1 and target.shape[1] > 1:
        raise PSFError(
            f"{label} has a single plane, {target.name} has {target.shape[1]}; a stack needs a "
            "three-dimensional PSF."
        )
    if planes == 1 or target.shape[1] > 1:
        return psf
    notes.append(
        f"{label} has {planes} planes, {target.name} has one: the in-focus plane of the PSF, "
        f"number {planes // 2}, was used. It does not account for out-of-focus light."
    )
    return _each(psf, lambda one: one.in_focus)


def _each(psf: PSF | FieldPSF, change: Any) -> PSF | FieldPSF:
    if isinstance(psf, FieldPSF):
        return replace(psf, psfs=tuple(change(one) for one in psf.psfs))
    changed: PSF = change(psf)
    return changed


def _with_voxel(
    psf: PSF | FieldPSF, label: str, voxel_um: VoxelUm, notes: list[str]
) -> PSF | FieldPSF:
    axes = range(1 if _shape_of(psf)[0] == 1 else 0, 3)
    if all(abs(psf.voxel_um[a] / voxel_um[a] - 1) <= MATCHING.same_voxel for a in axes):
        return psf
    notes.append(
        f"{label} has voxels of {zyx_um(psf.voxel_um)}, the image of {zyx_um(voxel_um)}: "
        "it was resampled."
    )
    return psf.resampled(voxel_um)


def _fitting(psf: PSF | FieldPSF, label: str, target: Target, notes: list[str]) -> PSF | FieldPSF:
    """Crop a PSF that is wider than the image, and note if it has more planes."""
    planes, rows, columns = _shape_of(psf)
    _, nz, ny, nx = target.shape
    if planes > nz:
        notes.append(
            f"{label} has more planes ({planes}) than {target.name} ({nz}): light from beyond the "
            "stack is estimated as well."
        )
    if rows <= ny and columns <= nx:
        return psf
    size = planes, _largest_odd(rows, ny), _largest_odd(columns, nx)
    if min(size[1:]) < 3:
        raise PSFError(
            f"{target.name} has {ny} x {nx} voxels in y and x; at least 3 x 3 are needed."
        )
    notes.append(
        f"{label} has {rows} x {columns} voxels in y and x, {target.name} has {ny} x {nx}: it was "
        f"cropped to {size[1]} x {size[2]}, which loses {_outside(psf, size):.2%} of its light."
    )
    return _each(psf, lambda one: one.cropped(size))


def _largest_odd(length: int, limit: int) -> int:
    return length if length <= limit else limit - 1 + limit % 2


def _outside(psf: PSF | FieldPSF, size: tuple[int, int, int]) -> float:
    data = _first_of(psf).data
    # The outermost planes become zero too.
    inner = tuple(
        slice(length // 2 - max(n - 2, 1) // 2, length // 2 + max(n - 2, 1) // 2 + 1)
        for length, n in zip(data.shape, size, strict=True)
    )
    return max(0.0, 1 - float(data[inner].sum(dtype=float)))
