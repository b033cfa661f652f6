"""The report as a PDF, by fpdf2."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from pathlib import Path
from typing import Any

from psfbridge._version import __version__
from psfbridge.report.document import (
    Block,
    Cell,
    Collapsed,
    Columns,
    Document,
    Heading,
    Links,
    Paragraph,
    Picture,
    Table,
    Verdict,
    Warnings,
)

__all__ = ["pdf_bytes"]

_MARGIN_MM = 14
_WIDTH_MM, _HEIGHT_MM = 210 - 2 * _MARGIN_MM, 297 - 2 * _MARGIN_MM
_INK, _FAINT, _LINE = (22, 25, 31), (91, 98, 112), (212, 216, 223)
# Colours of text and of what is behind it, by tone.
_TONES = {
    "good": ((11, 107, 46), (227, 244, 232)),
    "care": ((122, 75, 0), (253, 243, 220)),
    "bad": ((161, 20, 20), (251, 230, 230)),
    "": (_INK, (241, 243, 246)),
}
_TEXT, _SMALL, _TINY, _LINES = 9.5, 8.0, 6.0, 1.35
_POINT_MM = 0.3528
# No picture is higher than this share of a page.
_TALLEST = 0.8


def pdf_bytes(document: Document) -> bytes:
    """Return the report as the content of a PDF file.

    Parameters
    ----------
    document : Document
        Its parts; what a page collapses is open here.
    """
    pdf = _new_pdf(document.title)
    _write(pdf, document.title, 15, style="B")
    for block in document.blocks:
        _draw(block, pdf)
    return bytes(pdf.output())


def _new_pdf(title: str) -> Any:
    from fpdf import FPDF

    class Pages(FPDF):
        """Pages with a line at their foot."""

        def footer(self) -> None:
            self.set_y(-10)
            self.set_font("sans", size=7)
            self.set_text_color(*_FAINT)
            words = f"{title} · psfbridge {__version__} · page {self.page_no()} of {{nb}}"
            self.cell(0, 5, words, align="C")

    pdf = Pages(format="A4")
    pdf.set_title(title)
    pdf.set_lang("en")
    pdf.set_margin(_MARGIN_MM)
    pdf.set_auto_page_break(True, _MARGIN_MM)
    for style, name in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
        pdf.add_font("sans", style, str(_fonts() / name))
    pdf.add_page()
    return pdf


def _fonts() -> Path:
    """Return matplotlib's folder of fonts: they have every letter of a report."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def _write(
    pdf: Any, text: str, size: float, *, style: str = "", colour: Sequence[int] = _INK
) -> None:
    pdf.set_font("sans", style, size)
    pdf.set_text_color(*colour)
    pdf.multi_cell(0, size * _POINT_MM * _LINES, text, align="L", new_x="LMARGIN", new_y="NEXT")


@singledispatch
def _draw(block: Block, pdf: Any) -> None:  # noqa: ARG001 - the others draw on it
    raise TypeError(f"no PDF for {type(block).__name__}")


@_draw.register
def _(block: Heading, pdf: Any) -> None:
    pdf.ln(3)
    # A heading stays with what follows.
    if pdf.will_page_break(30):
        pdf.add_page()
    pdf.start_section(block.text)
    _write(pdf, block.text, 12, style="B")
    pdf.set_draw_color(*_LINE)
    pdf.line(_MARGIN_MM, pdf.get_y(), _MARGIN_MM + _WIDTH_MM, pdf.get_y())
    pdf.ln(1.5)


@_draw.register
def _(block: Paragraph, pdf: Any) -> None:
    if block.faint:
        _write(pdf, block.text, _SMALL, colour=_FAINT)
    else:
        _write(pdf, block.text, _TEXT)
    pdf.ln(1)


@_draw.register
def _(block: Verdict, pdf: Any) -> None:
    ink, back = _TONES[block.tone]
    pdf.ln(1)
    pdf.set_fill_color(*back)
    for text, size, style, colour in (
        (block.text, 13, "B", ink),
        *((line, _TEXT, "", _INK) for line in block.below),
    ):
        pdf.set_font("sans", style, size)
        pdf.set_text_color(*colour)
        pdf.multi_cell(
            0, size * _POINT_MM * 1.5, text, fill=True, align="L", new_x="LMARGIN", new_y="NEXT",
            padding=(0.5, 3),
        )  # fmt: skip
    # Tables fill their cells with the last colour.
    pdf.set_fill_color(255)
    pdf.ln(2)


@_draw.register
def _(block: Table, pdf: Any) -> None:
    _draw_table(block, pdf, _WIDTH_MM)
    if block.note:
        _write(pdf, block.note, _SMALL, colour=_FAINT)
    pdf.ln(2)


def _draw_table(block: Table, pdf: Any, width: float) -> None:
    from fpdf.fonts import FontFace

    if block.caption:
        _write(pdf, block.caption, _SMALL, colour=_FAINT)
    size = _TINY if block.small else _SMALL
    pdf.set_font("sans", "", size)
    pdf.set_text_color(*_INK)
    pdf.set_draw_color(*_LINE)
    widths = _column_widths(block, pdf, width)
    with pdf.table(
        col_widths=widths, width=sum(widths), align="LEFT", borders_layout="HORIZONTAL_LINES",
        first_row_as_headings=bool(block.heads), line_height=size * _POINT_MM * _LINES,
        headings_style=FontFace(emphasis="BOLD"), padding=(0.5, 0.8),
    ) as table:  # fmt: skip
        if block.heads:
            row = table.row()
            for number, head in enumerate(block.heads):
                row.cell(head, align="R" if _is_number(block, number) else "L")
        for cells in block.rows:
            row = table.row()
            for number, cell in enumerate(_padded(cells, len(widths))):
                face = FontFace(color=_TONES[cell.tone][0], emphasis="BOLD") if cell.tone else None
                align = "R" if cell.number and number else "L"
                row.cell(cell.text, align=align, style=face)


def _padded(cells: Sequence[Cell], count: int) -> list[Cell]:
    return [*cells, *[Cell("")] * (count - len(cells))]


def _is_number(block: Table, column: int) -> bool:
    return any(len(row) > column and row[column].number for row in block.rows) and column > 0


def _column_widths(block: Table, pdf: Any, width: float) -> list[float]:
    """Return what each column needs on one line, the widest shrunk to what the page has."""
    columns = max((len(row) for row in block.rows), default=len(block.heads))
    columns = max(columns, len(block.heads))
    needed = [6.0] * columns
    for row in (block.heads, *([cell.text for cell in cells] for cells in block.rows)):
        for number, text in enumerate(row):
            needed[number] = max(needed[number], 1.12 * pdf.get_string_width(text) + 3.5)
    over = sum(needed) - (width - 0.1)
    while over > 0.01:
        # Take from the widest until it is as wide as the next.
        order = sorted(range(columns), key=lambda k: -needed[k])
        room = needed[order[0]] - (needed[order[1]] if columns > 1 else 0)
        take = min(over, max(room, over / columns))
        needed[order[0]] -= take
        over -= take
    return needed


@_draw.register
def _(block: Picture, pdf: Any) -> None:
    from PIL import Image as Pixels

    with Pixels.open(block.path) as picture:
        across, down = picture.size
    width = min(_WIDTH_MM, _TALLEST * _HEIGHT_MM * across / down)
    height = width * down / across
    if pdf.will_page_break(height + 6):
        pdf.add_page()
    pdf.image(str(block.path), w=width, h=height, alt_text=block.alt)
    _write(pdf, block.caption, _SMALL, colour=_FAINT)
    pdf.ln(2)


@_draw.register
def _(block: Warnings, pdf: Any) -> None:
    for problem, evidence, remedy in block.items:
        pdf.set_font("sans", "B", _TEXT)
        pdf.set_text_color(*_TONES["care"][0])
        pdf.write(_TEXT * _POINT_MM * _LINES, f"• {problem}: ")
        pdf.set_font("sans", "", _TEXT)
        pdf.set_text_color(*_INK)
        pdf.write(_TEXT * _POINT_MM * _LINES, f"{evidence} {remedy}")
        pdf.ln(_TEXT * _POINT_MM * 1.7)


@_draw.register
def _(block: Links, pdf: Any) -> None:
    for name, words in block.files:
        _write(pdf, f"{name}: {words}", _SMALL)


@_draw.register
def _(block: Columns, pdf: Any) -> None:
    for one in block.blocks:
        _draw(one, pdf)


@_draw.register
def _(block: Collapsed, pdf: Any) -> None:
    if pdf.will_page_break(30):
        pdf.add_page()
    _write(pdf, block.title, _TEXT, style="B")
    for one in block.blocks:
        _draw(one, pdf)
