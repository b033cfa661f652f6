"""Settings of the checks, each with its unit, reason and evidence."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "FIELD_CHANGE",
    "JITTER",
    "LEAN",
    "PHYSICS",
    "PLANE_CHANGES",
    "RESIDUALS",
    "SIZES",
    "FieldChange",
    "Jitter",
    "Lean",
    "Physics",
    "PlaneChange",
    "Residuals",
    "Sizes",
]


@dataclass(frozen=True)
class FieldChange:
    """Thresholds for a field-dependent PSF.

    Attributes
    ----------
    least_beads : int
        Beads below which a trend of four unknowns is not looked for.
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
    chance: float = 1e-3
    odd: float = 5.0
    beads_within: tuple[float, float] = (95.0, 5.0)
    least_effect: float = 0.1


@dataclass(frozen=True)
class Physics:
    """Physical limits of microscopes; inferred values are accurate to some ten percent.

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


@dataclass(frozen=True)
class Residuals:
    """Settings of the residuals of beads.

    Attributes
    ----------
    most_beads : int
        Beads that are asked; more cost time and tell no check better than it must be told.
    clip : float
        Standard deviations of a voxel's noise beyond which it is left out: a hot pixel, or a
        neighbour. Of a bead that is off at large, of what is off there.
    """

    most_beads: int = 150
    clip: float = 6.0


@dataclass(frozen=True)
class PlaneChange:
    """Thresholds for movement or brightness changes between planes.

    Attributes
    ----------
    least_beads, least_planes : int
        Beads and planes below which nothing is looked for: two halves of the beads must agree.
    chance : float
        How likely chance may show as much.
    agree : float
        Correlation of what both halves of the beads show.
    light : float
        Change of the light, rms, from which it is undone.
    shift : float
        Shift of the sample along an axis in voxels, rms, from which it is told.
    jump : float
        Share of a movement that comes from one plane to the next, from which it is called a step.
    passes : int
        A solve that was misled by a change of the light finds a part of it; what it leaves is
        looked for again.
    """

    least_beads: int = 6
    least_planes: int = 8
    chance: float = 1e-4
    agree: float = 0.6
    light: float = 0.03
    shift: float = 0.1
    jump: float = 0.5
    passes: int = 2


@dataclass(frozen=True)
class Jitter:
    """Thresholds for line jitter of a scanner.

    Attributes
    ----------
    least_beads : int
        Beads below which it is not looked for.
    least_power : float
        Share of the brightest line's say that a line must have to be asked.
    significance : float
        Standard errors by which the shifts must scatter beyond their noise.
    told : float
        Jitter over the lateral FWHM from which it is told.
    harmful : float
        The same from which the PSF is usable at best: a blur of a fifth of the FWHM widens it by
        a tenth.
    """

    least_beads: int = 3
    least_power: float = 0.05
    significance: float = 4.0
    told: float = 0.07
    harmful: float = 0.2


@dataclass(frozen=True)
class Sizes:
    """Thresholds for beads of different sizes.

    Attributes
    ----------
    least_beads : int
        Beads below which it is not looked for.
    significance : float
        By how many times their errors' variance the beads' widths must scatter.
    told : float
        Standard deviation of the variances of single beads, over that of the PSF in a plane, from
        which it is told.
    """

    least_beads: int = 6
    significance: float = 4.0
    told: float = 0.1


@dataclass(frozen=True)
class Lean:
    """Thresholds for a slanted PSF.

    Attributes
    ----------
    told : float
        Walk within the axial FWHM over the lateral FWHM, from which it is told.
    bright : float
        Brightest voxel of a plane, over that of the PSF, from which the plane is looked at.
    """

    bright: float = 0.3
    told: float = 0.1


FIELD_CHANGE, PHYSICS, RESIDUALS = FieldChange(), Physics(), Residuals()
PLANE_CHANGES, JITTER, SIZES, LEAN = PlaneChange(), Jitter(), Sizes(), Lean()
