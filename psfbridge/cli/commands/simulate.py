"""``psfbridge simulate``: a bead field with known ground truth."""

from __future__ import annotations

import argparse
from typing import Any

from psfbridge.cli._options import add_options, chosen_options
from psfbridge.options import Optics
from psfbridge.simulation.scene import SCENES, Scene, scene

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser(
        "simulate",
        help="simulate a bead field with known ground truth",
        description="Simulate a bead field. Writes image.tif, psf.tif and beads.csv.",
    )
    command.add_argument("-o", "--output", required=True, metavar="DIR", help="output folder")
    command.add_argument(
        "--scene",
        default="bright",
        metavar="NAME",
        help=f"scene to start from, modified by the options: {', '.join(SCENES)} (default bright)",
    )
    command.add_argument("--quiet", action="store_true", help="print nothing")
    add_options(command, Scene)
    add_options(command, Optics)
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Simulate, and write the files."""
    from psfbridge._util.atomic_files import check_makeable
    from psfbridge.cli._common import say
    from psfbridge.simulation.simulate import simulate

    scene = _scene(args)
    check_makeable(args.output)
    field = simulate(scene)
    field.save(args.output)
    nz, ny, nx = field.image.data.shape
    say(f"{args.output}: image.tif {nz} x {ny} x {nx}, psf.tif, beads.csv", args.quiet)
    say(f"beads: {field.beads.sentence()}", args.quiet)


def _scene(args: argparse.Namespace) -> Any:
    """Return the named scene with what was given on the command line."""
    from dataclasses import replace

    start = scene(args.scene)
    optics = replace(start.optics, **chosen_options(args, Optics))
    return replace(start, **chosen_options(args, Scene), optics=optics)
