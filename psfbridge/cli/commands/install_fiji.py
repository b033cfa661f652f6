"""``psfbridge install-fiji``: installation of plug-in and macros in a Fiji folder."""

from __future__ import annotations

import argparse
from typing import Any

from psfbridge.cli._common import say

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "install-fiji", help="install the plug-in and macros in an existing Fiji or ImageJ"
    )
    parser.add_argument(
        "fiji",
        metavar="FIJI_DIR",
        help="the Fiji folder (the one that contains plugins), or a .zip to write, for unpacking "
        "into a Fiji folder on a computer without Python",
    )
    parser.add_argument("--remove", action="store_true", help="remove them again")
    parser.add_argument(
        "--wheel", metavar="FILE", help="for a .zip: the psfbridge wheel to include"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Copy the files or take them away, and say how to go on."""
    from psfbridge.bridge.fiji import installer

    if args.fiji.lower().endswith(".zip") and not args.remove:
        say(f"wrote {installer.write_zip(args.fiji, args.wheel)}")
        say("Unpack it in the Fiji folder; the first command that is run there installs Python.")
        return 0
    if args.remove:
        for path in installer.remove_from(args.fiji):
            say(f"removed {path}")
        return 0
    for path in installer.install_into(args.fiji):
        say(f"wrote {path}")
    missing = installer.missing_for()
    for sentence in missing:
        say(f"missing: {sentence}")
    if not missing:
        say(
            "Now start Fiji: the commands are under Plugins > PSF Bridge and can be used in macros."
        )
    say(f"psfbridge fiji {args.fiji} opens it in the same process as Python.")
    return 0
