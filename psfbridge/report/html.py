"""The report: pictures and one page about a distillation, in a folder of its own."""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psfbridge import __version__
from psfbridge._util.atomic_files import check_folder, whole_folder
from psfbridge.measurement.table import measure_rows
from psfbridge.report.field_figure import plot_field
from psfbridge.report.figures import plot_beads, plot_image, plot_profiles, plot_psf

if TYPE_CHECKING:
    from psfbridge.distillation.result import Distillation

__all__ = ["check_report_folder", "embedded_picture", "html_page", "write_report"]

PAGE = "index.html"
_MARK = '<meta name="generator" content="psfbridge'
_CAPTIONS = {
    "field": "Widths and main aberrations of the PSF over the image; dots are the beads used",
    "beads": "Bead candidates by status, over the maximum projections",
    "image": "Maximum projections of the image",
}
_DETAILS = {
    "options": "Options",
    "timings_s": "Seconds by stage",
    "diagnostics": "Diagnostics",
    "versions": "Versions",
    "provenance": "Provenance",
}
_OWN_ENDINGS = {".html", ".png", ".csv", ".json", ".tif"}


def check_report_folder(folder: str | os.PathLike[str]) -> Path:
    """Return `folder` if a report could be written there; ask before long work.

    Raises
    ------
    OutputError
        If it cannot be written, or holds anything but an older report.
    """
    return check_folder(folder, _is_report)


def write_report(result: Distillation, folder: str | os.PathLike[str]) -> Path:
    """Write pictures and a page about a distillation, all of it or nothing.

    The page holds its pictures itself and opens without a network; the pictures, the bead table
    and the record lie beside it. An older report in the folder is replaced, and only on success.

    Parameters
    ----------
    result : Distillation
        What to report on.
    folder : path
        A new folder, an empty one, or one with an older report.

    Returns
    -------
    Path
        Of the page, ``index.html``.

    Raises
    ------
    OutputError
        If the folder cannot be written, or holds anything but an older report.
    """
    with whole_folder(folder, _is_report) as fresh:
        pictures = _save_pictures(result, fresh)
        (fresh / "beads.csv").write_text(result.beads.to_csv(), encoding="utf-8")
        (fresh / "result.json").write_text(result.to_json(), encoding="utf-8")
        (fresh / PAGE).write_text(_page(result, pictures), encoding="utf-8")
    return Path(folder) / PAGE


def _is_report(folder: Path) -> bool:
    """Whether a folder is empty, or holds a report and nothing of somebody else's."""
    inside = list(folder.iterdir())
    if not inside:
        return True
    if any(item.is_dir() or item.suffix not in _OWN_ENDINGS for item in inside):
        return False
    page = folder / PAGE
    return page.is_file() and _MARK in page.read_text(encoding="utf-8", errors="replace")[:2000]


def _save_pictures(result: Distillation, folder: Path) -> list[Path]:
    pictures = []
    for name, figure in _figures(result):
        path = folder / f"{name}.png"
        figure.savefig(path, facecolor=figure.get_facecolor())
        pictures.append(path)
    return pictures


def _figures(result: Distillation) -> Iterator[tuple[str, Any]]:
    yield "psf", plot_psf(result.psf)
    yield "profiles", plot_profiles(result.psf)
    if result.field is not None and len(result.field.psfs) > 1:
        yield "field", plot_field(result.field, result.beads)
    for number, image in enumerate(result.images, start=1):
        ending = f"_{number}" if len(result.images) > 1 else ""
        yield f"beads{ending}", plot_beads(image, result.beads)
        yield f"image{ending}", plot_image(image)


def _page(result: Distillation, pictures: Sequence[Path]) -> str:
    names = ", ".join(image.name for image in result.images)
    title = f"PSF of {names}"
    return html_page(title, "\n".join(_sections(result, pictures)))


def html_page(title: str, body: str) -> str:
    """Return a page in the look of the report, complete in itself."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'{_MARK} {__version__}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def _sections(result: Distillation, pictures: Sequence[Path]) -> Iterator[str]:
    yield f"<p class=lead>{escape(_lead(result))}</p>"
    if result.notes:
        items = "".join(f"<li>{escape(note)}</li>" for note in result.notes)
        yield f"<ul class=notes>{items}</ul>"
    shown = {path.stem: path for path in pictures}
    yield embedded_picture(
        shown.pop("psf"), "Maximum projections of the PSF, linear and logarithmic"
    )
    yield "<div class=columns>"
    yield f"<section><h2>Measures</h2>{_measures_table(result)}</section>"
    yield f"<section><h2>Beads</h2>{_funnel_table(result)}</section>"
    yield "</div>"
    yield embedded_picture(shown.pop("profiles"), "Profiles through the peak")
    for name, path in shown.items():
        yield embedded_picture(path, _CAPTIONS[name.partition("_")[0]])
    record = result.to_dict()
    told = ("options", "versions", "beads", "method")
    record["provenance"] = {k: v for k, v in record["provenance"].items() if k not in told}
    for name, heading in _DETAILS.items():
        if record[name]:
            yield f"<details><summary>{heading}</summary>{_record_table(record[name])}</details>"
    yield "<p class=foot>Beside this page: beads.csv, result.json and the pictures as PNG.</p>"


def _lead(result: Distillation) -> str:
    named = zip("zyx", result.measures.fwhm_um, strict=True)
    widths = ", ".join(f"{name} {width:.3f} µm" for name, width in named if math.isfinite(width))
    return f"Method {result.method}. FWHM {widths}. Beads: {result.beads.sentence()}."


def embedded_picture(path: Path, words: str) -> str:
    """Return a picture that lies within its page, with a caption."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return (
        f'<figure><img alt="{escape(words)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{escape(words)}</figcaption></figure>"
    )


def _measures_table(result: Distillation) -> str:
    rows = []
    for name, cells in measure_rows(result.measures):
        tag = "td" if name else "th"
        values = "".join(f"<{tag} class=number>{escape(cell)}</{tag}>" for cell in cells)
        rows.append(f"<tr><th>{escape(name)}</th>{values}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _funnel_table(result: Distillation) -> str:
    funnel = result.beads.funnel()
    counts = {"found": funnel["found"], "used": funnel["used"], "held out": funnel["held_out"]}
    counts |= {f"rejected: {reason}": count for reason, count in funnel["rejected"].items()}
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td class=number>{count}</td></tr>"
        for name, count in counts.items()
    )
    return f"<table>{rows}</table>"


def _record_table(record: Any) -> str:
    """Return nested records as tables within tables."""
    if isinstance(record, Mapping):
        rows = "".join(
            f"<tr><th>{escape(str(name))}</th><td>{_record_table(value)}</td></tr>"
            for name, value in record.items()
        )
        return f"<table>{rows}</table>"
    if isinstance(record, list) and any(isinstance(item, Mapping | list) for item in record):
        return "".join(_record_table(item) for item in record)
    if isinstance(record, list):
        return escape(", ".join(_text(item) for item in record))
    return escape(_text(record))


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


_STYLE = """
:root{color-scheme:dark}
body{background:#0f1115;color:#e8e8ea;font:15px/1.5 system-ui,sans-serif;max-width:1100px;
margin:2em auto;padding:0 1em}
h1{font-size:1.5em;margin-bottom:.2em;overflow-wrap:anywhere}
h2{font-size:1.1em;margin:.5em 0}
.lead{color:#c4c8d0}.foot,figcaption{color:#8b919c;font-size:.9em}
.notes{color:#ffd23f}
figure{margin:1.5em 0}
img{max-width:100%;height:auto;border:1px solid #2a2f38;border-radius:6px}
.columns{display:flex;flex-wrap:wrap;gap:2.5em}
table{border-collapse:collapse}
th,td{text-align:left;font-weight:normal;padding:.2em .9em .2em 0;vertical-align:top;
border-bottom:1px solid #20242c}
th{color:#c4c8d0}
td{overflow-wrap:anywhere}
.number{text-align:right;font-variant-numeric:tabular-nums}
details{margin:.6em 0}
summary{cursor:pointer;font-size:1.1em}
"""
