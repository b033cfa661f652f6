"""``psfbridge deconvolve``: deconvolution of an image with a PSF."""

from __future__ import annotations

import argparse
from typing import Any

from psfbridge.cli._common import add_image_options, progress_for, say
from psfbridge.cli._options import add_options, chosen_options
from psfbridge.options import DeconvolveOptions

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("deconvolve", help="deconvolve an image with a PSF")
    parser.add_argument("image", metavar="IMAGE", help="TIFF, OME-TIFF, OME-Zarr, .npy")
    parser.add_argument(
        "--psf",
        required=True,
        nargs="+",
        metavar="PSF.tif",
        help="one PSF, one per channel, or one file with all of them",
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT", help=".tif, .ome.tif, .zarr"
    )
    add_image_options(parser)
    add_options(parser, DeconvolveOptions)
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Deconvolve, write the result and report the engine."""
    from psfbridge.deconvolution.files import deconvolve_file
    from psfbridge.imaging.read import Reading

    notes = deconvolve_file(
        args.image,
        args.psf,
        args.output,
        progress=progress_for(args.quiet),
        **chosen_options(args, Reading),
        **chosen_options(args, DeconvolveOptions),
    )
    for note in notes:
        say(note, args.quiet)
    say(f"wrote {args.output}", args.quiet)
    return 0
