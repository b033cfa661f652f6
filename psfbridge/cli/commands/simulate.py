"""The command ``psfbridge simulate``: a bead field with its truth."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add", "run"]

#: Options that take whole numbers, and what the help says of them.
_COUNTS = {
    "seed": "the same seed gives the same image",
    "beads": "beads that lie apart",
    "doublets": "how many of them have a partner too near to be told apart",
    "border-beads": "beads more, across the border",
    "hot-pixels": "single bright voxels",
    "hot-columns": "camera pixels that are bright in every plane",
    "saturation": "the highest count",
    "field-order": "1: changes over the field are linear; 2: they grow with the square",
}
_NUMBERS = {
    "bead-diameter-um": "diameter of the beads in µm; 0 is a point",
    "min-distance-um": "nearest that two beads may lie, in µm",
    "background": "photons a voxel without beads",
    "ramp": "share by which the background rises and falls along x",
    "offset": "counts without light",
    "gain": "counts a photon",
    "read-noise": "standard deviation of the camera, in counts",
    "sample-index": "refractive index around the beads",
    "depth-um": "depth of the beads in the sample, in µm",
    "coma": "waves rms",
    "astigmatism": "waves rms",
    "spherical": "waves rms",
    "field-coma": "waves rms more in the last column, less in the first",
    "field-astigmatism": "waves rms more in the last row, less in the first",
    "field-spherical": "waves rms more in the last plane, less in the first",
    "sheet-um": "FWHM of the light sheet, in µm",
}
_OPTICS = {
    "na": "numerical aperture",
    "wavelength-um": "emission wavelength in µm",
    "refractive-index": "of the immersion medium",
    "excitation-um": "excitation wavelength in µm; confocal only",
    "pinhole-au": "pinhole diameter in Airy units; confocal only",
}


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser(
        "simulate",
        help="a bead field with its truth",
        description="Simulate a bead field: writes image.tif, psf.tif and beads.csv.",
    )
    command.add_argument("-o", "--output", required=True, metavar="DIR", help="folder to write to")
    command.add_argument("--scene", default="bright", metavar="NAME", help="scene to start from")
    command.add_argument("--psf", metavar="MODEL", help="vectorial, scalar or psfmodels")
    command.add_argument("--no-noise", dest="noise", action="store_false", default=None)
    command.add_argument("--quiet", action="store_true", help="print nothing")
    _add_sizes(command)
    for names, kind in ((_COUNTS, int), (_NUMBERS, float)):
        for name, text in names.items():
            command.add_argument(f"--{name}", type=kind, metavar="N", help=text)
    optics = command.add_argument_group("optics")
    for name, text in _OPTICS.items():
        optics.add_argument(f"--{name}", type=float, metavar="N", help=text)
    optics.add_argument("--microscope", metavar="KIND", help="widefield, confocal or lightsheet")
    command.set_defaults(run=run)


def _add_sizes(command: argparse.ArgumentParser) -> None:
    zyx = ("Z", "Y", "X")
    command.add_argument("--photons", nargs=2, type=float, metavar=("LEAST", "MOST"))
    command.add_argument("--shape", nargs=3, type=int, metavar=zyx, help="voxels")
    command.add_argument("--voxel-um", nargs=3, type=float, metavar=zyx, help="voxel size in µm")
    command.add_argument("--psf-um", nargs=3, type=float, metavar=zyx, help="size of the true PSF")


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
    from dataclasses import fields, replace

    from psfbridge.simulation.scene import Scene, scene

    start = scene(args.scene)
    given = {field.name: getattr(args, field.name, None) for field in fields(Scene)}
    chosen = {name: _tuple(value) for name, value in given.items() if value is not None}
    names = [name.replace("-", "_") for name in _OPTICS] + ["microscope"]
    optics = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    return replace(start, **chosen, optics=replace(start.optics, **optics))


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
