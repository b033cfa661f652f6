"""The numbers that steer the checks of a solved PSF, each with its unit, reason and evidence."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FIELD_CHANGE", "PHYSICS", "FieldChange", "Physics"]


@dataclass(frozen=True)
class FieldChange:
    """When a PSF is said to change over the field.

    Attributes
    ----------
    least_beads : int
        Beads below which a trend of four unknowns is not looked for.
    most_beads : int
        Beads that are asked; more cost time and tell a trend no better than it must be told.
    chance : float
        How likely chance may show any trend at all, over all aberrations and axes.
    odd : float
        Robust standard deviations from the trend beyond which a bead has no say.
    beads_within : tuple of float
        Percentiles of the beads' places, the higher first, between which a change is told: one
        stray bead of another plane does not stretch it.
    least_effect : float
        Change of the PSF from the middle to the outermost beads, over its norm, from which a
        PSF for the whole field is not good. Over the whole field that is 0.06 in the mean; coma of
        0.12 waves over the field gives 0.24, a real field at NA 0.95 0.06, fields of one PSF 0.02.
    """

    least_beads: int = 8
    most_beads: int = 150
    chance: float = 1e-3
    odd: float = 5.0
    beads_within: tuple[float, float] = (95.0, 5.0)
    least_effect: float = 0.1


@dataclass(frozen=True)
class Physics:
    """What microscopes can have; inferred figures are right to some ten percent.

    Attributes
    ----------
    na_per_um : tuple of float
        NA over the wavelength in 1/µm: from 0.05 at 0.8 µm to 1.5 at 0.4 µm, and a tenth more.
    least_index_per_um, most_index_per_um : float
        Refractive index over the wavelength in 1/µm: air at 0.8 µm, and oil at 0.4 µm.
    most_sine : float
        NA over the index of the steepest objectives: 1.49 in 1.518, and a little more.
    tolerance : float
        Factor by which the depth of focus may be beyond what these allow: depth tells less than
        width, and beads, samples and aberrations add to it.
    """

    na_per_um: tuple[float, float] = (0.06, 4.1)
    least_index_per_um: float = 1.25
    most_index_per_um: float = 3.8
    most_sine: float = 0.99
    tolerance: float = 1.3


FIELD_CHANGE, PHYSICS = FieldChange(), Physics()
