"""The HTML page of a batch: widths over time and a table of all files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from psfbridge.batch.summary import Row
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

__all__ = ["page"]

_HEADS = (
    "file", "taken", "FWHM z, µm", "y", "x", "beads", "verdict", "tolerance", "PSF", "status",
)  # fmt: skip
_TONES = {"good": "good", "usable": "care", "poor": "bad", "pass": "good", "fail": "bad"}


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
    yield Paragraph(f"{len(rows) - failed} PSFs; {failed} files failed.")
    for note in notes:
        yield Paragraph(note)
    yield Picture(
        picture,
        "FWHM of each file's PSF over time, with standard errors",
        "Widths of the PSFs along z, y and x over time; the values are in the table below.",
    )
    for group in dict.fromkeys(row.group for row in rows):
        same = [row for row in rows if row.group == group]
        lines = [_line(row, Path(row.file).name) for row in same]
        if joint and joint.group == group:
            lines.append(_line(joint, "all of these together"))
        title = f"PSF of each file: {group}" if group else "Files that failed"
        yield Table(title, _HEADS, lines, small=True)
    yield Paragraph(
        "± is the standard error from the scatter between beads. Beads: used of found. File "
        "names link to the reports, if written, and PSF names to the PSFs.",
        faint=True,
    )
    yield Heading("Files")
    yield Links(
        (
            ("summary.csv", "the table"),
            ("summary.png", "the picture"),
            ("key_values.csv", "key-value pairs of the images for OMERO"),
        )
    )


def _line(row: Row, name: str) -> list[Cell]:
    widths = [_width(*pair) for pair in zip(row.fwhm_um, row.se_um, strict=True)]
    failed = row.status == "failed"
    beads = "" if failed else f"{row.beads_used} of {row.beads_found}"
    taken = row.taken.replace("T", " ")[:16] + (" (file)" if row.taken_from == "file" else "")
    return [
        Cell(name, link=row.report),
        Cell(taken),
        *(Cell(text, number=True) for text in (*widths, beads)),
        Cell(row.verdict, _TONES.get(row.verdict, "")),
        Cell(row.tolerance, _TONES.get(row.tolerance, "")),
        Cell("PSF" if row.psf else "", link=row.psf),
        Cell(row.error or row.status, "bad" if failed else ""),
    ]


def _width(width: float, sd: float) -> str:
    if not math.isfinite(width):
        return ""
    return f"{width:.3f}" + (f" ± {sd:.3f}" if math.isfinite(sd) else "")
