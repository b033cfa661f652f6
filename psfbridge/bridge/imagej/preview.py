"""Preview of the beads while a dialog is open."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from psfbridge.bridge.commands.call import Call
from psfbridge.bridge.commands.command_result import Found
from psfbridge.bridge.commands.distill import FIND, beads_in
from psfbridge.bridge.commands.inputs import image_of
from psfbridge.bridge.commands.option_strings import read
from psfbridge.bridge.commands.registry import only_known
from psfbridge.bridge.imagej.errors import as_ours
from psfbridge.bridge.imagej.show import mark
from psfbridge.bridge.java.find import java_class
from psfbridge.bridge.java.threads import java_thread
from psfbridge.errors import Cancelled
from psfbridge.hosts import Host

__all__ = ["Preview"]

_FIND = "Find Beads..."


class Preview:
    """Finds beads behind the dialog; only the latest request counts.

    Parameters
    ----------
    imp : ij.ImagePlus
        Where the beads are found and marked.
    """

    def __init__(self, imp: Any) -> None:
        overlay = imp.getOverlay()
        self._imp = imp
        self._before = None if overlay is None else overlay.duplicate()
        self._latest = 0
        self._lock = threading.Lock()

    def show(self, texts: Mapping[str, str] | None) -> None:
        """Start to show the beads with these options; None takes them away."""
        if texts is None:
            self.end(keep=False)
            return
        number = self._next()
        java_thread(lambda: self._work(number, texts), "PSF Bridge preview").start()

    def end(self, *, keep: bool) -> None:
        """Forget whatever is still at work, and put the Overlay back unless it is kept."""
        with self._lock:
            self._latest += 1
            if not keep:
                self._imp.setOverlay(self._before)

    def _next(self) -> int:
        with self._lock:
            self._latest += 1
            return self._latest

    def _work(self, number: int, texts: Mapping[str, str]) -> None:
        """Find and mark beads; errors are shown in the status bar."""
        try:
            found = self._found(number, texts)
            with self._lock:
                if number == self._latest:
                    mark(self._imp, [found], preview=True)
                    said = f"{len(found.beads)} beads: {found.beads.sentence()}"
                    java_class("ij.IJ").showStatus(said)
        except Cancelled:
            return
        except Exception as fault:
            java_class("ij.IJ").showStatus(as_ours(fault).worded(Host.MACRO))

    def _found(self, number: int, texts: Mapping[str, str]) -> Found:
        options, host = read(only_known(texts, _FIND), FIND.options(), FIND.keys)
        source = image_of(self._imp, host)

        def check(stage: str, done: int, total: int, /) -> None:  # noqa: ARG001
            if number != self._latest:
                raise Cancelled("the settings of the dialog have changed.")

        return Found(source, beads_in(source, Call(options, host, self._imp, check)))
