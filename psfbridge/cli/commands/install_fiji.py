"""``psfbridge install-fiji``: the plug-in and macros for an existing Fiji."""

from __future__ import annotations

import argparse
from typing import Any

from psfbridge.cli._common import say

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "install-fiji", help="put the plug-in and macros into an existing Fiji or ImageJ"
    )
    parser.add_argument(
        "fiji",
        metavar="FIJI_DIR",
        help="the folder that holds plugins; or the name of a .zip to write, which is unpacked "
        "into that of a Fiji that has no Python",
    )
    parser.add_argument("--remove", action="store_true", help="take them out again")
    parser.add_argument(
        "--wheel", metavar="FILE", help="for a .zip: psfbridge's wheel, to be installed from it"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Copy the files or take them away, and say how to go on."""
    from psfbridge.bridge.fiji import installer

    if args.fiji.lower().endswith(".zip") and not args.remove:
        say(f"wrote {installer.write_zip(args.fiji, args.wheel)}")
        say("Unpack it in the folder of a Fiji: the first command installs Python for it.")
        return 0
    if args.remove:
        for path in installer.remove_from(args.fiji):
            say(f"took away {path}")
        return 0
    for path in installer.install_into(args.fiji):
        say(f"wrote {path}")
    missing = installer.missing_for()
    for sentence in missing:
        say(f"missing: {sentence}")
    if not missing:
        say("Now start Fiji: the commands are under Plugins > PSF Bridge, and in every macro.")
    say(f"psfbridge fiji {args.fiji} opens it in one process with Python.")
    return 0
