"""Settings of the conversion of PSFs from other programs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "FOREIGN",
    "FORM",
    "ForeignSettings",
    "FormSettings",
]


@dataclass(frozen=True)
class ForeignSettings:
    """When a change to the PSF of another program is told.

    Parameters
    ----------
    told_move : float
        Distance of the peak from the centre in voxels. That within which a PSF is in form, so
        that what is told is what a strict reader would refuse.
    told_light : float
        Share of the light that is cut off. A thousandth changes no deconvolution that noise
        does not change more.
    told_floor : float
        Share of the light that an even floor under the PSF makes. Of vectorial and scalar
        widefield PSFs (NA 0.8 to 1.4) it is 0.09 to 0.14 in boxes of 17 voxels, 0.03 to 0.07 in 33,
        below 0.04 in 65; of confocal ones below 0.004; of a bead with a peak of 255 on an offset
        of 10 counts, in a box of 64 voxels, 0.9.
    spot_level : float
        Share of the peak above which smoothed voxels belong to a bright spot. At 0.2 theoretical
        PSFs (NA 0.8 to 1.4, up to 15 µm deep in water under oil), real single beads and every
        true PSF tried have 1 or 2 spots, nine images of beads 4 to 400, noise 200; at 0.1 noise
        around beads counts too, at 0.5 only the brightest beads do.
    spot_blur : float
        Standard deviation of that smoothing in voxels: about a bead's, which leaves it and takes
        most of the noise.
    most_spots : int
        More bright spots than this are no PSF; that of a double helix has two.
    largest_value : float
        Voxels above this are scaled down first, since products of them could overflow.
    """

    told_move: float = 0.05
    told_light: float = 1e-3
    told_floor: float = 0.15
    spot_level: float = 0.2
    spot_blur: float = 1.0
    most_spots: int = 3
    largest_value: float = 1e30


@dataclass(frozen=True)
class FormSettings:
    """The form of every PSF.

    Attributes
    ----------
    off_centre : float
        The largest distance between the peak and the central voxel, in voxels: what the
        form promises to programs that deconvolve.
    sum_tolerance : float
        By how much the sum may differ from 1: a program that summed it in single precision stays
        below.
    margin : int
        So many voxels around a PSF are kept while it is moved, fading to nothing.
    fades : tuple of float
        How far inwards the PSF fades to its zero outer planes, as parts of its half size: not at
        all, unless it is so wide for its size that its peak cannot be told otherwise.
    most_voxels : int
        No PSF is larger; it would take a wrong voxel size to make it so.
    """

    off_centre: float = 0.05
    sum_tolerance: float = 1e-3
    margin: int = 8
    fades: tuple[float, ...] = (0.0, 0.3, 0.6, 1.0)
    most_voxels: int = 2**27


FOREIGN = ForeignSettings()
FORM = FormSettings()
