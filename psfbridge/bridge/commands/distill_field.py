"""The command ``Distill Field...``: a PSF that varies across the image, written to a file.

ImageJ shows one PSF for an image: that of the middle is shown, and ``Deconvolve with PSF...`` takes
the file.
"""

from __future__ import annotations

import psfbridge as pb
from psfbridge._util.atomic_files import check_writable
from psfbridge.bridge.commands.call import Call, Command
from psfbridge.bridge.commands.command_result import Found, Outcome, Picture
from psfbridge.bridge.commands.distill import psf_title, remember_report
from psfbridge.bridge.commands.figures import distill_figures, distill_lines, profiles_of, psf_row
from psfbridge.bridge.commands.inputs import HOST_KEYS, image_of
from psfbridge.bridge.commands.microscope_presets import PRESET
from psfbridge.bridge.commands.option_strings import Options, keys_of
from psfbridge.errors import OptionError
from psfbridge.options import DistillOptions

__all__ = ["DISTILL_FIELD"]

_METHODS = ("auto", "joint", "pupil")


def _distill_field(call: Call) -> Outcome:
    if "save" not in call.texts:
        raise OptionError("save is missing: give the path of a TIFF file for the PSFs.")
    path = check_writable(call.texts["save"])
    source = image_of(call.imp, call.texts)
    result = pb.distill(source.image, progress=call.progress, field=True, **call.options)
    remember_report(result, call.texts)
    field = result.field
    if field is None:
        result.psf.save(path)
    else:
        field.save(path)
    title = str(call.imp.getTitle())
    psf = Picture(call.free_title(psf_title(title)), result.psf.image)
    places = 1 if field is None else len(field.psfs)
    lines = distill_lines(title, psf.title, result)
    lines.append(
        f"  {places} PSF{'s' * (places > 1)} across the image: {path}; use them in Deconvolve "
        f"with PSF... with psf=[{path}]."
    )
    figures = dict(distill_figures(result))
    figures |= {"psf": psf.title, "file": str(path), "places": float(places)}
    found = [Found(source, result.beads)]
    row = psf_row(result.psf.image)
    return Outcome(figures, lines, [psf], found, row, profiles_of(result.psf))


def _options() -> Options:
    options = dict(keys_of(DistillOptions))
    return {key: option for key, option in options.items() if key not in ("engine", "iterations")}


DISTILL_FIELD = Command(
    _distill_field,
    _options,
    (*HOST_KEYS, "save", PRESET),
    previews=True,
    choices={"method": _METHODS},
    asks={"save": "Output file for the PSFs (.tif)"},
)
