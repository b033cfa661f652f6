"""What a command is, and one call of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from psfbridge.bridge.inputs import HOST_KEYS, open_image
from psfbridge.bridge.keys import Options
from psfbridge.bridge.summary import Figures
from psfbridge.progress import Progress, no_progress

__all__ = ["Call", "Command"]


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a command.

    Parameters
    ----------
    options : mapping
        Options as the Python function of the command takes them.
    texts : mapping
        The texts of the host's keys: part of the image, files to write.
    imp : ij.ImagePlus, optional
        What to work on; by default the active image.
    progress : Progress
        Where to report.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    imp: Any = None
    progress: Progress = no_progress

    def on_open_image(self) -> Call:
        """Return the call with its image found."""
        return replace(self, imp=open_image(self.imp))


@dataclass(frozen=True)
class Command:
    """A command: its work, the keys that it takes, and whether its dialog shows the beads."""

    run: Callable[[Call], Figures]
    options: Callable[[], Options]
    keys: tuple[str, ...] = HOST_KEYS
    flags: tuple[str, ...] = ()
    previews: bool = False
