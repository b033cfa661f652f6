"""``psfbridge convert``: conversion of PSFs between the formats of programs."""

from __future__ import annotations

import argparse
from typing import Any

from psfbridge.cli._common import add_psf_input, load_given_psf, say

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "convert", help=("convert a PSF to the format of another program")
    )
    add_psf_input(parser)
    parser.add_argument(
        "--form",
        default="odd,float32,sum",
        metavar="WORDS",
        help="target format: odd or even; float32, uint16 or uint8; normalised to sum or peak. For "
        "cudaDecon even,uint16,peak; default odd,float32,sum",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, bring into form, and write."""
    from psfbridge._util.jsonable import json_text
    from psfbridge.cli._outputs import check_outputs
    from psfbridge.imaging.write import write_image
    from psfbridge.psf.forms import Form

    form = Form.of(args.form)
    check_outputs([args.psf], images=[args.output])
    psf = load_given_psf(args)
    if form == Form():
        psf.save(args.output)
    else:
        write_image(args.output, form.image(psf), info=json_text(psf.provenance))
    for note in psf.notes:
        say(note, args.quiet)
    say(f"wrote {args.output}", args.quiet)
    return 0
