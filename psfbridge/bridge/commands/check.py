"""The command ``Check PSF...``: how well a PSF explains the beads of the active image."""

from __future__ import annotations

import psfbridge as pb
from psfbridge.bridge.commands.call import Call, Command
from psfbridge.bridge.commands.command_result import Outcome
from psfbridge.bridge.commands.deconvolve import psfs_of
from psfbridge.bridge.commands.inputs import HOST_KEYS, image_of
from psfbridge.bridge.commands.option_strings import Options, keys_of
from psfbridge.options import DeconvolveOptions, DistillOptions

__all__ = ["CHECK"]

_MEDIANS = ("gathered", "gathered_before", "residual", "noise", "chi2")


def _check(call: Call) -> Outcome:
    source = image_of(call.imp, call.texts)
    aimed = psfs_of(call)
    psf = aimed[min(source.channel, len(aimed)) - 1].psf
    options = {k: v for k, v in call.options.items() if k not in ("psf_voxel_um", "psf_background")}
    found = pb.check(psf, source.image, progress=call.progress, **options)
    title = str(call.imp.getTitle())
    figures = {name: found.median(name) for name in _MEDIANS}
    figures["beads_checked"] = float(len(found.beads))
    lines = [f"Check PSF: {call.texts['psf']} against {title}", *found.notes, *found.sentences()]
    return Outcome(figures, [lines[0], *(f"  {line}" for line in lines[1:])], measured=figures)


def _options() -> Options:
    own = keys_of(DistillOptions, ["bead_diameter_um"])
    return {**own, **keys_of(DeconvolveOptions, ["psf_voxel_um", "psf_background"])}


CHECK = Command(_check, _options, (*HOST_KEYS, "psf"))
