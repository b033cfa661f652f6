"""Settings of the field-dependent fit, with the evidence for each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FIELD", "FIELD_CHOICE", "FIELD_GRID", "ChoiceSettings", "FitSettings", "GridSettings"]

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class FitSettings:
    """The pupil of the field, fitted to groups of beads.

    Attributes
    ----------
    seen : tuple of int
        The part of a bead's box that tells how the PSF changes, in voxels along z, y and x.
    fitted, fitted_finer : tuple of int
        The part of it that is fitted, in samples of the PSF, and the same where these are finer
        than voxels: what is between keeps the edge of a shifted box out.
    most_regions : int
        Groups of beads, each with a PSF of its own to linearise about. 16 are four by four, and
        a quadratic over the field has six terms.
    may_differ : float
        Beads differ from the PSF that they are aligned with, for that is the question: a voxel
        is left out only if it is this share of the bead's light, and noise, off by several times.
    afresh_steps : int
        Steps in which a bead is fitted to another PSF. The first trusts every voxel.
    refits : int
        How often the beads are fitted to the PSFs of their places, and these again to the beads.
    varying_order : int
        Phases up to this radial order change over the field: astigmatism, coma, trefoil and
        the first spherical aberration, as the theory of third order has it; with depth the next
        spherical one too.
    amplitude, blur, sheet : float
        Expected sizes: of amplitude terms, of a change of the blur in units of 1/NA, of the
        light sheet's in itself.
    steps, trials : int
        Most linearisations, and dampings tried for each, from the common pupil.
    least_gain : float
        The share of the cost that a step must still lower.
    least_damping : float
        Keeps a region's own unknowns solvable; beyond single precision.
    farthest : float
        Beads of a region lie no farther than this from their common centre, in voxels; they
        were aligned before.
    """

    seen: Shape = (33, 45, 45)
    fitted: Shape = (25, 35, 35)
    fitted_finer: Shape = (33, 45, 45)
    most_regions: int = 16
    may_differ: float = 1.0
    afresh_steps: int = 3
    refits: int = 2
    varying_order: int = 4
    amplitude: float = 0.2
    blur: float = 0.1
    sheet: float = 0.5
    steps: int = 5
    trials: int = 4
    least_gain: float = 3e-5
    least_damping: float = 1e-7
    farthest: float = 1.0


@dataclass(frozen=True)
class ChoiceSettings:
    """Settings of the model selection.

    Attributes
    ----------
    sure : float
        A richer PSF must explain beads that were not used better by so many standard errors:
        by chance alone once in 40.
    beads_per_term : int
        Beads for each term, the constant one included. Polynomials over the field must be capped
        by the number of stars (Anderson and King 2000; Piff).
    least_spread : float
        Along an axis on which the beads do not spread so far, as a share of the image, nothing
        is fitted: a slope would be carried outwards four times.
    """

    sure: float = 2.0
    beads_per_term: int = 4
    least_spread: float = 0.25


@dataclass(frozen=True)
class GridSettings:
    """At how many places the PSF of a field is written down.

    Attributes
    ----------
    blended_to : float
        A PSF blended from its neighbours may differ from the true one by this share: below the
        error of most PSFs.
    nodes : tuple of int
        Numbers of places along an axis, tried in turn until that holds.
    """

    blended_to: float = 0.02
    nodes: tuple[int, ...] = (2, 3, 5)


FIELD = FitSettings()
FIELD_CHOICE = ChoiceSettings()
FIELD_GRID = GridSettings()
