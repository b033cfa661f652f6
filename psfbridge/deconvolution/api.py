"""Deconvolution of an image with a distilled PSF, channel by channel."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.units import zyx_um
from psfbridge.deconvolution.field import restore_with
from psfbridge.deconvolution.tiled import Blurred
from psfbridge.engines import CpuEngine, Engine, open_engine
from psfbridge.errors import ImageError, PSFError
from psfbridge.hosts import Host
from psfbridge.imaging.image import Image, VoxelUm
from psfbridge.imaging.read import given_image, split_choices
from psfbridge.option_types import DeconvolveArguments
from psfbridge.options import DeconvolveOptions
from psfbridge.progress import Progress, checked_progress
from psfbridge.psf.field_psf import FieldPSF, field_record
from psfbridge.psf.psf import PSF, load_psfs

__all__ = ["chosen_engine", "deconvolve", "matched_psfs"]

#: Voxel sizes that differ by less than this share count as one: files round them.
SAME_VOXEL = 1e-3

Given = PSF | FieldPSF | str | os.PathLike[str]
PSFs = Given | Sequence[Given]
_GIVEN = (PSF, FieldPSF, str, os.PathLike)


def deconvolve(
    image: Image | NDArray[Any] | str | os.PathLike[str],
    psf: PSFs,
    *,
    options: DeconvolveOptions | None = None,
    progress: Progress | None = None,
    **choices: Unpack[DeconvolveArguments],
) -> Image:
    """Deconvolve an image by Richardson-Lucy, with light that comes from and goes beyond it.

    The edges are not wrapped around (Bertero and Boccacci 2005, A&A 437, 369). An image that is
    larger than the memory is cut into overlapping tiles.

    Parameters
    ----------
    image : Image, array or path
        The array has axes (z, y, x), (c, z, y, x) or (y, x). The units are counts, not negative.
    psf : PSF, FieldPSF, path, or a list of them
        One PSF for all channels, or one for each; resampled where its voxel size is another. The
        PSFs of a field are applied at their places and blended.
    options : DeconvolveOptions, optional
        Options as a record; keywords go before it.
    progress : Progress, optional
        Called in every iteration; may raise `psfbridge.errors.Cancelled`.
    **choices
        The fields of `DeconvolveOptions`, checked before any work, and how the image is read:
        ``voxel_um`` (needed for bare arrays), ``channel``, and for files ``time`` and ``axes``.

    Returns
    -------
    Image
        float32, with the sum of the image as far as its light comes from inside; what was
        assumed and where it ran is in its notes.

    Raises
    ------
    OptionError
        If an option is unknown or impossible.
    ImageError
        If the image cannot be deconvolved.
    PSFError
        If the PSF does not fit it.
    EngineError
        If the engine is absent, wrong, or too small.

    Examples
    --------
    >>> import numpy as np
    >>> z, y, x = np.ogrid[-6:7, -6:7, -6:7]
    >>> psf = PSF.from_volume(np.exp(-0.25 * (z**2 + y**2 + x**2)), (0.2, 0.1, 0.1))
    >>> image = Image(100 * psf.data, psf.voxel_um)
    >>> sharp = deconvolve(image, psf, iterations=50, engine="cpu")
    >>> bool(sharp.data.max() > 10 * image.data.max())
    True
    """
    reading, own = split_choices(DeconvolveOptions, choices)
    chosen = DeconvolveOptions.of(options, **own)
    progress = checked_progress(progress)
    _check_order(psf, image)
    image = given_image(image, **reading)
    psfs, notes = matched_psfs(image.name, _shape(image), image.voxel_um, psf)
    engine = chosen_engine(chosen)
    result = np.empty(image.data.shape, np.float32)
    # Written to at once, so that its memory is not counted as free when the tiles are cut.
    result.fill(0)
    channels = image.data if image.data.ndim == 4 else image.data[np.newaxis]
    outs = result if image.data.ndim == 4 else result[np.newaxis]
    notes.append(f"Richardson-Lucy ran by {engine}.")
    for number, (data, out) in enumerate(zip(channels, outs, strict=True)):
        name = image.name if len(channels) == 1 else f"channel {number} of {image.name}"
        blurred = Blurred(data.shape, data.__getitem__, name)
        notes += restore_with(blurred, psfs[number], chosen, engine, out, progress)
    return Image(result, image.voxel_um, image.name, image.source, (*image.notes, *notes))


def _check_order(psf: Any, image: Any) -> None:
    """Refuse a PSF where the image belongs."""
    if isinstance(image, PSF | FieldPSF):
        raise ImageError(
            f"image is {type(image).__name__}, psf is {type(psf).__name__}.",
            option="image",
            remedy={Host.PYTHON: "Give the image first: deconvolve(image, psf)."},
        )


def _shape(image: Image) -> tuple[int, ...]:
    return image.data.shape if image.data.ndim == 4 else (1, *image.data.shape)


def chosen_engine(options: DeconvolveOptions) -> Engine:
    """Open the engine that the options ask for; acceleration needs the CPU engine."""
    if options.accelerate and options.engine == "auto":
        engine = CpuEngine()
        engine.reason = "only it accelerates"
        return engine
    return open_engine(options.engine, options.device)


def matched_psfs(
    name: str, shape: tuple[int, ...], voxel_um: VoxelUm, psf: PSFs
) -> tuple[list[PSF | FieldPSF], list[str]]:
    """Return a PSF for each channel with the image's voxel size, and what was done to them.

    Parameters
    ----------
    name : str
        What messages call the image.
    shape : tuple of int
        Its numbers of channels, planes, rows and columns.
    voxel_um : tuple of float
        Its voxel size in z, y and x, in µm.
    psf : PSF, FieldPSF, path, or a list of them
        One for all channels, or one for each.

    Raises
    ------
    PSFError
        If their number is neither one nor the channels', or one is larger than the image.
    """
    given = list(psf) if isinstance(psf, Iterable) and not isinstance(psf, _GIVEN) else [psf]
    if not all(isinstance(one, _GIVEN) for one in given):
        raise PSFError(
            f"psf is {_kind(given)}; allowed are a PSF, a FieldPSF, the path of a file, and a "
            "list of them.",
            option="psf",
            remedy={
                Host.PYTHON: "Make an array a PSF: psfbridge.PSF.from_volume(array, voxel_um)."
            },
        )
    named = [pair for one in given for pair in _named(one)]
    if len(named) not in (1, shape[0]):
        raise PSFError(
            f"{len(named)} PSFs are given for {shape[0]} channel{'s' if shape[0] > 1 else ''} of "
            f"{name}; allowed are one for all, or one for each."
        )
    notes: list[str] = []
    matched = []
    for one, label in named:
        matched.append(_with_voxel(one, label, voxel_um, notes))
        _check_size(matched[-1], label, name, shape[1:], notes)
    return matched * (shape[0] if len(matched) == 1 else 1), notes


def _kind(given: Sequence[Any]) -> str:
    """Return the type of the first that is no PSF."""
    return next(type(one).__name__ for one in given if not isinstance(one, _GIVEN))


def _named(psf: Given) -> list[tuple[PSF | FieldPSF, str]]:
    """Return a PSF, or those of each channel of a file, with what messages call them."""
    label = _label(psf)
    if isinstance(psf, PSF | FieldPSF):
        return [(_simplest(psf), label)]
    if field_record(psf):
        return [(_simplest(FieldPSF.load(psf)), label)]
    psfs = load_psfs(psf)
    if len(psfs) == 1:
        return [(psfs[0], label)]
    return [(one, f"{label} channel {number}") for number, one in enumerate(psfs)]


def _simplest(psf: PSF | FieldPSF) -> PSF | FieldPSF:
    """Return the PSF of a field that has but one."""
    return psf.psfs[0] if isinstance(psf, FieldPSF) and len(psf.psfs) == 1 else psf


def _label(psf: Given) -> str:
    return "the PSF" if isinstance(psf, PSF | FieldPSF) else Path(psf).name


def _with_voxel(
    psf: PSF | FieldPSF, label: str, voxel_um: VoxelUm, notes: list[str]
) -> PSF | FieldPSF:
    axes = range(1 if _shape_of(psf)[0] == 1 else 0, 3)
    if all(abs(psf.voxel_um[a] / voxel_um[a] - 1) <= SAME_VOXEL for a in axes):
        return psf
    notes.append(
        f"{label} has voxels of {zyx_um(psf.voxel_um)}, the image of {zyx_um(voxel_um)}: "
        "it was resampled."
    )
    return psf.resampled(voxel_um)


def _shape_of(psf: PSF | FieldPSF) -> tuple[int, ...]:
    return (psf.psfs[0] if isinstance(psf, FieldPSF) else psf).data.shape


def _check_size(
    psf: PSF | FieldPSF, label: str, name: str, shape: tuple[int, ...], notes: list[str]
) -> None:
    planes, rows, columns = _shape_of(psf)
    if (planes == 1) != (shape[0] == 1):
        raise PSFError(
            f"{label} has {planes} planes, {name} has {shape[0]}; a stack needs a PSF with z, a "
            "single plane one without. Take a PSF of the same kind."
        )
    if rows > shape[1] or columns > shape[2]:
        raise PSFError(
            f"{label} has {rows} x {columns} voxels in y and x, more than {name} with "
            f"{shape[1]} x {shape[2]}; allowed is at most the image's size. Crop the PSF."
        )
    if planes > shape[0]:
        notes.append(
            f"{label} has more planes ({planes}) than {name} ({shape[0]}): light from beyond "
            "the stack is estimated with it."
        )
