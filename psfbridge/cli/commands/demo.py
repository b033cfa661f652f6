"""``psfbridge demo``: the whole workflow on a given file or a simulated field."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psfbridge.cli._common import add_image_options, progress_for, read_input, say
from psfbridge.cli._options import add_options
from psfbridge.cli._reporting import opened_page, tone_of
from psfbridge.cli.commands.distill import summary
from psfbridge.options import DistillOptions

if TYPE_CHECKING:
    from psfbridge.distillation.result import Distillation
    from psfbridge.imaging.image import Image
    from psfbridge.simulation.simulate import Simulation

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "demo", help=("run the whole workflow, on simulated beads unless a file is given")
    )
    parser.add_argument("image", nargs="?", metavar="IMAGE", help="your own bead stack")
    parser.add_argument(
        "-o", "--output", default="demo", metavar="DIR", help=("output folder (default demo)")
    )
    add_options(parser, DistillOptions, names=["bead_diameter_um"])
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help=("seed of the simulated field")
    )
    parser.add_argument("--open", action="store_true", help="open the report when done")
    add_image_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Distil into a folder and say how good the PSF is."""
    from psfbridge.distillation.api import distill
    from psfbridge.evaluation.assessment import assess
    from psfbridge.report.write import check_report_folder, write_report

    folder = _folder(args.output)
    check_report_folder(folder / "report")
    truth = None if args.image else _simulated(args.seed, folder)
    image = _named(truth.image, folder) if truth else read_input(args.image, args)
    result = distill(image, progress=progress_for(False), bead_diameter_um=_diameter(args, truth))
    result.psf.save(folder / "psf.tif")
    result.beads.save(folder / "beads.csv")
    assessment = assess(result)
    write_report(assessment, folder / "report")
    answer, *lines = summary(result, assessment).splitlines()
    say(answer, tone=tone_of(assessment))
    say("\n".join(lines))
    if truth:
        say(_compared(result, truth))
        say(_in_imagej(folder / "beads.tif", result))
    say(f"wrote psf.tif, beads.csv and the report to {folder}")
    say(opened_page(folder / "report" / "index.html", open_it=args.open))
    return 0


def _folder(name: str) -> Path:
    from psfbridge.errors import OutputError

    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise OutputError(f"cannot make the folder {folder}: {fault.strerror}.") from fault
    return folder


def _diameter(args: argparse.Namespace, truth: Simulation | None) -> float:
    if args.bead_diameter_um is not None:
        return float(args.bead_diameter_um)
    return truth.scene.bead_diameter_um if truth else 0.0


def _simulated(seed: int, folder: Path) -> Simulation:
    """Simulate a field and save it in the folder."""
    from psfbridge.imaging.write import write_image
    from psfbridge.simulation.scene import demo_scene
    from psfbridge.simulation.simulate import simulate

    say("no file given: simulating a field of beads")
    truth = simulate(demo_scene(seed))
    write_image(folder / "beads.tif", _named(truth.image, folder))
    truth.psf.save(folder / "truth.tif")
    return truth


def _named(image: Image, folder: Path) -> Image:
    """Return the simulated image under the name of its file, as a report shall call it."""
    from dataclasses import replace

    return replace(image, name="beads.tif", source=str(folder / "beads.tif"))


def _in_imagej(path: Path, result: Distillation) -> str:
    """Distil the same file by a macro, if Java is available."""
    from psfbridge.errors import BridgeError

    try:
        from psfbridge.bridge.compare import compared_with_imagej

        options = f"bead_diameter={result.options.bead_diameter_um!r}"
        return compared_with_imagej(path, options, result.psf)
    except BridgeError as fault:
        return f"ImageJ was skipped: {fault}"


def _compared(result: Distillation, truth: Simulation) -> str:
    from psfbridge.evaluation.psf_error import psf_error
    from psfbridge.measurement.measures import measure
    from psfbridge.measurement.table import fwhm_text

    widths = fwhm_text(measure(truth.psf).fwhm_um)
    error = psf_error(result.psf, truth.psf_grid)
    return f"truth: {widths}; the distilled PSF differs from it by {error:.1%}"
