"""What a distillation gives back: the PSF, and everything needed to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psfbridge.beads import Beads
from psfbridge.image import Image
from psfbridge.options import DistillOptions
from psfbridge.psf import PSF

if TYPE_CHECKING:
    from psfbridge.measures import Measures

__all__ = ["Distillation"]


@dataclass(frozen=True, eq=False)
class Distillation:
    """A PSF with its diagnostics.

    Parameters
    ----------
    psf : PSF
        The PSF.
    beads : Beads
        Every candidate with its status and reason.
    measures : Measures
        FWHM and friends of the PSF.
    method : str
        The method that was used; with ``auto``, which it took.
    options : DistillOptions
        Every option, defaults included.
    images : tuple of Image
        The inputs, channel chosen, each with axes (z, y, x).
    notes : tuple of str
        What a user should know: assumptions made, choices taken; one sentence each.
    timings_s : mapping
        Seconds by stage.
    diagnostics : mapping
        What the method says of its own fit, ready for JSON.
    """

    psf: PSF
    beads: Beads
    measures: Measures
    method: str
    options: DistillOptions
    images: tuple[Image, ...]
    notes: tuple[str, ...] = ()
    timings_s: Mapping[str, float] = field(default_factory=dict)
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
