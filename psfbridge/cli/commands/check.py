"""``psfbridge check``: test whether a PSF explains the beads of an image."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from psfbridge.cli._common import add_image_options, progress_for, read_input, say
from psfbridge.cli._options import add_options, chosen_options
from psfbridge.evaluation.settings import CHECK, MISFIT
from psfbridge.options import PSF_OPTIONS, DeconvolveOptions, DistillOptions

if TYPE_CHECKING:
    from psfbridge.evaluation.check import Check

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "check", help=("test whether a PSF explains the beads of an image")
    )
    parser.add_argument("psf", metavar="PSF.tif")
    parser.add_argument("image", metavar="IMAGE", help="beads: TIFF, OME-TIFF, OME-Zarr, .npy")
    add_image_options(parser)
    add_options(
        parser, DistillOptions, names=["bead_diameter_um"], defaults={"bead_diameter_um": 0.0}
    )
    parser.add_argument(
        "--picture",
        metavar="OUT.png",
        help=("figure of the beads, the model and the deconvolved beads"),
    )
    parser.add_argument("--json", metavar="OUT.json", help="results for every bead")
    # The deconvolution of the beads that are shown.
    checked = {"iterations": CHECK.iterations, "engine": "cpu"}
    add_options(parser, DeconvolveOptions, names=(*checked, *PSF_OPTIONS), defaults=checked)
    parser.add_argument(
        "--fail-over",
        type=float,
        metavar="PERCENT",
        help="exit with status 1, and answer no, if the error of the PSF beyond noise exceeds this "
        "(without it, the answer is no above 12)",
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check, draw, and say what was found."""
    from psfbridge.cli._outputs import check_outputs
    from psfbridge.errors import OptionError, QualityError
    from psfbridge.evaluation.check import check

    if args.fail_over is not None and not 0 < args.fail_over <= 100:
        raise OptionError(
            option="fail_over", found=f"{args.fail_over:g}", allowed="a percentage above 0"
        )

    check_outputs([args.psf, args.image], files=[args.json], pictures=[args.picture])
    found = check(
        args.psf,
        read_input(args.image, args),
        bead_diameter_um=args.bead_diameter_um,
        progress=progress_for(args.quiet),
        **chosen_options(args, DeconvolveOptions),
    )
    _write(found, args)
    limit = MISFIT.most_error if args.fail_over is None else args.fail_over / 100
    say(found.answer(limit), args.quiet, "good" if found.explains(limit) else "bad")
    for line in (*found.notes, *found.sentences()):
        say(line, args.quiet)
    if args.fail_over is not None and not found.explains(limit):
        raise QualityError(found.answer(limit), remedy="This exceeds --fail-over.")
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
