"""``psfbridge preset``: presets of microscopes and objectives."""

from __future__ import annotations

import argparse
from typing import Any

from psfbridge.cli._common import say
from psfbridge.cli._options import add_options, chosen_options
from psfbridge.evaluation.about import About
from psfbridge.evaluation.tolerances import Tolerances
from psfbridge.options import DistillOptions, Optics

__all__ = ["add", "apply_preset", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    from psfbridge.imaging.read import Reading

    parser = subparsers.add_parser(
        "preset",
        help="list, show or save presets of microscopes and objectives",
        description="Presets store optics, bead size, tolerances, operator and site in a TOML "
        "file (set PSFBRIDGE_PRESETS to use another file). Use them with distill and batch: "
        "--preset NAME.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="list the names of all presets").set_defaults(run=run)
    show = actions.add_parser("show", help="show the values of a preset")
    show.add_argument("name", metavar="NAME")
    show.set_defaults(run=run)
    save = actions.add_parser("save", help="save the given options as a preset")
    save.add_argument("name", metavar="NAME")
    save.add_argument(
        "--from",
        dest="file",
        metavar="IMAGE",
        help=(
            "read microscope, objective and wavelengths from the metadata of this file; options "
            "take precedence"
        ),
    )
    add_options(save, Reading, names=["channel", "series"])
    add_options(save, Optics)
    add_options(save, DistillOptions, names=["bead_diameter_um"])
    add_options(save, About)
    add_options(save, Tolerances)
    save.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List, show or save."""
    from psfbridge.evaluation import presets

    if args.action == "list":
        for name in presets.preset_names():
            say(name)
    elif args.action == "show":
        for key, value in presets.preset_values(args.name).items():
            say(f"{key}: {value}")
    else:
        records = (Optics, DistillOptions, About, Tolerances)
        said = _of_file(args)
        given = {k: v for record in records for k, v in chosen_options(args, record).items()}
        path = presets.save_preset(args.name, said | given)
        if said:
            words = ", ".join(f"{key} {value}" for key, value in said.items())
            say(f"{args.file} says: {words}")
        say(f"saved {args.name!r} in {path}")
    return 0


def _of_file(args: argparse.Namespace) -> dict[str, Any]:
    """Return what the file named says, if one is."""
    from psfbridge.evaluation.presets import file_values
    from psfbridge.imaging.read import Reading

    if args.file is None:
        return {}
    return file_values(args.file, **chosen_options(args, Reading))


def apply_preset(args: argparse.Namespace) -> None:
    """Fill what was not given on the command line from the preset that was, if any."""
    if not args.preset:
        return
    from psfbridge.evaluation.presets import preset_values

    for name, value in preset_values(args.preset).items():
        if getattr(args, name, None) is None:
            setattr(args, name, value)
