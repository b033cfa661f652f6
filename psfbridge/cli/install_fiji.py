"""``psfbridge install-fiji``: macros and menu entries for an existing Fiji."""

from __future__ import annotations

import argparse
from typing import Any

from psfbridge.cli.common import say

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "install-fiji", help="put menu entries and macros into an existing Fiji"
    )
    parser.add_argument("fiji", metavar="FIJI_DIR", help="the folder with jars and plugins in it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Copy the files, and say how to go on."""
    from psfbridge.bridge.fiji import install_into

    for path in install_into(args.fiji):
        say(f"wrote {path}")
    say(f"Now: psfbridge fiji {args.fiji}")
    say("Or, in Fiji's own Python mode: Plugins > PSF Bridge > PSF Bridge Startup.")
    return 0
