"""Settings of Richardson-Lucy, with the evidence for each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "BLOCKS",
    "ITERATION",
    "OPENCL",
    "SELF_CHECK",
    "VARIATION",
    "BlockSettings",
    "IterationSettings",
    "OpenCLSettings",
    "SelfCheckSettings",
    "VariationSettings",
]


@dataclass(frozen=True)
class IterationSettings:
    """The iteration.

    Attributes
    ----------
    least_seen : float
        Where less than this part of a voxel's light falls into the image, nothing is said of it.
        Bertero and Boccacci 2005 (A&A 437, 369) take 0.01; this is as far as float32 carries, and
        keeps a flat field flat up to its corners.
    least_light : float
        What a blurred estimate is divided by at least, so that the ratio stays finite in float32.
    look_every : int
        After how many iterations the residual is compared with the noise: each comparison costs a
        pass over the image.
    least_noise : float
        A voxel's noise is taken as this share of the brightest voxel at least: so fine are values
        in single precision. It must follow the image's scale, or values that are small throughout
        seem explained from the start.
    least_kept : float
        An extrapolated voxel keeps this part of its value: one at 0 could never rise again.
    """

    least_seen: float = 0.001
    least_light: float = 1e-25
    look_every: int = 5
    least_noise: float = 1e-7
    least_kept: float = 0.01


@dataclass(frozen=True)
class BlockSettings:
    """Pieces of a volume that are worked on at once.

    Attributes
    ----------
    slab_voxels : int
        In the cache, and few enough slabs to hand out.
    variation_planes, variation_rows : int
        One block of the total variation: its helpers stay in the cache, its margin costs little.
    variation_helpers : int
        How many arrays of that size there are at once, measured.
    """

    slab_voxels: int = 1 << 17
    variation_planes: int = 8
    variation_rows: int = 32
    variation_helpers: int = 14


@dataclass(frozen=True)
class OpenCLSettings:
    """clij2-fft on an OpenCL device.

    Attributes
    ----------
    copies : int
        float32 copies of the frame that clij2-fft and clFFT hold, with some to spare.
    call_s : float
        One call of native code runs no longer than this where it can, so that progress and
        cancelling work. Each call costs about an iteration more.
    most_growth : int
        How much more a call does than the one before it: a GPU is soon at full speed.
    """

    copies: int = 11
    call_s: float = 2.0
    most_growth: int = 8


@dataclass(frozen=True)
class SelfCheckSettings:
    """The small problem that an engine solves before it is believed.

    Attributes
    ----------
    tolerance : float
        Largest difference from the CPU engine, as a part of its largest voxel.
    iterations : int
        Enough for a wrong step to show.
    """

    tolerance: float = 1e-3
    iterations: int = 3


@dataclass(frozen=True)
class VariationSettings:
    """The total variation.

    Attributes
    ----------
    z_step : float
        A plane counts as so many pixels apart, as in clij2-fft: the two then give one result.
    """

    z_step: float = 3.0


BLOCKS = BlockSettings()
ITERATION = IterationSettings()
OPENCL = OpenCLSettings()
SELF_CHECK = SelfCheckSettings()
VARIATION = VariationSettings()
