"""The command ``Deconvolve with PSF...``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import psfbridge as pb
from psfbridge.bridge.calls import Call, Command
from psfbridge.bridge.convert import from_imageplus
from psfbridge.bridge.inputs import HOST_KEYS, inputs
from psfbridge.bridge.java import java_class
from psfbridge.bridge.keys import options_of
from psfbridge.bridge.outputs import show_image
from psfbridge.bridge.status import log
from psfbridge.bridge.summary import Figures
from psfbridge.deconvolve_options import DeconvolveOptions
from psfbridge.errors import OptionError, PSFError
from psfbridge.image import Image
from psfbridge.psf import PSF

__all__ = ["DECONVOLVE", "open_titles"]


def _deconvolve(call: Call) -> Figures:
    psfs = _psfs(call)
    sources = [source.image for source in inputs(call.imp, call.texts)]
    psf = psfs if len(psfs) > 1 else psfs[0]
    result: Image = pb.deconvolve(_joined(sources), psf, progress=call.progress, **call.options)
    title = f"Deconvolved {call.imp.getTitle()}"
    show_image(result, title)
    log(f"Deconvolve with PSF: {call.imp.getTitle()} with {call.texts['psf']} → {title}")
    for note in result.notes:
        log(f"  {note}")
    return {"image": title, "notes": " ".join(result.notes)}


def _joined(channels: Sequence[Image]) -> Image:
    """Return one image of all channels."""
    first = channels[0]
    if len(channels) == 1:
        return first
    data = np.stack([image.data for image in channels])
    return Image(data, first.voxel_um, first.name, first.source, first.notes)


def _psfs(call: Call) -> Sequence[PSF | Path]:
    """Return the PSF of each channel from an open image of this title, or the path of a file."""
    text = call.texts.get("psf")
    if not text:
        raise OptionError(
            "psf is missing: write psf=[PSF of beads.tif], the title of an open image, or "
            f"psf=[path of a file]. {_open_now(call.imp)}"
        )
    imp = _titled(text)
    if imp is not None:
        return _of_channels(from_imageplus(imp))
    if Path(text).expanduser().is_file():
        return [Path(text).expanduser()]
    raise OptionError(
        f"psf is {text!r}: no image of this title is open, and it is no file. {_open_now(call.imp)}"
    )


def _of_channels(image: Image) -> list[PSF]:
    channels = (
        [image] if image.data.ndim == 3 else [image.channel(c) for c in range(image.channels)]
    )
    try:
        return [PSF(np.asarray(one.data, np.float32), one.voxel_um) for one in channels]
    except PSFError as fault:
        raise PSFError(f"{image.name}: {fault}") from None


def _titled(title: str) -> Any:
    """Return the open image of this title; of several, the one that was opened last."""
    manager = java_class("ij.WindowManager")
    images = [manager.getImage(number) for number in manager.getIDList() or ()]
    return next((imp for imp in reversed(images) if str(imp.getTitle()) == title), None)


def open_titles() -> list[str]:
    """Return the titles of the open images."""
    return [str(title) for title in java_class("ij.WindowManager").getImageTitles()]


def _open_now(imp: Any) -> str:
    others = [title for title in open_titles() if title != str(imp.getTitle())]
    return f"Open are {', '.join(others)}." if others else "No other image is open."


DECONVOLVE = Command(_deconvolve, lambda: options_of(DeconvolveOptions), (*HOST_KEYS, "psf"))
