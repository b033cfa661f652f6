"""Settings of the choice of beads."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CHOICE",
    "HELD_OUT_FITS",
    "ChoiceSettings",
    "HeldOutFitSettings",
]


@dataclass(frozen=True)
class ChoiceSettings:
    """Settings of the first choice of beads.

    Attributes
    ----------
    least_share : float
        A candidate is subtracted from a bead if so much of its light, over that of the bead, would
        reach the bead's core were it to fall with the square of the distance in FWHM, as in a
        widefield microscope. Around others the bead's voxels are left out.
    fields : int
        Beads are taken in turn from so many fields along y and x: light that falls off to the sides
        would leave the sides out.
    """

    least_share: float = 0.05
    fields: int = 3


@dataclass(frozen=True)
class HeldOutFitSettings:
    """The beads that had no part in the solve.

    Attributes
    ----------
    at_a_time : int
        So many of their boxes are in memory at a time.
    rounds : int
        Steps of the fit of each to the PSF.
    """

    at_a_time: int = 64
    rounds: int = 3


CHOICE = ChoiceSettings()
HELD_OUT_FITS = HeldOutFitSettings()
