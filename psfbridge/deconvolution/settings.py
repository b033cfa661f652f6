"""Settings of tiling, PSF matching and far light."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "BACKGROUND",
    "FAR_LIGHT",
    "MATCHING",
    "TILES",
    "BackgroundSettings",
    "FarLightSettings",
    "MatchingSettings",
    "TileSettings",
]


@dataclass(frozen=True)
class BackgroundSettings:
    """Settings of the background estimate.

    Attributes
    ----------
    planes : int
        From so many planes, spread over the volume, which need not fit into memory. In 20 stacks
        (5 real, 7 of faulty cameras, 8 simulated) their background differs from that of all planes
        by 0.11 % of how high the brightest thousandth of the voxels stands over it at most, that of
        3 planes by 0.73 %, of 5 by 0.41 %.
    """

    planes: int = 9


@dataclass(frozen=True)
class MatchingSettings:
    """When a PSF fits an image as it is.

    Attributes
    ----------
    same_voxel : float
        Voxel sizes that differ by less than this share count as one: files round them.
    same_extent : float
        Extents that differ by less than this share are the same field.
    """

    same_voxel: float = 1e-3
    same_extent: float = 0.02


@dataclass(frozen=True)
class TileSettings:
    """Settings of the tiles.

    Attributes
    ----------
    halo_psf_radii : int
        Tiles overlap by so many half sizes of the PSF on each side: further than that a voxel of
        the image has hardly any say in the result.
    memory_share : float
        The part of the free memory that a tile may take: other programs need some.
    """

    halo_psf_radii: int = 3
    memory_share: float = 0.8


@dataclass(frozen=True)
class FarLightSettings:
    """Settings of the light outside the PSF box.

    Attributes
    ----------
    complete : float
        Share of a point's light inside the box from which nothing is done: less than the half
        percent by which the light of the focal plane is known.
    boxes : int
        The PSF's box is this many coarse voxels wide: light that far out is that smooth.
    iterations : int
        Of the coarse deconvolution that tells where the light comes from. Where it lies within a
        coarse voxel does not matter, so few are enough.
    reach : int
        Light is followed up to so many boxes from where it comes from; beyond it is hardly more
        than a level.
    """

    complete: float = 0.995
    boxes: int = 9
    iterations: int = 20
    reach: int = 4


FAR_LIGHT = FarLightSettings()
BACKGROUND = BackgroundSettings()
MATCHING = MatchingSettings()
TILES = TileSettings()
