"""The commands ``Convert PSF...`` and ``Resample PSF...``."""

from __future__ import annotations

from psfbridge._util.validate import voxel_size
from psfbridge.bridge.commands.call import Call, Command
from psfbridge.bridge.commands.command_result import Outcome, Picture
from psfbridge.bridge.commands.figures import profiles_of, psf_row
from psfbridge.bridge.commands.inputs import image_of
from psfbridge.bridge.commands.option_strings import keys_of
from psfbridge.errors import OptionError
from psfbridge.options import DeconvolveOptions
from psfbridge.psf.psf import PSF

__all__ = ["CONVERT", "RESAMPLE"]

_PART = ("channel", "frame")


def _convert(call: Call) -> Outcome:
    source = image_of(call.imp, call.texts)
    psf = PSF.of(source.image, background=call.options.get("psf_background", "none"))
    title = call.free_title(f"{call.imp.getTitle()} as PSF")
    return _shown(psf, title, f"Convert PSF: {call.imp.getTitle()} → {title}")


def _resample(call: Call) -> Outcome:
    if "voxel" not in call.texts:
        raise OptionError("voxel is missing: give the new voxel size as z,y,x in µm.")
    target = voxel_size(tuple(call.texts["voxel"].split(",")))
    part = {key: text for key, text in call.texts.items() if key in _PART}
    source = image_of(call.imp, part)
    psf = PSF.of(source.image, background=call.options.get("psf_background", "none"))
    title = call.free_title(f"{call.imp.getTitle()} resampled")
    return _shown(psf.resampled(target), title, f"Resample PSF: {call.imp.getTitle()} → {title}")


def _shown(psf: PSF, title: str, line: str) -> Outcome:
    lines = [line, *(f"  {note}" for note in psf.notes)]
    figures = {"psf": title, "notes": " ".join(psf.notes)}
    picture = Picture(title, psf.image)
    return Outcome(figures, lines, [picture], (), psf_row(psf.image), profiles_of(psf))


CONVERT = Command(
    _convert,
    lambda: keys_of(DeconvolveOptions, ["psf_background"]),
    (*_PART, "voxel"),
    page="formats",
)
RESAMPLE = Command(
    _resample,
    lambda: keys_of(DeconvolveOptions, ["psf_background"]),
    (*_PART, "voxel"),
    asks={"voxel": "New voxel size (z,y,x µm)"},
    page="formats",
)
