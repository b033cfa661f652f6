"""``psfbridge resample``: a PSF resampled to another voxel size."""

from __future__ import annotations

import argparse
from typing import Any

from psfbridge.cli._common import add_psf_input, load_given_psf, say

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("resample", help="resample a PSF to another voxel size")
    add_psf_input(parser)
    parser.add_argument(
        "--voxel-um",
        nargs=3,
        type=float,
        required=True,
        metavar=("Z", "Y", "X"),
        help="new voxel size in µm: that of the image to be deconvolved",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Resample and write."""
    from psfbridge._util.validate import voxel_size
    from psfbridge.cli._outputs import check_outputs

    target = voxel_size(args.voxel_um)
    check_outputs([args.psf], images=[args.output])
    psf = load_given_psf(args)
    other = psf.resampled(target)
    other.save(args.output)
    for note in psf.notes:
        say(note, args.quiet)
    before, after = (" x ".join(map(str, one.data.shape)) for one in (psf, other))
    sizes = [" ".join(f"{length:g}" for length in one.voxel_um) for one in (psf, other)]
    say(f"{before} voxels of {sizes[0]} µm became {after} of {sizes[1]} µm", args.quiet)
    say(f"wrote {args.output}", args.quiet)
    return 0
