"""Numbers that steer how images are cut into tiles and PSFs matched to them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "MATCHING",
    "TILES",
    "MatchingSettings",
    "TileSettings",
]


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
    """How an image is cut.

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


MATCHING = MatchingSettings()
TILES = TileSettings()
