"""``psfbridge fiji``: ImageJ or Fiji with the commands installed."""

from __future__ import annotations

import argparse
from typing import Any

from psfbridge.cli._common import say

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("fiji", help="open ImageJ or Fiji with the psfbridge commands")
    parser.add_argument(
        "where",
        nargs="?",
        default="plain",
        metavar="WHERE",
        help=(
            "plain (ImageJ 1.x, the default), a Fiji folder, an ImageJ2 version, or Maven "
            "coordinates"
        ),
    )
    parser.add_argument(
        "--memory-gib",
        type=float,
        metavar="N",
        help=("memory for Java (default half of the total)"),
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open the window, and wait until it is closed."""
    from psfbridge.bridge.imagej.install import start
    from psfbridge.bridge.imagej.window import wait_for_window

    host = start(args.where, mode="gui", memory_gib=args.memory_gib)
    say(str(host), args.quiet)
    say(
        "The commands are under Plugins > PSF Bridge. Close the ImageJ window to finish.",
        args.quiet,
    )
    wait_for_window(host)
    return 0
