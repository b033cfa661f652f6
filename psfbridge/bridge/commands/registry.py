"""The registry of commands.

A command is a function of one `Call`. It gives an `Outcome`, which the host shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psfbridge.bridge.commands.batch_folder import BATCH
from psfbridge.bridge.commands.call import Command
from psfbridge.bridge.commands.check import CHECK
from psfbridge.bridge.commands.convert_psf import CONVERT, RESAMPLE
from psfbridge.bridge.commands.deconvolve import DECONVOLVE
from psfbridge.bridge.commands.distill import DISTILL, FIND
from psfbridge.bridge.commands.distill_field import DISTILL_FIELD
from psfbridge.bridge.commands.measure import MEASURE
from psfbridge.bridge.commands.microscope_presets import taken
from psfbridge.bridge.commands.option_strings import parse, read
from psfbridge.bridge.commands.reading_matter import ABOUT, OPEN_REPORT, help_command
from psfbridge.bridge.commands.simulate_beads import SIMULATE

__all__ = ["COMMANDS", "only_known", "read_options"]

#: Every command by the name that macros and menus call it.
COMMANDS: dict[str, Command] = {
    "Distill PSF...": DISTILL,
    "Find Beads...": FIND,
    "Measure PSF...": MEASURE,
    "Check PSF...": CHECK,
    "Deconvolve with PSF...": DECONVOLVE,
    "Distill Field...": DISTILL_FIELD,
    "Batch Folder...": BATCH,
    "Resample PSF...": RESAMPLE,
    "Convert PSF...": CONVERT,
    "Simulate Beads...": SIMULATE,
    "Open Report": OPEN_REPORT,
}
COMMANDS["PSF Bridge Help"] = help_command(dict(COMMANDS))
COMMANDS["About PSF Bridge"] = ABOUT


def read_options(name: str, text: str | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the options of a command from its option string, and the texts of the host's keys.

    Raises
    ------
    OptionError
        If the option string or an option in it cannot be read.
    """
    command = COMMANDS[name]
    values, texts = read(parse(text), command.options(), command.keys, command.flags)
    return taken(values, texts), texts


def only_known(texts: Mapping[str, str], name: str) -> dict[str, str]:
    """Return those of another command's keys that this command takes too."""
    command = COMMANDS[name]
    known = {*command.options(), *command.keys, *command.flags}
    return {key: text for key, text in texts.items() if key in known}
