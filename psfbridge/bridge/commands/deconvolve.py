"""The command ``Deconvolve with PSF...``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import shift as moved

import psfbridge as pb
from psfbridge.bridge.commands.call import Call, Command
from psfbridge.bridge.commands.command_result import Outcome, Picture
from psfbridge.bridge.commands.inputs import HOST_KEYS, inputs
from psfbridge.bridge.commands.option_strings import keys_of
from psfbridge.errors import ImageError, OptionError
from psfbridge.imaging.image import Image
from psfbridge.numerics.fourier import peak_position
from psfbridge.options import DeconvolveOptions
from psfbridge.psf.field_psf import FieldPSF, field_record
from psfbridge.psf.psf import PSF, read_psf_image
from psfbridge.psf.settings import FORM

__all__ = ["DECONVOLVE", "AimedPSF", "psfs_of"]


@dataclass(frozen=True, eq=False)
class AimedPSF:
    """A PSF, centred, and how far in µm (z, y, x) it lay from the common origin of a composite."""

    psf: PSF | FieldPSF
    offset_um: NDArray[np.float64]


def _deconvolve(call: Call) -> Outcome:
    aimed = psfs_of(call)
    sources = inputs(call.imp, call.texts)
    if len(sources) == 1 and sources[0].channel <= len(aimed):
        aimed = aimed[sources[0].channel - 1 :][:1]
    psfs = [one.psf for one in aimed]
    psf = psfs if len(psfs) > 1 else psfs[0]
    image = _joined([source.image for source in sources])
    result: Image = pb.deconvolve(image, psf, progress=call.progress, **call.options)
    result = _registered(result, aimed)
    title = call.free_title(f"Deconvolved {call.imp.getTitle()}")
    line = f"Deconvolve with PSF: {call.imp.getTitle()} with {call.texts['psf']} → {title}"
    lines = [line, *(f"  {note}" for note in result.notes)]
    figures = {"image": title, "notes": " ".join(result.notes)}
    return Outcome(figures, lines, [Picture(title, result)])


def _joined(channels: Sequence[Image]) -> Image:
    """Return one image of all channels."""
    first = channels[0]
    if len(channels) == 1:
        return first
    data = np.stack([image.data for image in channels])
    return Image(data, first.voxel_um, first.name, first.source, first.notes)


def psfs_of(call: Call) -> list[AimedPSF]:
    """Return the PSF of each channel, from an open image of this title or a file."""
    text = call.texts.get("psf")
    if not text:
        raise OptionError(
            "psf is missing: give the title of an open image, as in psf=[PSF of beads.tif], or "
            f"the path of a file. {_open_now(call)}"
        )
    path, size = Path(text).expanduser(), call.options.get("psf_voxel_um")
    image = _open_psf(call, text, size)
    if image is None and path.is_file():
        if field_record(path):
            return [AimedPSF(FieldPSF.load(path), np.zeros(3))]
        image = read_psf_image(path, size)
    if image is None:
        raise OptionError(
            f"psf is {text!r}, which is neither the title of an open image nor a file. "
            f"{_open_now(call)}"
        )
    background = call.options.get("psf_background", "none")
    return [
        _with_offset(image.channel(number), background, composite=image.channels > 1)
        for number in range(image.channels)
    ]


def _open_psf(call: Call, title: str, voxel_um: Any) -> Image | None:
    try:
        return call.desk.image(title, voxel_um)
    except ImageError as fault:
        if fault.option != "voxel_um":
            raise
        remedy = str(fault.remedy).replace("{voxel_um", "{psf_voxel_um")
        raise ImageError(fault.failed, option="psf_voxel_um", remedy=remedy) from None


def _with_offset(image: Image, background: str | float, *, composite: bool) -> AimedPSF:
    """Bring one PSF into form; of a composite with one origin, keep how far it was from there."""
    psf = PSF.of(image, background=background)
    data = np.asarray(image.data, float)
    if not (composite and psf.notes and abs(data.sum() - 1) <= FORM.sum_tolerance):
        return AimedPSF(psf, np.zeros(3))
    centre = np.array(data.shape) // 2
    peak = np.unravel_index(int(np.argmax(data)), data.shape)
    offset = peak_position(data, start=[int(at) for at in peak]) - centre
    return AimedPSF(replace(psf, notes=()), offset * np.array(image.voxel_um))


def _registered(image: Image, aimed: Sequence[AimedPSF]) -> Image:
    """Take the shifts between the channels' PSFs out of the image that they were centred for."""
    if not any(one.offset_um.any() for one in aimed):
        return image
    channels = image.data.reshape(-1, *image.data.shape[-3:])
    data = [
        np.maximum(moved(channel, -one.offset_um / image.voxel_um, mode="nearest"), 0)
        for channel, one in zip(channels, aimed, strict=True)
    ]
    note = "The chromatic shift between the PSFs of the channels was removed."
    return replace(image, data=np.reshape(data, image.data.shape), notes=(*image.notes, note))


def _open_now(call: Call) -> str:
    others = [title for title in call.desk.titles() if title != str(call.imp.getTitle())]
    return f"Open images: {', '.join(others)}." if others else "No other image is open."


DECONVOLVE = Command(
    _deconvolve,
    lambda: keys_of(DeconvolveOptions),
    (*HOST_KEYS, "psf"),
    page="deconvolution",
)
