"""``psfbridge macro``: execution of an ImageJ macro with the commands installed."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from psfbridge._util.validate import number
from psfbridge.cli._common import say
from psfbridge.errors import OptionError
from psfbridge.hosts import Host

__all__ = ["add", "add_imagej_options", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("macro", help="run an ImageJ macro that uses psfbridge")
    parser.add_argument("macro", metavar="MACRO.ijm", help="the macro file; - reads it from stdin")
    parser.add_argument(
        "argument",
        nargs="?",
        default="",
        metavar="ARG",
        help=("text returned by getArgument() in the macro"),
    )
    parser.add_argument("--image", metavar="IMAGE", help="image to open before the macro runs")
    add_imagej_options(parser)
    parser.add_argument("--gui", action="store_true", help="show the ImageJ window")
    parser.add_argument(
        "--timeout",
        type=float,
        metavar="S",
        help="stop the macro if it shows no activity for this many seconds (default 60, with --gui "
        "never); 0 for never",
    )
    parser.add_argument("--quiet", action="store_true", help="print only what the macro returns")
    parser.set_defaults(run=run)


def add_imagej_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that start ImageJ."""
    parser.add_argument(
        "--imagej",
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


def run(args: argparse.Namespace) -> int:
    """Run the macro, print what it writes, and what it returns last."""
    from psfbridge.bridge.imagej.install import start
    from psfbridge.bridge.imagej.run_macro import read_macro, run_macro

    macro = read_macro(args.macro)
    timeout_s = _timeout(args)
    mode = "gui" if args.gui else "headless"
    host = start(args.imagej, mode=mode, memory_gib=args.memory_gib)
    say(str(host), args.quiet)
    echo = _silent if args.quiet else _echo
    try:
        result = run_macro(macro, args.argument, image=args.image, timeout_s=timeout_s, echo=echo)
    except OptionError as fault:
        # An option in the macro is wrong, not one of this command line: that would be status 2.
        print(f"{type(fault).__name__}: {fault.worded(Host.MACRO)}", file=sys.stderr)
        return 1
    if result.errors:
        print(result.errors, file=sys.stderr, end="")
    say(result.value)
    return 0


def _timeout(args: argparse.Namespace) -> float | None:
    if args.timeout is None:
        return None if args.gui else 60.0
    return number("timeout", args.timeout, least=0) or None


def _echo(text: str) -> None:
    print(text, end="", flush=True)


def _silent(text: str) -> None:
    """Discard the output of the macro."""
