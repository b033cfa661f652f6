"""Settings that decide when a warning is given."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ACQUISITION",
    "CHECK",
    "MISFIT",
    "PSF_ERROR",
    "AcquisitionSettings",
    "CheckSettings",
    "MisfitSettings",
    "PsfErrorSettings",
]


@dataclass(frozen=True, kw_only=True)
class AcquisitionSettings:
    """Limits from which on a reader is warned.

    Parameters
    ----------
    most_at_lowest : float
        Share of voxels at the lowest value. Clipping of half a standard deviation above the
        background (65 %) makes the PSF wrong by 0.17, none at all does with 0 %; untouched 16-bit
        stacks have below 0.1 %.
    most_bead_over_fwhm : float
        Bead diameter over lateral FWHM. A sphere adds D²/20 to the variance of the profile: at 1/2
        it widens the profile by 3 %, at 1 by 13 %.
    least_beads : int
        Used beads. The standard error of a width falls as 1/√n; below five its own estimate
        is uncertain by a third.
    least_peak_snr : float
        Median peak over background noise of the used beads: twice Rose's criterion of 5 for a
        spot that is seen at all.
    most_crowded : float
        Share of beads with a neighbour in the box in which a bead is measured. A third leaves the
        median over the beads to those that stand alone; real sparse fields have 0.1 to 0.2.
    most_slant : float
        Lateral walk of the PSF over its own axial FWHM, as a share of its lateral FWHM.
    most_trend : float
        Change of the background from the first to the last plane, as a share of its mean.
    least_order : float
        Rank correlation of background and plane from which on the change is a trend.
    most_field_change : float
        Change of the width across the field, as a share of the width; three times the 3 % to
        which a good PSF's width is known.
    field_significance : float
        Standard errors that the change must exceed.
    least_beads_for_field : int
        Beads needed for a line across the field in x and in y.
    most_plane_tilt_mrad : float
        Tilt of the plane of beads against the focal plane.
    most_aberration_waves : float
        One kind of aberration, in waves rms. 0.07 in all is the limit of a diffraction-limited
        objective (Maréchal).
    most_beads_measured : int
        Beads of which widths are measured one by one; each takes about 0.06 s.
    """

    most_at_lowest: float = 0.3
    most_bead_over_fwhm: float = 0.5
    least_beads: int = 5
    least_peak_snr: float = 10.0
    most_crowded: float = 0.33
    most_slant: float = 0.25
    most_trend: float = 0.1
    least_order: float = 0.9
    most_field_change: float = 0.1
    field_significance: float = 4.0
    least_beads_for_field: int = 8
    most_plane_tilt_mrad: float = 5.0
    most_aberration_waves: float = 0.05
    most_beads_measured: int = 500


@dataclass(frozen=True)
class MisfitSettings:
    """When a PSF does not explain beads, and how it differs from them.

    Attributes
    ----------
    most_error : float
        A PSF with a larger relative error does not explain the beads. By tests/bench/wrong_psfs.py
        PSFs checked with beads of another field leave 0.00 to 0.06 (widefield, confocal, air; 16
        beads), on held-out beads of a real field 0.10 ± 0.01. Coma of 0.12 waves rms leaves 0.25 to
        0.56, spherical aberration of 0.12 waves 0.27 to 0.64, a floor of 1 % of the peak 0.19 to
        0.22; a blur by half a voxel, 0.05 to 0.10, is not told from the right PSF.
    core : float
        The core of a bead is where its model is above this share of the peak.
    named : float
        A kind of difference is named if it makes this share of what is left beyond noise.
    least_share : float
        And the mean bead differs by this share of its energy at all: 1 % in amplitude.
    """

    most_error: float = 0.12
    core: float = 0.02
    named: float = 0.2
    least_share: float = 1e-4


@dataclass(frozen=True)
class CheckSettings:
    """The deconvolution of the beads by their own PSF.

    Attributes
    ----------
    iterations : int
        Accelerated iterations; as far as about three times as many plain ones.
    picture_widths : tuple of float
        How far the picture of a bead reaches from its middle, in FWHM: along z, and in the plane.
    told_shift : float
        A PSF is shifted if its peak lies so many voxels from the centre of its volume: half a
        voxel is the least that whole-voxel rounding of its centre makes.
    """

    iterations: int = 20
    told_shift: float = 0.5
    picture_widths: tuple[float, float] = (3.0, 6.0)


@dataclass(frozen=True)
class PsfErrorSettings:
    """The error of a PSF against its truth.

    Attributes
    ----------
    window : tuple of int
        How many central voxels count along z, y and x, the same in all tests and benchmarks.
    margin : int
        So many voxels more are kept while it is moved.
    """

    window: tuple[int, int, int] = (25, 33, 33)
    margin: int = 8


ACQUISITION = AcquisitionSettings()
MISFIT = MisfitSettings()
CHECK = CheckSettings()
PSF_ERROR = PsfErrorSettings()
