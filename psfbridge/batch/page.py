"""The page of a batch: the widths over time, and the table of all files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from psfbridge.batch.summary import Row
from psfbridge.report.document import Block, Cell, Document, Paragraph, Picture, Table
from psfbridge.report.html import html_page

__all__ = ["page"]

_HEADS = ("file", "taken", "FWHM z, µm", "y", "x", "used", "found", "verdict", "status")
_TONES = {"good": "good", "usable": "care", "poor": "bad"}


def page(rows: Sequence[Row], joint: Row | None, notes: Sequence[str], picture: Path) -> str:
    """Return the page, which opens without a network.

    Parameters
    ----------
    rows : sequence of Row
        The summary.
    joint : Row or None
        The PSF of all files.
    notes : sequence of str
        What a user should know.
    picture : Path
        The widths over time, as PNG.
    """
    blocks = tuple(_blocks(rows, joint, notes, picture))
    return html_page(Document(f"PSFs of {len(rows)} files", blocks))


def _blocks(
    rows: Sequence[Row], joint: Row | None, notes: Sequence[str], picture: Path
) -> Iterator[Block]:
    failed = sum(row.status == "failed" for row in rows)
    yield Paragraph(f"{len(rows) - failed} PSFs, {failed} files failed.")
    for note in notes:
        yield Paragraph(note)
    yield Picture(
        picture,
        "FWHM of each file's PSF over time, with standard errors",
        "Widths of the PSFs along z, y and x over time; the table below has the figures.",
    )
    lines = [_line(row, Path(row.file).name) for row in rows]
    if joint:
        lines.append(_line(joint, "all files together"))
    yield Table(
        "PSF of each file",
        _HEADS,
        lines,
        "± is the standard error from the scatter over the beads. Beside this page: summary.csv, "
        "and for each file its PSF, its beads and its record.",
    )


def _line(row: Row, name: str) -> list[Cell]:
    widths = [_width(*pair) for pair in zip(row.fwhm_um, row.se_um, strict=True)]
    counts = [str(row.beads_used), str(row.beads_found)]
    if row.status == "failed":
        counts = ["", ""]
    taken = row.taken.replace("T", " ") + (" (file)" if row.taken_from == "file" else "")
    numbers = [Cell(text, number=True) for text in (*widths, *counts)]
    failed = "bad" if row.status == "failed" else ""
    return [
        Cell(name, link=row.report or row.psf),
        Cell(taken),
        *numbers,
        Cell(row.verdict, _TONES.get(row.verdict, "")),
        Cell(row.error or row.status, failed),
    ]


def _width(width: float, sd: float) -> str:
    if not math.isfinite(width):
        return ""
    return f"{width:.3f}" + (f" ± {sd:.3f}" if math.isfinite(sd) else "")
