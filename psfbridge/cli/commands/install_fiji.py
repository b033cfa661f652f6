"""``psfbridge install-fiji``: macros and menu entries for an existing Fiji."""

from __future__ import annotations

import argparse
from typing import Any

from psfbridge.cli._common import say

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "install-fiji", help="put menu entries and macros into an existing Fiji"
    )
    parser.add_argument("fiji", metavar="FIJI_DIR", help="the folder with jars and plugins in it")
    parser.add_argument("--remove", action="store_true", help="take them out again")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Copy the files or take them away, and say how to go on."""
    from psfbridge.bridge.fiji.installer import install_into, missing_in, remove_from

    if args.remove:
        for path in remove_from(args.fiji):
            say(f"took away {path}")
        return 0
    for path in install_into(args.fiji):
        say(f"wrote {path}")
    missing = missing_in(args.fiji)
    for sentence in missing:
        say(f"missing: {sentence}")
    if missing:
        say("Until then the commands are there only in a Fiji that Python starts:")
    else:
        say("Now start Fiji: the commands are under Plugins > PSF Bridge, and in every macro.")
    say(f"psfbridge fiji {args.fiji} opens it in one process with Python.")
    return 0
