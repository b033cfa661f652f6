"""Settings of batches: memory, time and the number of beads measured."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "JOINT_MEMORY",
    "PROCESSES",
    "SCATTER",
    "JointMemorySettings",
    "ProcessSettings",
    "ScatterSettings",
]


@dataclass(frozen=True)
class JointMemorySettings:
    """Memory limits of the joint fit of all files.

    Attributes
    ----------
    voxel_bytes : int
        Bytes that a solve holds for each voxel of a bead's box: counts, masks, shifted copies.
    share : float
        Of the free memory.
    """

    voxel_bytes: int = 64
    share: float = 0.5


@dataclass(frozen=True)
class ScatterSettings:
    """The scatter of the beads' widths.

    Attributes
    ----------
    most_measured : int
        More beads tell it no better: of 100 it is known to 7 %.
    """

    most_measured: int = 100


@dataclass(frozen=True)
class ProcessSettings:
    """Files side by side.

    Attributes
    ----------
    grace_s : float
        A process that was told to end has so long to take away what it had half written, in s.
    """

    grace_s: float = 0.8


JOINT_MEMORY = JointMemorySettings()
SCATTER = ScatterSettings()
PROCESSES = ProcessSettings()
