"""``psfbridge measure``: the figures of a PSF or of beads."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from psfbridge.cli._common import add_image_options, read_input, say

if TYPE_CHECKING:
    from psfbridge.measurement.measures import Measures

__all__ = ["add", "run", "table"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("measure", help="FWHM and friends of a PSF or of beads")
    parser.add_argument("image", metavar="PSF.tif", help="a PSF, or an image of one bead or many")
    parser.add_argument("--json", metavar="OUT", help="write the figures as JSON too")
    add_image_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from psfbridge._util.atomic_files import write_text
    from psfbridge._util.jsonable import json_text
    from psfbridge.cli._outputs import check_outputs
    from psfbridge.measurement.measures import measure

    check_outputs([args.image], files=[args.json])
    image = read_input(args.image, args)
    measures = measure(image)
    if args.json:
        write_text(args.json, json_text(measures))
    say("\n".join([table(measures), *image.notes]))
    return 0


def table(measures: Measures) -> str:
    """Return the measures as a table for people."""
    from psfbridge.measurement.table import measure_rows

    lines = [
        f"{name:<42}" + "".join(f"{cell:>10}" for cell in cells)
        for name, cells in measure_rows(measures)
    ]
    return "\n".join([f"measured: {measures.subject}", *lines, *measures.notes])
