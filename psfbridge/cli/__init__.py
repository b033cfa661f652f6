"""The command line: the parser, the commands and their common error handling."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from psfbridge.cli._common import Parser
from psfbridge.cli._examples import EXAMPLES
from psfbridge.cli._logging import add_log_options, logged
from psfbridge.cli._process import Terminated, closed_stdout, prepared, to_stdout
from psfbridge.errors import OptionError, PsfBridgeError
from psfbridge.hosts import Host

__all__ = ["main"]

#: The commands, in the order in which the help lists them; each is a module in ``commands/``.
COMMANDS: tuple[str, ...] = (
    "distill",
    "beads",
    "measure",
    "deconvolve",
    "resample",
    "convert",
    "check",
    "simulate",
    "demo",
    "batch",
    "trend",
    "preset",
    "macro",
    "fiji",
    "install_fiji",
    "doctor",
    "completion",
)

#: What Python says where there is no memory for one more thread.
_NO_THREAD = "can't start new thread"


def parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser of the command line, with some of the commands or all."""
    whole = Parser(
        prog="psfbridge",
        description="Distil a microscope's point spread function from an image of beads.",
    )
    whole.add_argument(
        "--version",
        action=_Version,
        nargs=0,
        default=argparse.SUPPRESS,
        help="show program's version number and exit",
    )
    commands = whole.add_subparsers(dest="command", metavar="COMMAND")
    for name in names:
        import_module(f"psfbridge.cli.commands.{name}").add(commands)
    for name, command in commands.choices.items():
        _complete(command, EXAMPLES[name])
    return whole


class _Version(argparse.Action):
    """Look the version up when it is asked for: that takes longer than to start."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from psfbridge._version import __version__

        to_stdout(f"psfbridge {__version__}\n")
        parser.exit()


def _needed(arguments: Sequence[str]) -> Sequence[str]:
    """Return the commands whose options the first argument calls for: one, none or all."""
    first = arguments[0] if arguments else ""
    if first == "--version":
        return ()
    name = first.replace("-", "_")
    return (name,) if name in COMMANDS and name.replace("_", "-") == first else COMMANDS


def _complete(command: argparse.ArgumentParser, examples: Sequence[tuple[str, str]]) -> None:
    """Add examples and common options to a command, or to each of its actions."""
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.epilog = _worded(examples)
    actions = [one for one in command._actions if isinstance(one, argparse._SubParsersAction)]
    for name, action in (pair for one in actions for pair in one.choices.items()):
        own = [one for one in examples if f" {name} " in f" {one[1]} "]
        _complete(action, own or examples)
    if not actions:
        add_log_options(command)


def _worded(examples: Sequence[tuple[str, str]]) -> str:
    """Return examples as the end of a help page."""
    lines = [f"  # {words}\n  psfbridge {command}" for words, command in examples]
    return "\n".join(["examples:", *lines])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status.

    Returns
    -------
    int
        0 on success, 2 on a usage error, 1 on anything else, with one line on stderr; 130 after
        Ctrl-C, 143 where the system or a batch system asked it to end.
    """
    try:
        with prepared(), Host.COMMAND_LINE.active():
            given = sys.argv[1:] if arguments is None else arguments
            whole = parser(_needed(given))
            chosen = whole.parse_args(given)
            if chosen.command is None:
                to_stdout(whole.format_help())
                return 0
            with logged(chosen):
                return chosen.run(chosen) or 0
    except BrokenPipeError:
        # The reader of a pipe had enough; that is no fault.
        closed_stdout()
        return 0
    except (PsfBridgeError, MemoryError, KeyboardInterrupt, RuntimeError) as fault:
        if type(fault) is RuntimeError and str(fault) != _NO_THREAD:
            raise
        line, status = _verdict(fault)
        print(line, file=sys.stderr)
        return status


def _verdict(fault: BaseException) -> tuple[str, int]:
    """Return the one line that says what failed, and the exit status."""
    if isinstance(fault, Terminated):
        return "Cancelled: terminated by the system; no incomplete file was left behind.", 143
    if isinstance(fault, KeyboardInterrupt):
        return "Cancelled: stopped by Ctrl-C; no incomplete file was left behind.", 130
    if isinstance(fault, MemoryError) or str(fault) == _NO_THREAD:
        return "MemoryError: out of memory. Close other programs, or use a smaller image.", 1
    text = fault.worded(Host.COMMAND_LINE) if isinstance(fault, PsfBridgeError) else str(fault)
    return f"{type(fault).__name__}: {text}", 2 if isinstance(fault, OptionError) else 1
