"""``psfbridge distill --channel all``: one PSF per channel and the shifts between them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from psfbridge.cli._common import chosen_reading, progress_for, say
from psfbridge.cli._options import chosen_options
from psfbridge.cli._reporting import assessed, check_quality, opened
from psfbridge.evaluation.about import About
from psfbridge.evaluation.tolerances import Tolerances

if TYPE_CHECKING:
    from psfbridge.distillation.channels import ChannelDistillation
    from psfbridge.evaluation.assessment import Assessment

__all__ = ["ALL", "channel_or_all", "check_reports_folder", "distill_all", "several"]

#: What ``--channel`` says for all of them.
ALL = "all"


def channel_or_all(text: str) -> int | str:
    """Return a channel's number, its name, several with commas between them, or `ALL`."""
    return int(text) if text.lstrip("+-").isdecimal() else text


def several(channel: int | str | None) -> bool:
    """Return whether more than one channel is asked for.

    Examples
    --------
    >>> several("0,2"), several("all"), several("GFP"), several(1)
    (True, True, False, False)
    """
    return isinstance(channel, str) and (channel == ALL or "," in channel)


def check_reports_folder(folder: str) -> None:
    """Refuse a folder in which no folder for each channel's report could be made."""
    from pathlib import Path

    from psfbridge._util.atomic_files import check_writable

    path = Path(folder)
    check_writable(path / "channel_n" if path.exists() else path)


def distill_all(args: argparse.Namespace, options: Any) -> int:
    """Distil every channel, write, and say how they lie on one another."""
    from psfbridge.distillation.channels import distill_channels

    wanted = None if args.channel == ALL else args.channel.split(",")
    args.channel = None
    images = [chosen_reading(args).image(path) for path in args.images]
    found = distill_channels(
        images,
        channels=wanted,
        beads_from=args.beads_from,
        progress=progress_for(args.quiet),
        **options,
    )
    _write(found, args)
    assessments = _assessed(found, args)
    for line in _lines(found):
        say(line, args.quiet)
    paths = (args.output, args.registered, args.beads, args.json, args.report)
    say(f"wrote {', '.join(path for path in paths if path)}", args.quiet)
    if page := opened(args):
        say(page, args.quiet)
    for assessment in assessments:
        check_quality(assessment, args)
    return 0


def _assessed(found: ChannelDistillation, args: argparse.Namespace) -> Sequence[Assessment]:
    """Assess all channels if required, and write the reports."""
    if not args.report:
        return [one for result in found.results if (one := assessed(result, args))]
    from psfbridge.report.channels import write_channel_reports

    return write_channel_reports(
        found,
        args.report,
        tolerances=Tolerances(**chosen_options(args, Tolerances)),
        about=About(**chosen_options(args, About)),
    )


def _write(found: ChannelDistillation, args: argparse.Namespace) -> None:
    from psfbridge._util.atomic_files import write_text

    if args.beads:
        found.beads.save(args.beads)
    if args.json:
        write_text(args.json, found.to_json())
    if args.registered:
        found.save(args.registered, registered=True)
    found.save(args.output)


def _lines(found: ChannelDistillation) -> list[str]:
    from psfbridge.measurement.table import fwhm_text

    lines = list(found.notes)
    for number, result in zip(found.numbers, found.results, strict=True):
        widths = fwhm_text(result.measures.fwhm_um)
        lines.append(f"channel {number}: beads: {result.beads.sentence()}")
        lines.append(f"channel {number}: PSF by {result.method}, {widths}")
    lines += [one.sentence() for one in found.idle]
    return lines + [shift.sentence() for shift in found.shifts if shift.channel != shift.reference]
