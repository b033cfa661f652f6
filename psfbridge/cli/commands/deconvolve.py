"""``psfbridge deconvolve``: an image and its PSF in, a sharper image out."""

from __future__ import annotations

import argparse
from typing import Any

from psfbridge.cli._common import add_image_options, chosen_reading, progress_for, say
from psfbridge.options import ENGINES

__all__ = ["add", "run"]

#: Options of the command line that are fields of `DeconvolveOptions`.
_FIELDS = ("iterations", "tv", "engine", "device", "accelerate", "stop", "tile_um")


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("deconvolve", help="deconvolve an image with a PSF")
    parser.add_argument("image", metavar="IMAGE", help="TIFF, OME-TIFF, OME-Zarr, .npy")
    parser.add_argument(
        "--psf",
        required=True,
        nargs="+",
        metavar="PSF.tif",
        help="one, one for each channel, or a file with all of them",
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT", help=".tif, .ome.tif, .zarr"
    )
    add_image_options(parser)
    parser.add_argument("--iterations", type=int, metavar="N", help="50 by default")
    parser.add_argument("--tv", type=float, metavar="λ", help="total variation, for instance 0.002")
    parser.add_argument("--accelerate", action="store_true", default=None, help="CPU engine only")
    parser.add_argument(
        "--stop", choices=("iterations", "discrepancy"), help="discrepancy: at the image's noise"
    )
    parser.add_argument("--engine", choices=ENGINES)
    parser.add_argument("--device", metavar="NAME", help="number or name of an OpenCL device")
    parser.add_argument(
        "--tile-um", nargs=3, type=float, metavar=("Z", "Y", "X"), help="size of the tiles in µm"
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing but errors")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Deconvolve, write, and say where it ran."""
    from psfbridge.deconvolution.files import deconvolve_file

    options = {name: getattr(args, name) for name in _FIELDS if getattr(args, name) is not None}
    notes = deconvolve_file(
        args.image,
        args.psf,
        args.output,
        reading=chosen_reading(args),
        progress=progress_for(args.quiet),
        **options,
    )
    for note in notes:
        say(note, args.quiet)
    say(f"wrote {args.output}", args.quiet)
    return 0
