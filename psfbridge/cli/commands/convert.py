"""``psfbridge convert``: a PSF of any program in, a PSF in form out."""

from __future__ import annotations

import argparse
from typing import Any

from psfbridge.cli._common import add_psf_options, say

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("convert", help="bring the PSF of any program into form")
    parser.add_argument("psf", metavar="PSF", help="of any program: TIFF, OME-TIFF, OME-Zarr, .npy")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.tif", help="where it goes")
    parser.add_argument("--channel", type=int, metavar="N", help="of a file with several PSFs")
    add_psf_options(parser)
    parser.add_argument("--quiet", action="store_true", help="say nothing but errors")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, bring into form, and write."""
    from psfbridge.cli._outputs import check_outputs
    from psfbridge.psf.psf import PSF

    check_outputs([args.psf], images=[args.output])
    psf = PSF.load(
        args.psf,
        args.channel,
        conform=True,
        voxel_um=args.psf_voxel_um,
        background=args.psf_background or "none",
    )
    psf.save(args.output)
    for note in psf.notes:
        say(note, args.quiet)
    say(f"wrote {args.output}", args.quiet)
    return 0
