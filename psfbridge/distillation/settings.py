"""Settings of the distillation apart from the joint fit, with the evidence for each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AVERAGE",
    "CHROMATIC",
    "CROWDING",
    "EXTENT",
    "ORIGINAL",
    "PSF_SIZE",
    "AverageSettings",
    "ChromaticSettings",
    "CrowdingSettings",
    "ExtentSettings",
    "OriginalSettings",
    "PsfSizeSettings",
]


@dataclass(frozen=True)
class AverageSettings:
    """The aligned average.

    Attributes
    ----------
    rounds : int
        Rounds of fitting the beads to their mean, the first of them to a Gaussian.
    draws : int
        Means of beads drawn again, whose scatter is the error: told to a sixth by 16.
    doubt : float
        Power counts as signal above so many times the variance of the noise. With 1, half of the
        voxels that hold nothing but noise would keep a part of it.
    same_bead_voxels : float
        A candidate this near along each axis is the bead itself, at its fitted position.
    """

    rounds: int = 5
    draws: int = 16
    doubt: float = 2.0
    same_bead_voxels: float = 0.5


@dataclass(frozen=True)
class PsfSizeSettings:
    """Settings of the size of a PSF.

    Attributes
    ----------
    half_widths : tuple of float
        Half the size in FWHM of a bead along z, y and x: a widefield cone of light is still seen
        there.
    least_half : tuple of int
        Half the size in voxels along z, y and x, at least: where voxels are large, what is left out
        costs most. The outermost planes of a PSF are zero.
    """

    half_widths: tuple[float, float, float] = (4.5, 8.0, 8.0)
    least_half: tuple[int, int, int] = (14, 18, 18)


@dataclass(frozen=True)
class ExtentSettings:
    """Settings of the search for the edge of the PSF.

    Attributes
    ----------
    most_beads : int
        So many of the clearest beads are looked at: their mean is five times as sure as one.
    least_beads : int
        Fewer do not tell their own scatter.
    ring_voxels : int
        Width of a ring in voxels: fewer, larger rings are surer, and box sizes are even numbers.
    clear : float
        Light stands out if it is so many times its standard error over the beads.
    margin : int
        Voxels that are added: the light ends between two rings.
    """

    most_beads: int = 32
    least_beads: int = 8
    ring_voxels: int = 2
    clear: float = 3.0
    margin: int = 2


@dataclass(frozen=True)
class CrowdingSettings:
    """When crowded beads are used all the same.

    Attributes
    ----------
    nearer_widths : tuple of float
        Where every bead has a neighbour within the usual four FWHM across, distances in FWHM that
        are tried in turn: the joint solve fits neighbouring beads together.
    """

    nearer_widths: tuple[float, ...] = (2.8, 2.0)


@dataclass(frozen=True)
class ChromaticSettings:
    """Settings of bead pairing and chromatic shift.

    Attributes
    ----------
    reach_um : float
        Beads of two channels that are farther apart along any axis, in µm, are never one.
    clip : float
        Pairs farther than this from the median shift, in robust standard deviations, are two
        beads taken for one; a normal one is so far once in two million.
    least_clip_nm : float
        But never nearer than so many nm: of equal shifts the standard deviation is nothing.
    core : float
        Where the PSF is above this share of its peak, its residuals tell how much of the beads'
        noise it has taken up.
    """

    reach_um: float = 3.0
    clip: float = 5.0
    least_clip_nm: float = 5.0
    core: float = 0.1


@dataclass(frozen=True)
class OriginalSettings:
    """The original pipeline's own numbers (docs/method.md, § 1), kept exactly.

    Attributes
    ----------
    mean_factor : float
        Its background is this times the mean of the image.
    floor : float
        What it puts, in counts, where nothing is left above the background.
    """

    mean_factor: float = 1.25
    floor: float = 0.1


AVERAGE = AverageSettings()
CHROMATIC = ChromaticSettings()
CROWDING = CrowdingSettings()
ORIGINAL = OriginalSettings()
PSF_SIZE = PsfSizeSettings()
EXTENT = ExtentSettings()
