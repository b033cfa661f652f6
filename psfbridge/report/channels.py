"""Reports on several channels: one per channel, and an overview with the shifts."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from psfbridge._util.atomic_files import made_folder, whole_file, write_text
from psfbridge.evaluation.about import About
from psfbridge.evaluation.assessment import Assessment, assess
from psfbridge.evaluation.coregistration import Coregistration, coregistrations
from psfbridge.evaluation.tolerances import Tolerances
from psfbridge.report.bead_figures import plot_shifts
from psfbridge.report.contents import verdict_block
from psfbridge.report.document import (
    Block,
    Cell,
    Document,
    Heading,
    Links,
    Paragraph,
    Picture,
    Table,
)
from psfbridge.report.html import html_page
from psfbridge.report.write import PAGE, write_report

if TYPE_CHECKING:
    from psfbridge.distillation.channels import ChannelDistillation
    from psfbridge.distillation.chromatic_shift import ChromaticShift

__all__ = ["write_channel_reports"]


def write_channel_reports(
    found: ChannelDistillation,
    folder: str | os.PathLike[str],
    *,
    tolerances: Tolerances | None = None,
    about: About | None = None,
) -> tuple[Assessment, ...]:
    """Write a report for each channel and a page with all answers and the shifts between them.

    Parameters
    ----------
    found : ChannelDistillation
        Channels distilled together.
    folder : path
        It receives ``index.html`` and a folder ``channel_N`` for each channel.
    tolerances : Tolerances, optional
        Limits between pass and fail.
    about : About, optional
        Details of the acquisition.

    Returns
    -------
    tuple of Assessment
        Of each channel.
    """
    home = made_folder(folder)
    assessments = tuple(assess(result, tolerances=tolerances) for result in found.results)
    for number, assessment in zip(found.numbers, assessments, strict=True):
        write_report(assessment, home / f"channel_{number}", about=about)
    shifts = list(coregistrations(found, tolerances))
    maps = [_saved_map(one, home) for one in found.shifts if one.beads and one.places_um]
    blocks = (*_blocks(found, assessments, shifts), *maps)
    write_text(home / PAGE, html_page(Document("PSFs of all channels", blocks)))
    return assessments


def _saved_map(shift: ChromaticShift, home: Path) -> Picture:
    """Draw the shifts of one channel's beads over the field."""
    path = home / f"shift_{shift.channel}.png"
    with whole_file(path) as temporary:
        plot_shifts(shift).savefig(temporary)
    return Picture(
        path,
        f"Shift of channel {shift.channel} across the field, for each bead",
        f"Map of the shifts of {shift.beads} beads between channels {shift.channel} and "
        f"{shift.reference}.",
    )


def _blocks(
    found: ChannelDistillation, assessments: Sequence[Assessment], shifts: Sequence[Coregistration]
) -> Iterator[Block]:
    for number, assessment in zip(found.numbers, assessments, strict=True):
        yield Heading(f"Channel {number}")
        yield verdict_block(assessment)
        page = Path(f"channel_{number}") / PAGE
        yield Links(((page.as_posix(), "report of this channel"),))
    for idle in found.idle:
        yield Heading(f"Channel {idle.channel}")
        yield Paragraph(f"No PSF: {idle.reason}")
    yield Heading("Co-registration")
    if not shifts:
        yield Paragraph("Only one channel has a PSF, so there is nothing to compare.")
        return
    yield Table(
        "Shift of each channel",
        (
            "channel",
            "against",
            "z, nm",
            "y, nm",
            "x, nm",
            "in the plane, nm",
            "shift / resolution",
            "outcome",
        ),
        [_row(one) for one in shifts],
        "Displacement of the same beads in this channel, positive towards higher indices; in the "
        "plane and along z these are the lateral and axial distances of ISO 21073. Shift "
        "/ resolution: its length relative to the FWHM of the wider PSF; at 1 the channels are "
        "just resolved from each other.",
    )


def _row(one: Coregistration) -> list[Cell]:
    outcome = {True: ("pass", "good"), False: ("fail", "bad"), None: ("not known", "")}[one.passed]
    shifts = [
        Cell(f"{shift:.0f} ± {se:.0f}" if math.isfinite(shift) else "–", number=True)
        for shift, se in zip(one.shift_nm, one.se_nm, strict=True)
    ]
    lateral = math.hypot(*one.shift_nm[1:])
    ratio = f"{one.ratio:.2f} (limit {one.limit:g})" if math.isfinite(one.ratio) else "–"
    return [
        Cell(str(one.channel)),
        Cell(str(one.reference)),
        *shifts,
        Cell(f"{lateral:.0f}" if math.isfinite(lateral) else "–", number=True),
        Cell(ratio, number=True),
        Cell(*outcome),
    ]
