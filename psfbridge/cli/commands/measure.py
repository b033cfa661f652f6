"""``psfbridge measure``: measurement of PSFs or beads."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from psfbridge.cli._common import add_image_options, read_input, say

if TYPE_CHECKING:
    from psfbridge.measurement.measures import Measures

__all__ = ["add", "run", "table"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "measure", help=("measure the FWHM and other properties of PSFs or beads")
    )
    parser.add_argument(
        "images", nargs="+", metavar="PSF.tif", help="PSFs, or images of one or more beads"
    )
    parser.add_argument(
        "--json", metavar="OUT", help=("results as JSON, keyed by file if there are several")
    )
    add_image_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from psfbridge._util.atomic_files import write_text
    from psfbridge._util.jsonable import json_text
    from psfbridge.cli._outputs import check_outputs
    from psfbridge.measurement.measures import measure

    check_outputs(args.images, files=[args.json])
    found = {}
    for path in args.images:
        image = read_input(path, args)
        found[path] = measure(image)
        if len(args.images) > 1:
            say(path)
        say("\n".join([table(found[path]), *image.notes]))
    if args.json:
        one = len(args.images) == 1
        write_text(args.json, json_text(found[args.images[0]] if one else found))
    return 0


def table(measures: Measures) -> str:
    """Return the measures as a table for people."""
    from psfbridge.measurement.table import measure_rows

    lines = [
        f"{name:<42}" + "".join(f"{cell:>10}" for cell in cells)
        for name, cells in measure_rows(measures)
    ]
    return "\n".join([f"measured: {measures.subject}", *lines, *measures.notes])
