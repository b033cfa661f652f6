"""Settings of measurement and verdict, with the evidence for each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "GAUSSIAN",
    "PROFILES",
    "SPOTS",
    "STREHL",
    "THEORY",
    "VERDICT",
    "GaussianSettings",
    "ProfileSettings",
    "SpotSettings",
    "StrehlSettings",
    "TheorySettings",
    "VerdictSettings",
]

Limits = tuple[float, float]


@dataclass(frozen=True)
class ProfileSettings:
    """Profiles through a peak.

    Attributes
    ----------
    spline_order : int
        Order of the spline between voxels. The fifth order gives the width at half
        maximum of Gaussians to 0.4 % (tests).
    samples_per_voxel : int
        Of a profile: widths are read between them by straight lines.
    """

    spline_order: int = 5
    samples_per_voxel: int = 16


@dataclass(frozen=True)
class GaussianSettings:
    """Gaussians fitted to a peak.

    Attributes
    ----------
    reach_fwhm : float
        How much of the peak is fitted to each side, in FWHM: a PSF's rings are no Gaussian's.
    line_reach_fwhm : float
        The same of a profile along one axis, background included, as published figures of
        single beads are measured.
    """

    reach_fwhm: float = 1.25
    line_reach_fwhm: float = 4.0


@dataclass(frozen=True)
class TheorySettings:
    """Theoretical widths, computed from an ideal pupil.

    Attributes
    ----------
    samples_per_width : int
        Samples in a textbook width: with 6 and with 12 the widths agree to 2e-4 (NA 0.3 to 1.4).
    reach_widths : tuple of float
        The volume holds so many textbook widths to each side of the focus in z, y and x: across
        there must be room for the pinhole.
    """

    samples_per_width: int = 8
    reach_widths: tuple[float, float, float] = (1.5, 3.0, 3.0)


@dataclass(frozen=True)
class SpotSettings:
    """Settings of the spots that are measured and their surroundings.

    Attributes
    ----------
    reach_fwhm : float
        How much of the image is taken around a spot to each side, in FWHM.
    least_snr : float
        The height of the brightest over the noise. Photon noise of two counts alone reaches 8 in
        a large stack.
    band : float
        Share of a cut-out next to its borders in y and x that tells the background.
    """

    reach_fwhm: float = 4.0
    least_snr: float = 10.0
    band: float = 0.1


@dataclass(frozen=True)
class VerdictSettings:
    """The limits of *good* and of *usable*; what is beyond both is *poor*.

    How often a verdict is right is counted in docs/failure-map.md.

    Attributes
    ----------
    error : tuple of float
        Standard error of the PSF over its light, where that is above `core` of its peak.
    core : float
        Share of the peak.
    width_error : tuple of float
        Relative standard error of the worst width.
    sampling : tuple of float
        How many times larger than Nyquist's limit a voxel is. Optics pass hardly any light near
        their limit.
    voxels_per_width : tuple of float
        FWHM of an ideal PSF in voxels of Nyquist's size, along z, y and x: what is narrower is
        sampled worse than its optics say.
    depth : tuple of float
        FWHM along z that the stack holds.
    misfit : tuple of float
        χ² per degree of freedom of the beads by the noise of the image; 1 is noise alone.
    beads : tuple of float
        Beads: of fewer than three, a PSF has nothing to be checked against.
    """

    error: Limits = (0.05, 0.15)
    core: float = 0.02
    width_error: Limits = (0.03, 0.1)
    sampling: Limits = (1.6, 2.3)
    voxels_per_width: tuple[float, float, float] = (1.77, 2.04, 2.04)
    depth: Limits = (2.5, 1.5)
    misfit: Limits = (1.4, 4.0)
    beads: Limits = (3, 1)


@dataclass(frozen=True)
class StrehlSettings:
    """The Strehl ratio of a pupil.

    Attributes
    ----------
    samples : int
        Across the pupil: the ratio is exact to 1e-4 then.
    most_defocus : float
        Best focus is searched within so many radians rms of defocus.
    """

    samples: int = 128
    most_defocus: float = 2.0


GAUSSIAN = GaussianSettings()
PROFILES = ProfileSettings()
SPOTS = SpotSettings()
THEORY = TheorySettings()
VERDICT = VerdictSettings()
STREHL = StrehlSettings()
