"""Settings of the bridge: time-outs, polling intervals and overlay marks."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "IMAGEJ",
    "JAVA",
    "MARKS",
    "WORKER",
    "ImageJSettings",
    "JavaSettings",
    "MarkSettings",
    "WorkerSettings",
]


@dataclass(frozen=True)
class JavaSettings:
    """Java in this process.

    Attributes
    ----------
    memory_percent : int
        Share of the memory that the machine, or its container, allows: Python needs the rest.
    end_patience_s : float
        How long threads that were told to end may take to do so, in s.
    start_patience_s : float
        How long another process may take to start, in s: its first start downloads ImageJ.
    """

    memory_percent: int = 50
    end_patience_s: float = 1.0
    start_patience_s: float = 600.0


@dataclass(frozen=True)
class ImageJSettings:
    """ImageJ's windows, status bar and macros.

    Attributes
    ----------
    status_s : float
        The status bar is told no more often, in s: ImageJ redraws at every call.
    window_poll_s : float
        How often it is looked whether ImageJ's window is closed, in s.
    macro_poll_s : float
        How often it is looked whether a macro has ended, in s.
    grace_s : float
        How long a macro that was cancelled may take to end, in s.
    """

    status_s: float = 0.05
    window_poll_s: float = 0.3
    macro_poll_s: float = 0.05
    grace_s: float = 5.0


@dataclass(frozen=True)
class WorkerSettings:
    """Settings of the Python process of a Fiji.

    Attributes
    ----------
    progress_s : float
        Progress is told no more often, in s: Fiji redraws at every report.
    sign_s : float
        While nothing is told it gives a sign of life so often, in s: Fiji waits a minute for one.
    """

    progress_s: float = 0.1
    sign_s: float = 1.0


@dataclass(frozen=True)
class MarkSettings:
    """Settings for recognising deleted bead marks.

    Attributes
    ----------
    reach_voxels : float
        Two runs with other options find a bead within so many voxels of each other: fits of one
        bead differ by less than a voxel, and used beads are further apart than this.
    """

    reach_voxels: float = 2.0


JAVA = JavaSettings()
IMAGEJ = ImageJSettings()
MARKS = MarkSettings()
WORKER = WorkerSettings()
