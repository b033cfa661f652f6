"""Numbers that steer how beads are found, with the evidence for each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PLANE_LEVELS", "PlaneLevelSettings"]


@dataclass(frozen=True)
class PlaneLevelSettings:
    """How the background of each plane is measured.

    Parameters
    ----------
    reach_widths : float
        How far from its centre a bead is seen, in FWHM across: as far as half the box of a PSF
        (`psfbridge.distillation.psf_size`).
    far_enough : float
        The share of that reach from which on a pixel holds nothing of the beads that counts: in the
        shared confocal case with a flickering background it leaves a fifth of the plane.
    least_share : float
        The least share of a plane's pixels that must be far from all beads. A twentieth of a small
        field (128 x 128) holds 800 pixels: their mean is known to 4 % of a pixel's noise. Crowded
        fields have fewer; there the PSF's own rule holds, that nothing is added to its model at
        the lateral frequency 0.
    most_pixels : int
        More pixels of a plane are not looked at: 20,000 tell the mean to 0.7 % of a pixel's noise,
        and a whole camera field costs no more than a small one.
    clip : float
        Counts so many standard deviations off the median are no background: a normal variable
        comes there once in 500 million.
    """

    reach_widths: float = 8.0
    far_enough: float = 0.8
    least_share: float = 0.05
    most_pixels: int = 20_000
    clip: float = 6.0


PLANE_LEVELS = PlaneLevelSettings()
