"""``psfbridge distill``: distillation of a PSF from bead images."""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psfbridge.cli._common import add_image_options, chosen_reading, progress_for, say
from psfbridge.cli._options import add_options, chosen_options
from psfbridge.cli._reporting import (
    add_report_options,
    assessed,
    check_quality,
    check_report_outputs,
    opened,
    tone_of,
    write_reports,
)
from psfbridge.cli.commands.channels import (
    channel_or_all,
    check_reports_folder,
    distill_all,
    several,
)
from psfbridge.cli.commands.preset import apply_preset
from psfbridge.options import DistillOptions, without_half_given

if TYPE_CHECKING:
    from psfbridge.distillation.result import Distillation
    from psfbridge.evaluation.assessment import Assessment

__all__ = ["add", "run", "summary"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("distill", help="distil the PSF from images of beads")
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="TIFF, OME-TIFF, OME-Zarr, .npy")
    parser.add_argument("-o", "--output", required=True, metavar="PSF.tif", help="output file")
    add_image_options(parser, channel_or_all)
    parser.add_argument(
        "--beads-from",
        metavar="CHANNEL|FILE.csv",
        help=(
            "for a dim channel: use the bead positions of this channel, or of a table written by "
            "--beads"
        ),
    )
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help=("preset with optics and other options; see psfbridge preset"),
    )
    add_options(parser, DistillOptions)
    _add_outputs(parser)
    parser.set_defaults(run=run)


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    outputs = parser.add_argument_group("output")
    outputs.add_argument("--beads", metavar="OUT.csv", help="CSV table of all candidates")
    outputs.add_argument(
        "--registered",
        metavar="OUT.tif",
        help=(
            "with --channel all: also write the PSFs with a common origin, preserving the "
            "chromatic shift"
        ),
    )
    outputs.add_argument(
        "--error", metavar="OUT.tif", help="standard error of every voxel of the PSF"
    )
    outputs.add_argument(
        "--json", metavar="OUT.json", help=("measures, bead counts, options and versions as JSON")
    )
    outputs.add_argument("--view", action="store_true", help="open the result in napari")
    outputs.add_argument("--quiet", action="store_true", help="print errors only")
    add_report_options(parser, outputs)


def run(args: argparse.Namespace) -> int:
    """Distil, write, and say what was found."""
    from psfbridge.distillation.api import distill
    from psfbridge.imaging.formats import join_planes

    apply_preset(args)
    options = chosen_options(args, DistillOptions)
    DistillOptions.of(**without_half_given(options))
    _check_channel(args)
    _check_outputs(args)
    if several(args.channel):
        return distill_all(args, options)
    reading = replace(chosen_reading(args), lazy=True)
    images = [one for path in join_planes(args.images) for one in reading.images(path)]
    positions = _places(args)
    result = distill(images, positions=positions, progress=progress_for(args.quiet), **options)
    assessment = assessed(result, args)
    _write(result, args)
    if assessment:
        write_reports(assessment, args)
    answer, *lines = summary(result, assessment).splitlines()
    say(answer, args.quiet, tone_of(assessment))
    for line in lines:
        say(line, args.quiet)
    say(f"wrote {', '.join(_outputs(args, field=has_field(result)))}", args.quiet)
    if page := opened(args):
        say(page, args.quiet)
    if args.view:
        from psfbridge.viewer.show import view

        view(result)
    check_quality(assessment, args)
    return 0


def _places(args: argparse.Namespace) -> Any:
    """Return the bead positions from a table or another channel, or None."""
    if args.beads_from is None:
        return None
    from psfbridge.distillation.borrowed_beads import bead_places, places_in_table

    if str(args.beads_from).lower().endswith(".csv"):
        return places_in_table(args.beads_from)
    other = replace(chosen_reading(args), channel=channel_or_all(args.beads_from))
    return bead_places(other.one_channel(args.images[0]))


def _check_channel(args: argparse.Namespace) -> None:
    from psfbridge.errors import OptionError

    if args.registered and not several(args.channel):
        raise OptionError("--registered is for several channels. Also give --channel all.")
    if args.view and several(args.channel):
        raise OptionError("--view shows one PSF. Give --channel N, or open the output in Fiji.")
    for name in ("error", "pdf"):
        if getattr(args, name) and several(args.channel):
            raise OptionError(f"--{name} is for one PSF. Give --channel N.")
    if args.error and args.method in ("average", "reverse-rl"):
        raise OptionError(
            f"--error is given but --method is {args.method}, which has no error volume; allowed "
            "are auto, joint and pupil."
        )


def _outputs(args: argparse.Namespace, *, field: bool) -> list[str]:
    paths = (
        args.output,
        field_path(args.output) if field else None,
        args.error,
        args.beads,
        args.json,
        args.report,
        args.pdf,
    )
    return [path for path in paths if path]


def has_field(result: Distillation) -> bool:
    """Return whether the PSF was found to change over the field."""
    return result.field is not None and len(result.field.psfs) > 1


def field_path(path: str) -> str:
    """Return the path of the PSFs of a field, beside the PSF.

    Examples
    --------
    >>> field_path("psf.ome.tif")
    'psf_field.ome.tif'
    """
    name = Path(path).name
    ending = Path(path).suffix
    if name.lower().removesuffix(ending.lower()).endswith(".ome"):
        ending = name[-len(".ome" + ending) :]
    return str(Path(path).with_name(f"{name[: len(name) - len(ending)]}_field{ending}"))


def _check_outputs(args: argparse.Namespace) -> None:
    """Check that all outputs can be written; call it before long work."""
    from psfbridge.cli._outputs import check_outputs

    field = field_path(args.output) if args.field else None
    one_report = args.report if not several(args.channel) else None
    check_outputs(
        args.images,
        images=[args.output, field, args.error, args.registered],
        files=[args.beads, args.json, args.pdf],
        folder=one_report,
    )
    if not several(args.channel):
        check_report_outputs(args)
    elif args.report is not None:
        check_reports_folder(args.report)


def _write(result: Distillation, args: argparse.Namespace) -> None:
    from psfbridge._util.atomic_files import write_text
    from psfbridge.imaging.write import write_image

    result.psf.save(args.output)
    if args.error:
        write_image(args.error, result.psf.error_image)
    if result.field is not None and has_field(result):
        result.field.save(field_path(args.output))
    if args.beads:
        result.beads.save(args.beads)
    if args.json:
        write_text(args.json, result.to_json())


def _snr(result: Distillation) -> str:
    """Return the median SNR of the beads and that of the PSF, if known."""
    snrs = {"median SNR": result.beads.median_snr, "of the PSF": result.measures.snr}
    known = [f"{name} {snr:.3g}" for name, snr in snrs.items() if math.isfinite(snr)]
    return f"; {', '.join(known)}" if known else ""


def summary(result: Distillation, assessment: Assessment | None = None) -> str:
    """Return a summary of the result in a few lines."""
    from psfbridge.measurement.table import fwhm_text

    widths = fwhm_text(result.measures.fwhm_um)
    shape = " x ".join(str(length) for length in result.psf.data.shape)
    answer = [assessment.headline, *_against_theory(assessment)] if assessment else []
    notes = result.notes
    if assessment:
        notes = tuple(note for note in notes if not note.startswith("The PSF is"))
    lines = [
        *answer,
        *notes,
        f"beads: {result.beads.sentence()}{_snr(result)}",
        f"PSF: {shape} voxels by {result.method}, {widths}",
    ]
    return "\n".join(lines)


def _against_theory(assessment: Assessment) -> list[str]:
    lines = [assessment.optics_sentence()]
    for one in assessment.criteria:
        limit = "" if one.limit is None else f", limit {one.limit:g}: {one.word}"
        lines.append(f"{one.name}: {one.value:.3f} ± {one.error:.3f}{limit}")
    return lines + [f"warning: {problem.sentence}" for problem in assessment.problems]
