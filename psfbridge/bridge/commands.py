"""The commands by their names.

A command is a function of one `Call`. It shows its results in ImageJ, and returns the figures that
``Ext.psfGet`` gives to macros.
"""

from __future__ import annotations

from typing import Any

from psfbridge.bridge.calls import Call, Command
from psfbridge.bridge.deconvolving import DECONVOLVE
from psfbridge.bridge.distilling import DISTILL, FIND
from psfbridge.bridge.keys import parse, read
from psfbridge.bridge.measuring import MEASURE
from psfbridge.bridge.summary import Figures
from psfbridge.progress import Progress, no_progress

__all__ = ["COMMANDS", "called"]

#: Every command by the name that macros and menus call it.
COMMANDS: dict[str, Command] = {
    "Find Beads...": FIND,
    "Distill PSF...": DISTILL,
    "Measure PSF...": MEASURE,
    "Deconvolve with PSF...": DECONVOLVE,
}


def called(
    name: str, text: str | None, progress: Progress = no_progress, imp: Any = None
) -> Figures:
    """Run a command with an option string and return its figures.

    Raises
    ------
    PsfBridgeError
        If an option, the image or the work fails; before anything was shown.
    """
    command = COMMANDS[name]
    options, texts = read(parse(text), command.options(), command.keys, command.flags)
    return command.run(Call(options, texts, imp, progress).on_open_image())
