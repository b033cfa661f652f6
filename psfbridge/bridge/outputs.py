"""What a command leaves in ImageJ: the PSF as an image, and the beads on the input."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from psfbridge.beads import Beads
from psfbridge.bridge.convert import to_imageplus
from psfbridge.bridge.inputs import Input
from psfbridge.bridge.overlay import mark_beads, unmark_beads
from psfbridge.bridge.status import log
from psfbridge.image import Image
from psfbridge.psf import PSF

__all__ = ["mark", "psf_title", "show_error", "show_image", "show_psfs"]


def psf_title(title: str) -> str:
    """Return what the PSF of an image is called."""
    return f"PSF of {title}"


def show_psfs(title: str, psfs: Sequence[PSF]) -> Any:
    """Show the PSF of each channel in one image, active afterwards, and return it."""
    imp = to_imageplus(_as_image(psfs), title=psf_title(title))
    provenance = [dict(psf.provenance) for psf in psfs]
    # The same text that PSF.save writes, so that a PSF saved by ImageJ keeps it too.
    imp.setProperty("Info", json.dumps(provenance[0] if len(psfs) == 1 else provenance, indent=1))
    imp.show()
    return imp


def _as_image(psfs: Sequence[PSF]) -> Image:
    if len(psfs) == 1:
        return psfs[0].image
    shape = np.max([psf.data.shape for psf in psfs], axis=0)
    same = [psf if psf.data.shape == tuple(shape) else psf.cropped(shape) for psf in psfs]
    return Image(np.stack([psf.data for psf in same]), psfs[0].voxel_um, "PSF")


def show_error(title: str, psf: PSF) -> bool:
    """Show the standard error of every voxel, behind the PSF; tell whether there is one."""
    if psf.error is None:
        return False
    image = Image(np.asarray(psf.error, np.float32), psf.voxel_um, "error")
    to_imageplus(image, title=f"Error of {psf_title(title)}").show()
    return True


def show_image(image: Image, title: str) -> Any:
    """Show an image, active afterwards, and return it."""
    imp = to_imageplus(image, title=title)
    imp.show()
    return imp


def mark(sources: Sequence[Input], tables: Sequence[Beads]) -> None:
    """Mark the beads on their image; an image closed during the work only gets a word."""
    imp = sources[0].imp
    if imp.getProcessor() is None:
        log(f"{imp.getTitle()} was closed during the work: its beads are in the table only.")
        return
    unmark_beads(imp)
    for source, beads in zip(sources, tables, strict=True):
        mark_beads(source, beads)
