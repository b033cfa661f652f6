"""Writing of the report: a page with figures, tables and record, or a PDF."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from psfbridge._util.atomic_files import check_folder, whole_file, whole_folder
from psfbridge._util.jsonable import json_text
from psfbridge.evaluation.about import About
from psfbridge.evaluation.assessment import Assessment, assess
from psfbridge.report.bead_figures import plot_bead_maps, plot_histograms, plot_thumbnails
from psfbridge.report.contents import report_document
from psfbridge.report.field_figure import plot_field
from psfbridge.report.figures import plot_beads, plot_image, plot_profiles, plot_psf
from psfbridge.report.html import MARK, html_page

if TYPE_CHECKING:
    from psfbridge.distillation.result import Distillation

__all__ = ["PAGE", "check_report_folder", "write_pdf", "write_report"]

PAGE = "index.html"
_OWN_ENDINGS = {".html", ".png", ".csv", ".json", ".tif", ".pdf"}
_FILES = {
    "beads.csv": "all candidates with position, status and reason",
    "bead_figures.csv": "all candidates with widths and other properties",
    "assessment.json": "comparison with theory, tolerances, aberrations and warnings",
    "result.json": "measurements, options, versions and diagnostics",
}


def check_report_folder(folder: str | os.PathLike[str]) -> Path:
    """Return `folder` if a report could be written there; ask before long work.

    Raises
    ------
    OutputError
        If it cannot be written, or holds anything but an older report.
    """
    return check_folder(folder, _is_report)


def write_report(
    result: Distillation | Assessment,
    folder: str | os.PathLike[str],
    *,
    about: About | None = None,
) -> Path:
    """Write the report of a distillation as a page with figures, completely or not at all.

    The page is self-contained and opens without a network; figures, tables and record are also
    written separately. An older report in the folder is replaced, and only on success.

    Parameters
    ----------
    result : Distillation or Assessment
        The subject of the report; a distillation is assessed with the default tolerances.
    folder : path
        A new folder, an empty one, or one with an older report.
    about : About, optional
        Details of the acquisition.

    Returns
    -------
    Path
        Of the page, ``index.html``.

    Raises
    ------
    OutputError
        If the folder cannot be written, or contains anything but an older report.
    """
    assessment = result if isinstance(result, Assessment) else assess(result)
    with whole_folder(folder, _is_report) as fresh:
        pictures = _save_pictures(assessment, fresh)
        texts = {
            "beads.csv": assessment.result.beads.to_csv(),
            "bead_figures.csv": assessment.beads.to_csv(),
            "assessment.json": json_text(assessment.to_dict()),
            "result.json": assessment.result.to_json(),
        }
        for name, text in texts.items():
            (fresh / name).write_text(text, encoding="utf-8")
        files = _FILES | {path.name: "figure from this page" for path in pictures.values()}
        document = report_document(assessment, pictures, about or About(), files)
        (fresh / PAGE).write_text(html_page(document), encoding="utf-8")
    return Path(folder) / PAGE


def write_pdf(
    result: Distillation | Assessment,
    path: str | os.PathLike[str],
    *,
    about: About | None = None,
) -> Path:
    """Write the report as a PDF, completely or not at all.

    Parameters
    ----------
    result : Distillation or Assessment
        The subject of the report; a distillation is assessed with the default tolerances.
    path : path
        The PDF.
    about : About, optional
        Details of the acquisition.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    from psfbridge.report.pdf import pdf_bytes

    assessment = result if isinstance(result, Assessment) else assess(result)
    with TemporaryDirectory() as scratch:
        pictures = _save_pictures(assessment, Path(scratch))
        document = report_document(assessment, pictures, about or About(), {})
        content = pdf_bytes(document)
    with whole_file(path) as temporary:
        Path(temporary).write_bytes(content)
    return Path(path)


def _is_report(folder: Path) -> bool:
    """Whether a folder is empty, or holds a report and nothing of somebody else's."""
    inside = list(folder.iterdir())
    if not inside:
        return True
    if any(item.is_dir() or item.suffix not in _OWN_ENDINGS for item in inside):
        return False
    page = folder / PAGE
    return page.is_file() and MARK in page.read_text(encoding="utf-8", errors="replace")[:2000]


def _save_pictures(assessment: Assessment, folder: Path) -> dict[str, Path]:
    pictures = {}
    for name, figure in _figures(assessment):
        path = folder / f"{name}.png"
        figure.savefig(path, facecolor=figure.get_facecolor())
        pictures[name] = path
    return pictures


def _figures(assessment: Assessment) -> Iterator[tuple[str, Any]]:
    result = assessment.result
    yield "psf", plot_psf(result.psf)
    yield "profiles", plot_profiles(result.psf)
    if result.field is not None and len(result.field.psfs) > 1:
        yield "field", plot_field(result.field, result.beads)
    if len(assessment.beads.used):
        yield "histograms", plot_histograms(assessment)
        yield "thumbnails", plot_thumbnails(assessment)
        yield "maps", plot_bead_maps(assessment)
    for number, image in enumerate(result.images, start=1):
        ending = f"_{number}" if len(result.images) > 1 else ""
        yield f"beads{ending}", plot_beads(image, result.beads)
        yield f"image{ending}", plot_image(image)
