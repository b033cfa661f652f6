"""ImageJ's status bar, progress bar, log and Escape key."""

from __future__ import annotations

import time
from collections.abc import Callable

from psfbridge.bridge.java.find import java_class
from psfbridge.bridge.settings import IMAGEJ
from psfbridge.errors import Cancelled

__all__ = ["ImageJProgress", "log"]


class ImageJProgress:
    """Shows how far work is in ImageJ's own bar; Escape cancels it.

    Parameters
    ----------
    alive : callable, optional
        Called at every report: a sign of life for whoever waits.
    """

    def __init__(self, alive: Callable[[], None] = lambda: None) -> None:
        self._ij = java_class("ij.IJ")
        self._alive = alive
        self._stage = ""
        self._shown = 0.0

    def __call__(self, stage: str, done: int, total: int, /) -> None:
        """Show that `done` of `total` steps of `stage` are done.

        Raises
        ------
        Cancelled
            If Escape was pressed.
        """
        self._alive()
        if self._ij.escapePressed():
            raise Cancelled(f"cancelled by Escape while {stage}; nothing was changed.")
        now = time.monotonic()
        if stage != self._stage:
            self._stage = stage
            self._ij.showStatus(f"PSF Bridge: {stage}...")
        elif now - self._shown < IMAGEJ.status_s and done < total:
            return
        self._shown = now
        self._ij.showProgress(done / max(total, 1))

    def close(self) -> None:
        """Take the bar away."""
        self._ij.showProgress(1.0)


def log(line: str) -> None:
    """Write a line to ImageJ's Log."""
    java_class("ij.IJ").log(line)
