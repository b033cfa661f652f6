"""The commands by their names.

A command is a function of one `Call`. It gives an `Outcome`, which the host shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psfbridge.bridge.calls import Command
from psfbridge.bridge.deconvolving import DECONVOLVE
from psfbridge.bridge.distilling import DISTILL, FIND
from psfbridge.bridge.keys import parse, read
from psfbridge.bridge.measuring import MEASURE

__all__ = ["COMMANDS", "only_known", "read_options"]

#: Every command by the name that macros and menus call it.
COMMANDS: dict[str, Command] = {
    "Find Beads...": FIND,
    "Distill PSF...": DISTILL,
    "Measure PSF...": MEASURE,
    "Deconvolve with PSF...": DECONVOLVE,
}


def read_options(name: str, text: str | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the options of a command from its option string, and the texts of the host's keys.

    Raises
    ------
    OptionError
        If the option string or an option in it cannot be read.
    """
    command = COMMANDS[name]
    return read(parse(text), command.options(), command.keys, command.flags)


def only_known(texts: Mapping[str, str], name: str) -> dict[str, str]:
    """Return those of another command's keys that this command takes too."""
    command = COMMANDS[name]
    known = {*command.options(), *command.keys, *command.flags}
    return {key: text for key, text in texts.items() if key in known}
