"""Distillation of several channels: one PSF each, and the shifts between them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, Unpack

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.jsonable import json_text, plain
from psfbridge._util.validate import integer
from psfbridge.detection.beads import Beads
from psfbridge.distillation.api import distill
from psfbridge.distillation.borrowed_beads import bead_places, places_in_table
from psfbridge.distillation.chromatic_shift import ChromaticShift, chromatic_shift
from psfbridge.distillation.result import Distillation
from psfbridge.errors import ImageError, NoBeadsError, OptionError
from psfbridge.hosts import Host
from psfbridge.imaging.image import Image, Volume
from psfbridge.imaging.input_image import given_image
from psfbridge.imaging.request import accept
from psfbridge.imaging.write import write_image
from psfbridge.numerics.fourier import crop_or_pad, shift_volume
from psfbridge.option_types import DistillArguments, ReadingChoices
from psfbridge.options import DistillOptions, half_given, without_half_given
from psfbridge.progress import Progress
from psfbridge.psf.light_share import light_record
from psfbridge.psf.psf import PSF

__all__ = ["ChannelDistillation", "IdleChannel", "check_for_channels", "distill_channels"]


@dataclass(frozen=True)
class IdleChannel:
    """A channel that gave no PSF.

    Parameters
    ----------
    channel : int
        Counted from 0.
    reason : str
        Why, one line.
    """

    channel: int
    reason: str

    def sentence(self, first: int = 0) -> str:
        """Return the line for people who count channels from `first`."""
        return f"channel {self.channel + first} gave no PSF: {self.reason}"


@dataclass(frozen=True, eq=False)
class ChannelDistillation:
    """One PSF per channel, and the chromatic shifts between them.

    Parameters
    ----------
    results : tuple of Distillation
        Of each channel that gave a PSF; each PSF has its own peak at the centre.
    shifts : tuple of ChromaticShift
        Of each of them against the reference, that one's own (zero) included.
    numbers : tuple of int
        Which channel each result is of, counted from 0; by default all of them in their order.
    idle : tuple of IdleChannel
        The channels that gave no PSF, and why.
    """

    results: tuple[Distillation, ...]
    shifts: tuple[ChromaticShift, ...]
    numbers: tuple[int, ...] = ()
    idle: tuple[IdleChannel, ...] = ()

    def __post_init__(self) -> None:
        if not self.numbers:
            object.__setattr__(self, "numbers", tuple(range(len(self.results))))

    @classmethod
    def of(
        cls,
        results: Sequence[Distillation],
        reference: int = 0,
        *,
        numbers: Sequence[int] | None = None,
        idle: Sequence[IdleChannel] = (),
    ) -> Self:
        """Measure the shifts between channels that were distilled separately.

        Parameters
        ----------
        results : sequence of Distillation
            Of each channel, from the same images in the same order.
        reference : int
            The channel from which the others' shifts count, from 0; where it gave no PSF, the
            first that did.
        numbers : sequence of int, optional
            Which channel each result is of, from 0; by default all in their order.
        idle : sequence of IdleChannel
            Channels that gave no PSF.
        """
        every = tuple(range(len(results)) if numbers is None else numbers)
        reference = reference if reference in every else every[0]
        own = results[every.index(reference)]
        shifts = tuple(
            ChromaticShift(channel=number, reference=reference)
            if number == reference
            else chromatic_shift(result, own, (number, reference))
            for number, result in zip(every, results, strict=True)
        )
        return cls(tuple(results), shifts, every, tuple(idle))

    def result_of(self, channel: int) -> Distillation:
        """Return the result of a channel, counted from 0."""
        return self.results[self.numbers.index(channel)]

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
        """Notes for the user, one sentence each, without repetition."""
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
            If the shift of a channel is unknown.
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
            "channel_numbers": list(self.numbers),
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
        """Return everything but the voxels in JSON-compatible form."""
        return {
            "chromatic_shifts": plain(self.shifts),
            "channel_numbers": list(self.numbers),
            "channels": [result.to_dict() for result in self.results],
            "channels_without_psf": plain(self.idle),
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
    channels: Sequence[int | str] | None = None,
    beads_from: int | str | None = None,
    options: DistillOptions | None = None,
    progress: Progress | Literal[False] | None = None,
    **choices: Unpack[DistillArguments],
) -> ChannelDistillation:
    """Distil one PSF per channel, and measure the shifts between the channels.

    Parameters
    ----------
    *images : Image, array, or a list of them
        The array has axes (c, z, y, x). The units are counts. All with the same channels and one
        voxel size; beads visible in several channels give the chromatic shift.
    reference : int
        The channel relative to which shifts are given; if it yields no PSF, the first that does.
    channels : sequence of int or str, optional
        Channels to distil, by number (from 0) or by name; by default all.
    beads_from : int or str, optional
        The channel whose beads are the others' too, by number or name, or a CSV table of places:
        those of bright beads for a dim channel. For one image.
    options : DistillOptions, optional
        Options as a record; keywords take precedence.
    progress : Progress or False, optional
        Called frequently; may raise `psfbridge.errors.Cancelled`. By default a bar on a terminal or
        in a notebook; False for none.
    **choices
        The fields of `DistillOptions`, for all channels, checked before any work, and how images
        are read, see `psfbridge.distill`.

    Returns
    -------
    ChannelDistillation
        One PSF per channel, and the chromatic shifts in nm with standard errors. A channel without
        beads is listed in `idle` with the reason, and does not stop the others.

    Raises
    ------
    OptionError
        If an option is unknown or invalid.
    ImageError
        If an image has one channel, or they differ in their channels.
    NoBeadsError
        If no channel has a usable bead.
    """
    half = half_given(choices)
    asked = accept(DistillOptions, without_half_given(choices), options, progress)
    chosen, progress = asked.options, asked.progress
    check_for_channels(chosen, half)
    inputs = _with_channels(images, asked.reading)
    count = inputs[0].channels
    if not integer("reference", reference, least=0) < count:
        allowed = f"a channel from 0 to {count - 1}"
        raise OptionError(option="reference", found=str(reference), allowed=allowed)
    wanted = _wanted(inputs[0], channels)
    source, positions = _borrowed(inputs, beads_from)
    results, idle = {}, []
    for number in wanted:
        try:
            results[number] = distill(
                [_one(image, number) for image in inputs],
                positions=None if number == source else positions,
                options=chosen,
                progress=progress,
                **half,
            )
        # What is wrong with one channel is its own matter.
        except (NoBeadsError, ImageError) as fault:
            idle.append(IdleChannel(number, fault.worded(Host.current())))
    if not results:
        raise NoBeadsError("; ".join(one.sentence() for one in idle))
    return ChannelDistillation.of(
        list(results.values()), reference, numbers=list(results), idle=idle
    )


def _wanted(image: Image, channels: Sequence[int | str] | None) -> list[int]:
    """Return the numbers of the channels that are asked for, each once, in their order."""
    if channels is None:
        return list(range(image.channels))
    return list(dict.fromkeys(_number(image, one) for one in channels))


def _number(image: Image, channel: int | str) -> int:
    text = str(channel).strip()
    names = [name.casefold() for name in image.channel_names]
    if names.count(text.casefold()) == 1:
        return names.index(text.casefold())
    number = int(text) if text.isdecimal() else -1
    if 0 <= number < image.channels:
        return number
    known = f"; its names are {', '.join(image.channel_names)}" if any(names) else ""
    raise ImageError(
        f"{image.name} has no channel {text}; allowed are 0 to {image.channels - 1}{known}.",
        option="channel",
        found=text,
    )


def _borrowed(
    images: Sequence[Image], beads_from: int | str | None
) -> tuple[int | None, NDArray[np.float64] | None]:
    """Return the channel that lends its beads, if it is one, and their places in voxels z, y, x."""
    if beads_from is None:
        return None, None
    if len(images) > 1:
        raise OptionError(
            f"{{beads_from}} works with one image, but {len(images)} were given.",
            option="beads_from",
            remedy="Distil each image separately.",
        )
    if str(beads_from).lower().endswith(".csv"):
        return None, places_in_table(str(beads_from))
    source = _number(images[0], beads_from)
    return source, bead_places(_one(images[0], source))


def check_for_channels(options: DistillOptions, half: Mapping[str, Any] | None = None) -> None:
    """Refuse what cannot be right for several channels, before any work.

    Parameters
    ----------
    options : DistillOptions
        What was chosen.
    half : mapping, optional
        Optics that were given and are not whole, see `psfbridge.options.half_given`.

    Raises
    ------
    OptionError
        If the optics of one of them are given, or a field is asked for.
    """
    if options.wavelength_um is not None or "wavelength_um" in (half or {}):
        raise OptionError(
            "{wavelength_um} is given for all channels, but each channel has its own.",
            option="wavelength_um",
            remedy="Omit the optics, or distil the channels separately: {channel=N}.",
        )
    if options.field:
        raise OptionError(
            "{field} works with one channel, but several were requested.",
            option="field",
            remedy="Distil the channels separately: {channel=N}.",
        )


def _with_channels(images: Sequence[Any], reading: ReadingChoices) -> list[Image]:
    every = [one for item in images for one in (item if isinstance(item, list | tuple) else [item])]
    if not every:
        raise ImageError("no image was given. Give at least one.")
    inputs = [given_image(image, **reading) for image in every]
    for image in inputs:
        if image.channels == 1:
            raise ImageError(
                f"{image.name} has only one channel; distil it as a single-channel image."
            )
        if image.channels != inputs[0].channels:
            raise ImageError(
                f"{image.name} has {image.channels} channels, {inputs[0].name} has "
                f"{inputs[0].channels}; all images need the same channels. Distil them separately."
            )
    return inputs


def _one(image: Image, number: int) -> Image:
    return replace(image.channel(number), name=f"{image.name} channel {number}")
