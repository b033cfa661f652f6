"""Settings of the numerical tools."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "PEAK",
    "RESAMPLE",
    "ROBUST",
    "PeakSettings",
    "ResampleSettings",
    "RobustSettings",
]


@dataclass(frozen=True)
class PeakSettings:
    """Newton's method for the peak of a band-limited volume.

    Attributes
    ----------
    most_steps : int
        At most so many.
    arrived : float
        The step in voxels at which it has arrived: far below what a bead's position is known to.
    """

    most_steps: int = 20
    arrived: float = 1e-5


@dataclass(frozen=True)
class ResampleSettings:
    """Another voxel size.

    Attributes
    ----------
    padding : float
        Zeros around the volume, as a share of its size: they keep its periods apart.
    """

    padding: float = 1.0


@dataclass(frozen=True)
class RobustSettings:
    """Statistics that outliers do not rule.

    Attributes
    ----------
    kept : float
        Share of the values that a trimmed mean keeps: as many outliers as a box with a neighbour's
        edge or a bent model has are among the largest tenth.
    """

    kept: float = 0.9


PEAK = PeakSettings()
RESAMPLE = ResampleSettings()
ROBUST = RobustSettings()
