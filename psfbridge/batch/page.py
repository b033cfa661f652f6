"""The page of a batch: the widths over time, and the table of all files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from psfbridge.batch.summary import Row
from psfbridge.report.html import embedded_picture, html_page

__all__ = ["page"]

_HEADS = ("taken", "file", "FWHM z, µm", "y", "x", "beads used", "found", "verdict", "status")


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
    return html_page(f"PSFs of {len(rows)} files", "\n".join(_body(rows, joint, notes, picture)))


def _body(
    rows: Sequence[Row], joint: Row | None, notes: Sequence[str], picture: Path
) -> Iterator[str]:
    failed = sum(row.status == "failed" for row in rows)
    yield f"<p class=lead>{len(rows) - failed} PSFs, {failed} files failed.</p>"
    yield "<ul class=notes>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul>"
    yield embedded_picture(picture, "FWHM of each file's PSF over time, with standard errors")
    heads = "".join(f"<th>{escape(head)}</th>" for head in _HEADS)
    lines = [_line(row) for row in rows]
    if joint:
        lines.append(_line(joint, "all files together"))
    yield f"<table><tr>{heads}</tr>{''.join(lines)}</table>"
    yield (
        "<p class=foot>± is the standard error from the scatter over the beads. Beside this page: "
        "summary.csv, and for each file its PSF, its beads and its record.</p>"
    )


def _line(row: Row, name: str = "") -> str:
    widths = [_width(*pair) for pair in zip(row.fwhm_um, row.se_um, strict=True)]
    counts = [str(row.beads_used), str(row.beads_found)]
    if row.status == "failed":
        counts = ["", ""]
    taken = row.taken.replace("T", " ") + (" (file)" if row.taken_from == "file" else "")
    words = [taken, name or row.file]
    end = [row.verdict, row.error or row.status]
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in words)
    cells += "".join(f"<td class=number>{escape(cell)}</td>" for cell in (*widths, *counts))
    return f"<tr>{cells}{''.join(f'<td>{escape(cell)}</td>' for cell in end)}</tr>"


def _width(width: float, sd: float) -> str:
    if not math.isfinite(width):
        return ""
    return f"{width:.3f}" + (f" ± {sd:.3f}" if math.isfinite(sd) else "")
