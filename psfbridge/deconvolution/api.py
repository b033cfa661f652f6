"""Deconvolution of an image with a distilled PSF, channel by channel."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray

from psfbridge.deconvolution.field import restore_with
from psfbridge.deconvolution.matching import PSFs, Target, matched_psfs, refuse_swapped
from psfbridge.deconvolution.prepared import prepared
from psfbridge.deconvolution.tiled import Blurred
from psfbridge.deconvolution.voxel_types import converted, scale_and_note
from psfbridge.engines import CpuEngine, Engine, open_engine
from psfbridge.imaging.image import Image
from psfbridge.imaging.input_image import given_image
from psfbridge.imaging.request import accept
from psfbridge.option_types import DeconvolveArguments
from psfbridge.options import DeconvolveOptions
from psfbridge.progress import Progress

__all__ = ["chosen_engine", "deconvolve"]


def deconvolve(
    image: Image | NDArray[Any] | str | os.PathLike[str],
    psf: PSFs,
    *,
    options: DeconvolveOptions | None = None,
    progress: Progress | Literal[False] | None = None,
    **choices: Unpack[DeconvolveArguments],
) -> Image:
    """Deconvolve an image by Richardson-Lucy, allowing for light across its borders.

    The edges are not wrapped around (Bertero and Boccacci 2005, A&A 437, 369). An image larger than
    the memory is split into overlapping tiles.

    Parameters
    ----------
    image : Image, array or path
        The array has axes (z, y, x), (c, z, y, x) or (y, x). The units are counts, not negative.
    psf : PSF, FieldPSF, Image, array, path, or a list of them
        One PSF for all channels, or one for each, from any program: it is converted, and resampled
        where its voxel size is another. The PSFs of a field are applied at their places and
        blended.
    options : DeconvolveOptions, optional
        Options as a record; keywords take precedence.
    progress : Progress or False, optional
        Called in every iteration; may raise `psfbridge.errors.Cancelled`. By default a bar on a
        terminal or in a notebook; False for none.
    **choices
        The fields of `DeconvolveOptions`, checked before any work, and the reading options:
        ``voxel_um`` (required for plain arrays), ``channel``, and for files ``time`` and ``axes``.

    Returns
    -------
    Image
        Of the type `dtype`; float32 has the sum of the image as far as its light comes from
        inside. What was assumed and where it ran is in its notes.

    Raises
    ------
    OptionError
        If an option is unknown or invalid.
    ImageError
        If the image cannot be deconvolved.
    PSFError
        If the PSF does not fit it.
    EngineError
        If the engine is missing, gives wrong results or has too little memory.

    Examples
    --------
    >>> import numpy as np
    >>> from psfbridge import PSF
    >>> z, y, x = np.ogrid[-6:7, -6:7, -6:7]
    >>> psf = PSF.from_volume(np.exp(-0.25 * (z**2 + y**2 + x**2)), (0.2, 0.1, 0.1))
    >>> image = Image(100 * psf.data, psf.voxel_um)
    >>> sharp = deconvolve(image, psf, iterations=50, engine="cpu")
    >>> bool(sharp.data.max() > 10 * image.data.max())
    True
    """
    asked = accept(DeconvolveOptions, choices, options, progress)
    chosen, progress = asked.options, asked.progress
    refuse_swapped(psf, image, "Give the image first: deconvolve(image, psf).")
    image = given_image(image, **asked.reading)
    target = Target(image.name, _shape(image), image.voxel_um)
    psfs, notes = matched_psfs(target, psf, chosen)
    engine = chosen_engine(chosen)
    result = np.empty(image.data.shape, np.float32)
    # Written to at once, so that its memory is not counted as free when the tiles are cut.
    result.fill(0)
    channels = image.data if image.data.ndim == 4 else image.data[np.newaxis]
    masks = _masks(image)
    outs = result if image.data.ndim == 4 else result[np.newaxis]
    notes.append(f"Richardson-Lucy ran on {engine}.")
    for number, (data, out) in enumerate(zip(channels, outs, strict=True)):
        name = image.name if len(channels) == 1 else f"channel {number} of {image.name}"
        blurred, said = prepared(
            Blurred(data.shape, data.__getitem__, name), chosen, masks[number], image.voxel_um
        )
        notes += said
        notes += restore_with(blurred, psfs[number], chosen, engine, out, progress)
    factor, typed = scale_and_note(result, chosen, image.name)
    return replace(
        image,
        data=converted(result, chosen.dtype, factor),
        notes=(*image.notes, *notes, *typed),
        valid=None,
    )


def _masks(image: Image) -> Sequence[NDArray[np.bool_] | None]:
    """Return where each channel has data; None where all of it has."""
    if image.valid is None:
        return [None] * image.channels
    return [image.valid] if image.data.ndim == 3 else list(image.valid)


def _shape(image: Image) -> tuple[int, ...]:
    return image.data.shape if image.data.ndim == 4 else (1, *image.data.shape)


def chosen_engine(options: DeconvolveOptions) -> Engine:
    """Open the engine that the options ask for; acceleration needs the CPU engine."""
    if options.accelerate and options.engine == "auto":
        engine = CpuEngine()
        engine.reason = "it alone can accelerate"
        return engine
    return open_engine(options.engine, options.device)
