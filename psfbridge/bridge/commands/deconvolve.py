"""The command ``Deconvolve with PSF...``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import shift as moved

import psfbridge as pb
from psfbridge.bridge.commands.call import Call, Command
from psfbridge.bridge.commands.command_result import Outcome, Picture
from psfbridge.bridge.commands.inputs import HOST_KEYS, inputs
from psfbridge.bridge.commands.option_strings import keys_of
from psfbridge.errors import OptionError, PSFError
from psfbridge.imaging.image import Image, Volume, VoxelUm
from psfbridge.imaging.read import read_image
from psfbridge.numerics.fourier import peak_position
from psfbridge.options import DeconvolveOptions
from psfbridge.psf.field_psf import FieldPSF, field_record
from psfbridge.psf.psf import PSF

__all__ = ["DECONVOLVE"]

#: A PSF's sum may be so far from one.
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class _Aimed:
    """A PSF, centred, and how far in µm (z, y, x) it lay from the common origin of a composite."""

    psf: PSF | FieldPSF
    offset_um: NDArray[np.float64]


def _deconvolve(call: Call) -> Outcome:
    aimed = _aimed(call)
    sources = inputs(call.imp, call.texts)
    if len(sources) == 1 and sources[0].channel <= len(aimed):
        aimed = aimed[sources[0].channel - 1 :][:1]
    psfs = [one.psf for one in aimed]
    psf = psfs if len(psfs) > 1 else psfs[0]
    image = _joined([source.image for source in sources])
    result: Image = pb.deconvolve(image, psf, progress=call.progress, **call.options)
    result = _registered(result, aimed)
    title = f"Deconvolved {call.imp.getTitle()}"
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


def _aimed(call: Call) -> list[_Aimed]:
    """Return the PSF of each channel, from an open image of this title or a file."""
    text = call.texts.get("psf")
    if not text:
        raise OptionError(
            "psf is missing: write psf=[PSF of beads.tif], the title of an open image, or "
            f"psf=[path of a file]. {_open_now(call)}"
        )
    image, path = call.desk.image(text), Path(text).expanduser()
    if image is None and path.is_file():
        if field_record(path):
            return [_Aimed(FieldPSF.load(path), np.zeros(3))]
        image = read_image(path)
    if image is None:
        raise OptionError(
            f"psf is {text!r}: no image of this title is open, and it is no file. {_open_now(call)}"
        )
    try:
        return _of_channels(image)
    except PSFError as fault:
        raise fault.of(image.name) from None


def _of_channels(image: Image) -> list[_Aimed]:
    if image.data.ndim == 3:
        return [_Aimed(_psf(image.data, image.voxel_um), np.zeros(3))]
    return [_with_offset(channel, image.voxel_um) for channel in image.data]


def _psf(data: Volume, voxel_um: VoxelUm) -> PSF:
    return PSF(np.asarray(data, np.float32), voxel_um)


def _with_offset(data: Volume, voxel_um: VoxelUm) -> _Aimed:
    """Centre one PSF of a composite, and keep how far it was from there: its chromatic shift."""
    try:
        return _Aimed(_psf(data, voxel_um), np.zeros(3))
    except PSFError:
        if data.min() < 0 or abs(float(data.sum(dtype=float)) - 1) > _SUM_TOLERANCE:
            raise
    centre = np.array(data.shape) // 2
    peak = np.unravel_index(int(np.argmax(data)), data.shape)
    offset = peak_position(data, start=[int(at) for at in peak]) - centre
    return _Aimed(PSF.from_volume(data, voxel_um), offset * np.array(voxel_um))


def _registered(image: Image, aimed: Sequence[_Aimed]) -> Image:
    """Take the shifts between the channels' PSFs out of the image that they were centred for."""
    if not any(one.offset_um.any() for one in aimed):
        return image
    channels = image.data.reshape(-1, *image.data.shape[-3:])
    data = [
        np.maximum(moved(channel, -one.offset_um / image.voxel_um, mode="nearest"), 0)
        for channel, one in zip(channels, aimed, strict=True)
    ]
    note = "The chromatic shift between the channels' PSFs was taken out."
    return replace(image, data=np.reshape(data, image.data.shape), notes=(*image.notes, note))


def _open_now(call: Call) -> str:
    others = [title for title in call.desk.titles() if title != str(call.imp.getTitle())]
    return f"Open are {', '.join(others)}." if others else "No other image is open."


DECONVOLVE = Command(_deconvolve, lambda: keys_of(DeconvolveOptions), (*HOST_KEYS, "psf"))
