"""The shift between channels relative to their resolution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from psfbridge.evaluation.tolerances import Tolerances

if TYPE_CHECKING:
    from psfbridge.distillation.channels import ChannelDistillation

__all__ = ["Coregistration", "coregistrations"]

Zyx = tuple[float, float, float]


@dataclass(frozen=True)
class Coregistration:
    """The shift of a channel from the reference, and whether it can be resolved.

    Parameters
    ----------
    channel, reference : int
        Channels, counted from 0.
    shift_nm, se_nm : tuple of float
        Shift in z, y and x and its standard error; NaN where it cannot be told.
    ratio : float
        Length of the shift in units of the FWHM, each axis by that of the wider PSF: 1 is on the
        surface of the ellipsoid that the wider PSF resolves, as MetroloJ_QC has it.
    limit : float
        The most that the ratio may be.
    """

    channel: int
    reference: int
    shift_nm: Zyx
    se_nm: Zyx
    ratio: float
    limit: float

    @property
    def passed(self) -> bool | None:
        """Whether the channels lie on each other within the limit; None where it is not known."""
        return self.ratio <= self.limit if np.isfinite(self.ratio) else None


def coregistrations(
    found: ChannelDistillation, tolerances: Tolerances | None = None
) -> Iterator[Coregistration]:
    """Yield the shift of each channel against the reference.

    Parameters
    ----------
    found : ChannelDistillation
        Channels distilled together.
    tolerances : Tolerances, optional
        Its `max_coregistration_ratio` is the limit.
    """
    limit = (tolerances or Tolerances()).max_coregistration_ratio
    for shift in found.shifts:
        if shift.channel == shift.reference:
            continue
        both = (found.result_of(one) for one in (shift.channel, shift.reference))
        wider = np.maximum(*(np.array(one.measures.fwhm_um) for one in both))
        parts = np.array(shift.shift_nm) / 1000 / wider
        known = parts[np.isfinite(parts)]
        ratio = float(np.sqrt((known**2).sum())) if shift.beads and len(known) else float("nan")
        yield Coregistration(
            shift.channel, shift.reference, shift.shift_nm, shift.se_nm, ratio, limit
        )
