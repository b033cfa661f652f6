"""The commands by their names.

A command is a function of one `Call`. It gives an `Outcome`, which the host shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psfbridge.bridge.commands.call import Command
from psfbridge.bridge.commands.deconvolve import DECONVOLVE
from psfbridge.bridge.commands.distill import DISTILL, FIND
from psfbridge.bridge.commands.measure import MEASURE
from psfbridge.bridge.commands.option_strings import parse, read

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
