"""Channels distilled together: a PSF for each, and how they lie on one another."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, Unpack

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.jsonable import json_text, plain
from psfbridge._util.validate import integer
from psfbridge.detection.beads import Beads
from psfbridge.distillation.api import distill
from psfbridge.distillation.chromatic_shift import ChromaticShift, chromatic_shift
from psfbridge.distillation.result import Distillation
from psfbridge.errors import ImageError, NoBeadsError, OptionError
from psfbridge.imaging.image import Image, Volume
from psfbridge.imaging.input_image import given_image
from psfbridge.imaging.request import accept
from psfbridge.imaging.write import write_image
from psfbridge.numerics.fourier import crop_or_pad, shift_volume
from psfbridge.option_types import DistillArguments, ReadingChoices
from psfbridge.options import DistillOptions
from psfbridge.progress import Progress
from psfbridge.psf.light_share import light_record
from psfbridge.psf.psf import PSF

__all__ = ["ChannelDistillation", "check_for_channels", "distill_channels"]


@dataclass(frozen=True, eq=False)
class ChannelDistillation:
    """A PSF for each channel, and the chromatic shifts between them.

    Parameters
    ----------
    results : tuple of Distillation
        Of each channel; each PSF has its own peak at the centre.
    shifts : tuple of ChromaticShift
        Of each channel against the reference, that one's own (zero) included.
    """

    results: tuple[Distillation, ...]
    shifts: tuple[ChromaticShift, ...]

    @classmethod
    def of(cls, results: Sequence[Distillation], reference: int = 0) -> Self:
        """Measure how channels that were distilled one by one lie on one another.

        Parameters
        ----------
        results : sequence of Distillation
            Of each channel, from the same images in the same order.
        reference : int
            The channel from which the others' shifts count, from 0.
        """
        shifts = tuple(
            ChromaticShift(channel=number, reference=reference)
            if number == reference
            else chromatic_shift(result, results[reference], (number, reference))
            for number, result in enumerate(results)
        )
        return cls(tuple(results), shifts)

    @property
    def psfs(self) -> tuple[PSF, ...]:
        """The PSF of each channel, peak at the centre."""
        return tuple(result.psf for result in self.results)

    @property
    def beads(self) -> Beads:
        """Every candidate of every channel; the image's name says which channel."""
        return Beads(bead for result in self.results for bead in result.beads)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know, one sentence each, none twice."""
        return tuple(dict.fromkeys(note for result in self.results for note in result.notes))

    def centred(self) -> Image:
        """Return the PSFs as one image with axes (c, z, y, x), each with its peak at the centre."""
        shape = _largest(self.psfs)
        data = np.stack([psf.cropped(shape).data for psf in self.psfs])
        return Image(data, self.psfs[0].voxel_um, "PSF")

    def registered(self) -> Image:
        """Return the PSFs with one common origin, the chromatic shift kept in them.

        Returns
        -------
        Image
            The array has axes (c, z, y, x) and each channel the sum 1. The reference's peak is at
            ``n // 2``; the others' peaks lie from it as the channels of the microscope do, so that
            deconvolving every channel with its own takes the shift out of the image.

        Raises
        ------
        NoBeadsError
            If the shift of a channel could not be told.
        """
        untold = [shift for shift in self.shifts if not shift.beads and any(shift.shift_nm)]
        if untold:
            raise NoBeadsError(f"no common origin: {untold[0].sentence()}")
        nm = 1e3 * np.array(self.psfs[0].voxel_um)
        steps = np.nan_to_num([shift.shift_nm for shift in self.shifts]) / nm
        room = 2 * np.ceil(np.abs(steps).max(axis=0)).astype(int)
        shape = [
            n if n == 1 else n + int(r) for n, r in zip(_largest(self.psfs), room, strict=True)
        ]
        data = [_moved(psf, step, shape) for psf, step in zip(self.psfs, steps, strict=True)]
        return Image(np.stack(data), self.psfs[0].voxel_um, "PSF")

    def save(self, path: str | os.PathLike[str], *, registered: bool = False) -> None:
        """Write a hyperstack with a channel for each PSF, its origin and the shifts in its Info.

        Parameters
        ----------
        path : path
            The file.
        registered : bool
            Keep one common origin, see `registered`; by default each peak is at the centre, the
            form that deconvolution programs expect.
        """
        image = self.registered() if registered else self.centred()
        write_image(path, image, info=self.to_info(registered=registered))

    def to_info(self, *, registered: bool) -> str:
        """Return what is kept with the PSFs: their origin, and the shifts."""
        image = self.registered() if registered else self.centred()
        origin = {
            "registered": registered,
            "chromatic_shifts": plain(self.shifts),
            "channels": [
                {
                    **psf.provenance,
                    **light_record(psf.cropped(stored.shape).light_inside, stored),
                }
                for psf, stored in zip(self.psfs, image.data, strict=True)
            ],
        }
        return json.dumps(origin, indent=1)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the voxels as JSON can hold it."""
        return {
            "chromatic_shifts": plain(self.shifts),
            "channels": [result.to_dict() for result in self.results],
        }

    def to_json(self) -> str:
        """Return the record as text."""
        return json_text(self.to_dict())


def _largest(psfs: Sequence[PSF]) -> tuple[int, ...]:
    return tuple(int(length) for length in np.max([psf.data.shape for psf in psfs], axis=0))


def _moved(psf: PSF, step: NDArray[np.float64], shape: Sequence[int]) -> Volume:
    """Move a PSF by part of a voxel and more, within a larger volume."""
    roomy = crop_or_pad(psf.data, shape, [length // 2 for length in psf.data.shape])
    moved = np.maximum(shift_volume(roomy, step), 0) if step.any() else roomy
    return np.asarray(moved / moved.sum(), np.float32)


def distill_channels(
    *images: Image | NDArray[Any] | Sequence[Image],
    reference: int = 0,
    options: DistillOptions | None = None,
    progress: Progress | Literal[False] | None = None,
    **choices: Unpack[DistillArguments],
) -> ChannelDistillation:
    """Distil a PSF for each channel, and measure how the channels lie on one another.

    Parameters
    ----------
    *images : Image, array, or a list of them
        The array has axes (c, z, y, x). The units are counts. All with the same channels and one
        voxel size; beads that shine in several channels tell the chromatic shift.
    reference : int
        The channel from which the others' shifts count.
    options : DistillOptions, optional
        Options as a record; keywords go before it.
    progress : Progress or False, optional
        Called often; may raise `psfbridge.errors.Cancelled`. By default a bar on a terminal and
        in a notebook; False is none.
    **choices
        The fields of `DistillOptions`, for all channels, checked before any work, and how images
        are read, see `psfbridge.distill`.

    Returns
    -------
    ChannelDistillation
        One PSF a channel, and the chromatic shifts in nm with their standard errors.

    Raises
    ------
    OptionError
        If an option is unknown or impossible.
    ImageError
        If an image has one channel, or they differ in their channels.
    NoBeadsError
        If a channel has no bead that can be used.
    """
    asked = accept(DistillOptions, choices, options, progress)
    chosen, progress = asked.options, asked.progress
    check_for_channels(chosen)
    inputs = _with_channels(images, asked.reading)
    count = inputs[0].channels
    if not integer("reference", reference, least=0) < count:
        allowed = f"a channel from 0 to {count - 1}"
        raise OptionError(option="reference", found=str(reference), allowed=allowed)
    results = [
        distill([_one(image, number) for image in inputs], options=chosen, progress=progress)
        for number in range(count)
    ]
    return ChannelDistillation.of(results, reference)


def check_for_channels(options: DistillOptions) -> None:
    """Refuse what cannot be right for several channels, before any work.

    Raises
    ------
    OptionError
        If the optics of one of them are given, or a field is asked for.
    """
    if options.wavelength_um is not None:
        raise OptionError(
            "{wavelength_um} is given for all channels, but each has its own.",
            option="wavelength_um",
            remedy="Leave the optics out, or distil the channels one by one: {channel=N}.",
        )
    if options.field:
        raise OptionError(
            "{field} is set for several channels; allowed is one channel.",
            option="field",
            remedy="Distil the channels one by one: {channel=N}.",
        )


def _with_channels(images: Sequence[Any], reading: ReadingChoices) -> list[Image]:
    every = [one for item in images for one in (item if isinstance(item, list | tuple) else [item])]
    if not every:
        raise ImageError("no image was given. Give at least one.")
    inputs = [given_image(image, **reading) for image in every]
    for image in inputs:
        if image.channels == 1:
            raise ImageError(f"{image.name} has one channel; distil it as an image of one channel.")
        if image.channels != inputs[0].channels:
            raise ImageError(
                f"{image.name} has {image.channels} channels, {inputs[0].name} has "
                f"{inputs[0].channels}; all need the same channels. Distil them separately."
            )
    return inputs


def _one(image: Image, number: int) -> Image:
    return replace(image.channel(number), name=f"{image.name} channel {number}")
