"""Python functions that accept ImageJ images."""

from __future__ import annotations

from typing import Any

import psfbridge as pb
from psfbridge.bridge.convert.datasets import need_imageplus
from psfbridge.bridge.convert.imageplus import from_imageplus
from psfbridge.distillation.result import Distillation
from psfbridge.errors import OptionError

__all__ = ["distill"]


def distill(
    imp: Any, *, channel: int | None = None, frame: int | None = None, **options: Any
) -> Distillation:
    """Distil the PSF from an ImagePlus, without changing anything in ImageJ.

    Parameters
    ----------
    imp : ij.ImagePlus, or ImageJ2's Dataset or ImgPlus
        A stack or hyperstack of beads, with its voxel size.
    channel, frame : int, optional
        Counted from 1 as everywhere in ImageJ; by default those that are shown.
    **options
        As `psfbridge.distill` takes them.

    Raises
    ------
    PsfBridgeError
        As `psfbridge.distill` and `from_imageplus` do.

    Examples
    --------
    >>> from psfbridge import bridge  # doctest: +SKIP
    >>> bridge.distill(imp, bead_diameter_um=0.1).measures.fwhm_um  # doctest: +SKIP
    """
    if imp is None:
        raise OptionError("imp is None, but an ij.ImagePlus is needed: open an image first.")
    imp = need_imageplus(imp)
    image = from_imageplus(imp, channel=channel or int(imp.getC()), frame=frame)
    result: Distillation = pb.distill(image, **options)
    return result
