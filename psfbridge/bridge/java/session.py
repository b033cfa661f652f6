"""State between commands: the most recent values, the last error and signs of activity."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from psfbridge.errors import PsfBridgeError

__all__ = ["Session", "session"]


class Session:
    """The memory of the bridge in this process; one for each ImageJ, so one."""

    def __init__(self) -> None:
        #: Figures for ``Ext.psfGet``, each from the last command that gave it.
        self.figures: Mapping[str, float | str] = {}
        #: Why the last command failed, for whoever runs a macro.
        self.fault: PsfBridgeError | None = None
        #: The interpreter of the macro that is run from Python, where one is.
        self.macro: Any = None
        #: What must stay referenced while ImageJ holds it: listener, menu, extensions.
        self.kept: dict[str, Any] = {}
        #: Asked by every progress report; raises to cancel.
        self.check: Callable[[], None] = _nothing
        self._seen = time.monotonic()

    def alive(self) -> None:
        """Note a sign of life, and let whoever waits cancel the work."""
        self._seen = time.monotonic()
        self.check()

    def silent_for(self) -> float:
        """Return the seconds since the last sign of life."""
        return time.monotonic() - self._seen


def _nothing() -> None:
    """Cancel nothing."""


session = Session()
