"""``psfbridge completion``: scripts for shell completion."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from psfbridge.cli._common import say

__all__ = ["add", "run"]

#: What a value is called in the help where it is a file or a folder.
_FILES = ("IMAGE", "PSF", "FILE", "HISTORY", "MACRO.ijm")
_FOLDERS = ("DIR", "FIJI_DIR", "WHERE")


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("completion", help="print the script for shell completion")
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="the shell")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    from psfbridge.cli import parser

    whole = parser()
    for action in _actions(whole):
        name = action.metavar if isinstance(action.metavar, str) else ""
        if name in _FOLDERS:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif name in _FILES or "." in name:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    say(shtab.complete(whole, args.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield every option and argument of a parser and of its commands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from _actions(one)
