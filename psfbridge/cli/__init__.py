"""The command line: one file for each command, and here what they share at the door."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from psfbridge.cli.common import Parser
from psfbridge.errors import Cancelled, OptionError, PsfBridgeError

__all__ = ["main"]

#: The commands, in the order in which the help lists them; each is a module beside this one.
COMMANDS: tuple[str, ...] = ("distill", "beads", "measure", "simulate", "deconvolve")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    from psfbridge import __version__

    whole = Parser(
        prog="psfbridge",
        description="Distil a microscope's point spread function from an image of beads.",
    )
    whole.add_argument("--version", action="version", version=f"psfbridge {__version__}")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        import_module(f"psfbridge.cli.{name}").add(commands)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status.

    Returns
    -------
    int
        0 on success, 2 on a usage error, 1 on anything else, with one line on stderr; 130 after
        Ctrl-C.
    """
    try:
        chosen = parser().parse_args(arguments)
        status: int = chosen.run(chosen) or 0
    except OptionError as fault:
        return _said(fault, 2)
    except Cancelled as fault:
        return _said(fault, 1)
    except PsfBridgeError as fault:
        return _said(fault, 1)
    except MemoryError as fault:
        return _said(fault, 1, "out of memory: close other programs, or take a smaller image.")
    except KeyboardInterrupt as fault:
        return _said(fault, 130, "stopped by Ctrl-C; nothing was written.")
    except BrokenPipeError:
        return 0
    return status


def _said(fault: BaseException, status: int, line: str = "") -> int:
    print(f"{type(fault).__name__}: {line or fault}", file=sys.stderr)
    return status
