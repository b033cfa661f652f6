"""``psfbridge check``: tell whether a PSF explains an image of beads."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from psfbridge.cli._common import add_image_options, progress_for, read_input, say
from psfbridge.options import ENGINES

if TYPE_CHECKING:
    from psfbridge.evaluation.check import Check

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("check", help="does this PSF explain these beads?")
    parser.add_argument("psf", metavar="PSF.tif")
    parser.add_argument("image", metavar="IMAGE", help="beads: TIFF, OME-TIFF, OME-Zarr, .npy")
    add_image_options(parser)
    parser.add_argument(
        "--bead-diameter-um",
        type=float,
        default=0.0,
        metavar="D",
        help="of the beads, where the PSF was distilled with it; 0 is a point",
    )
    parser.add_argument("--picture", metavar="OUT.png", help="beads, model, deconvolved beads")
    parser.add_argument("--json", metavar="OUT.json", help="the figures of every bead")
    parser.add_argument("--iterations", type=int, metavar="N", default=20)
    parser.add_argument("--engine", choices=ENGINES, default="cpu")
    parser.add_argument("--quiet", action="store_true", help="say nothing but errors")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check, draw, and say what was found."""
    from psfbridge.cli._outputs import check_outputs
    from psfbridge.evaluation.check import check

    check_outputs([args.psf, args.image], files=[args.json], pictures=[args.picture])
    found = check(
        args.psf,
        read_input(args.image, args),
        bead_diameter_um=args.bead_diameter_um,
        iterations=args.iterations,
        engine=args.engine,
        progress=progress_for(args.quiet),
    )
    _write(found, args)
    for line in (*found.notes, *found.sentences()):
        say(line, args.quiet)
    return 0


def _write(found: Check, args: argparse.Namespace) -> None:
    from psfbridge._util.atomic_files import whole_file, write_text
    from psfbridge._util.jsonable import json_text

    if args.json:
        write_text(args.json, json_text(found.figures()))
    if args.picture:
        from psfbridge.report.check_figure import plot_check

        with whole_file(args.picture) as path:
            plot_check(found).savefig(path)
