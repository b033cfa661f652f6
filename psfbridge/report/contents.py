"""The sections of a report: verdict, measurements, problems, beads and details."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psfbridge._version import __version__
from psfbridge.evaluation.about import About
from psfbridge.imaging.dates import taken
from psfbridge.measurement.table import measure_rows
from psfbridge.measurement.theory import TEXTBOOK_SOURCE, VECTORIAL_SOURCE
from psfbridge.options import Optics
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

if TYPE_CHECKING:
    from psfbridge.evaluation.assessment import Assessment, Criterion, Width
    from psfbridge.evaluation.bead_table import BeadRow

__all__ = ["report_document", "verdict_block"]

_TONES = {"good": "good", "usable": "care", "poor": "bad"}
_OUTCOMES = {"pass": "good", "fail": "bad"}
# Higher aberrations below this are noise to a reader; the primary ones are always told.
_LEAST_WAVES = 0.005
_PRIMARY = ("astigmatism", "coma", "trefoil", "spherical aberration")
_DETAILS = {
    "options": "Options",
    "timings_s": "Seconds by stage",
    "diagnostics": "Diagnostics",
    "versions": "Versions",
    "provenance": "Provenance",
}
_MEANINGS = (
    "FWHM at half maximum: width of the profile through the peak, without a model. 1-D Gaussian: "
    "the value that most programs report. Asymmetry: fraction of the energy that is odd under "
    "reflection; 0 is symmetric. Tilt: angle between the long axis and z. Airy disk: fraction of "
    "the light within the first dark ring; 0.92 for an ideal lens in focus."
)
#: Columns of the table of beads: head, figure, digits.
_BEAD_COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("z µm", "z_um", 2),
    ("y µm", "y_um", 2),
    ("x µm", "x_um", 2),
    ("FWHM z", "fwhm_z_um", 3),
    ("y", "fwhm_y_um", 3),
    ("x", "fwhm_x_um", 3),
    ("R²", "r2", 3),
    ("χ²", "chi2", 2),
    ("SNR", "snr", 0),
    ("S/B", "signal_to_background", 1),
    ("counts", "intensity", 0),
    ("narrow/wide", "asymmetry", 3),
)


def report_document(
    assessment: Assessment, pictures: Mapping[str, Path], about: About, files: Mapping[str, str]
) -> Document:
    """Return the report of a distillation.

    Parameters
    ----------
    assessment : Assessment
        What is told.
    pictures : mapping
        Picture files by name: ``psf``, ``profiles``, ``thumbnails``, ``histograms``, ``maps``,
        ``field``, and ``beads`` and ``image`` with their numbers.
    about : About
        Who and where.
    files : mapping
        Files beside the page, and what each holds.
    """
    names = ", ".join(image.name for image in assessment.result.images)
    return Document(f"PSF of {names}", tuple(_blocks(assessment, pictures, about, files)))


def _blocks(
    assessment: Assessment, pictures: Mapping[str, Path], about: About, files: Mapping[str, str]
) -> Iterator[Block]:
    yield verdict_block(assessment)
    yield from _answers(assessment)
    yield from _problems(assessment)
    yield from _aberrations(assessment)
    yield from _facts(assessment, about)
    yield from _psf_section(assessment, pictures)
    yield from _bead_section(assessment, pictures)
    yield from _details(assessment)
    if files:
        yield Heading("Files")
        yield Links(tuple(files.items()))


def verdict_block(assessment: Assessment) -> Verdict:
    """Return the answer: the verdict on the PSF, the tolerances, and for which optics."""
    tone = _TONES.get(assessment.grade, "")
    if assessment.passed is False:
        tone = "bad"
    lines = (*assessment.reasons, assessment.optics_sentence())
    return Verdict(assessment.headline, tone, lines)


def _facts(assessment: Assessment, about: About) -> Iterator[Block]:
    yield Heading("Acquisition")
    rows = [[Cell(name), Cell(text)] for name, text in _known_facts(assessment, about)]
    half = -(-len(rows) // 2)
    yield Columns((Table("", (), rows[:half]), Table("", (), rows[half:])))


def _known_facts(assessment: Assessment, about: About) -> Iterator[tuple[str, str]]:
    yield "report created", datetime.now().strftime("%Y-%m-%d %H:%M")
    for image in assessment.result.images:
        yield "image", image.name
        if image.source:
            yield "path", str(Path(image.source).resolve())
            yield from _date(image.source)
    yield from about.facts()
    z, y, x = assessment.result.psf.voxel_um
    yield "voxel size z, y, x", f"{z:.4g}, {y:.4g}, {x:.4g} µm"
    options = assessment.result.options
    inside = assessment.result.psf.light_inside
    if inside is not None:
        yield "light inside the PSF box", f"{inside:.1%} of the light of a point, in its planes"
    yield "bead diameter", f"{options.bead_diameter_um:g} µm"
    if options.measured_only:
        yield "microscope", f"{options.microscope}: PSF measured without a pupil model"
    if options.optics:
        yield "optics", _optics(options.optics)
    yield "software", f"psfbridge {__version__}, method {assessment.result.method}"


def _optics(optics: Optics) -> str:
    told = [
        f"{optics.microscope}, NA {optics.na:g}",
        f"emission {1000 * optics.wavelength_um:.0f} nm",
        f"index {optics.refractive_index:g}",
    ]
    if optics.excitation_um:
        told.append(f"excitation {1000 * optics.excitation_um:.0f} nm")
    if optics.pinhole_au:
        told.append(f"pinhole {optics.pinhole_au:g} Airy units")
    if optics.sheet_tilt_deg:
        told.append(f"light sheet tilted by {optics.sheet_tilt_deg:g}°")
    return ", ".join(told)


def _date(source: str) -> Iterator[tuple[str, str]]:
    date = taken(source)
    if date:
        words = "" if date.source == "image" else " (file date)"
        yield "imaged", f"{date.date:%Y-%m-%d %H:%M}{words}"


def _answers(assessment: Assessment) -> Iterator[Block]:
    yield Heading("Resolution compared with theory")
    criteria = {one.key: one for one in assessment.criteria}
    heads = (
        "axis", "measured FWHM, µm", "ideal pupil, µm", "measured / ideal", "textbook, µm",
        "measured / textbook", "limit", "outcome",
    )  # fmt: skip
    rows = [_width_row(one, criteria.pop(f"fwhm_{one.axis}", None)) for one in assessment.widths]
    note = (
        "± is the statistical standard error. The limit applies to measured / ideal. "
        f"{VECTORIAL_SOURCE} {TEXTBOOK_SOURCE}"
    )
    yield Table("Measured and theoretical widths of the PSF", heads, rows, note)
    rows = [_criterion_row(one) for one in criteria.values()]
    yield Table("Shape of the PSF", ("figure", "value", "limit", "outcome", "meaning"), rows)


def _width_row(width: Width, criterion: Criterion | None) -> list[Cell]:
    limit = criterion.limit if criterion else None
    return [
        Cell(width.axis),
        _number(_with_error(width.measured_um, width.error_um, 3)),
        _number(_fixed(width.ideal_um, 3)),
        _number(_with_error(width.ratio, width.ratio_error, 3)),
        _number(_fixed(width.textbook_um, 3)),
        _number(_fixed(width.measured_um / width.textbook_um, 2)),
        _number("–" if limit is None else f"≤ {limit:g}"),
        _outcome(criterion),
    ]


def _criterion_row(one: Criterion) -> list[Cell]:
    sign = "≤" if one.at_most else "≥"
    return [
        Cell(one.name),
        _number(_with_error(one.value, one.error, 3)),
        _number("–" if one.limit is None else f"{sign} {one.limit:g}"),
        _outcome(one),
        Cell(one.meaning),
    ]


def _outcome(criterion: Criterion | None) -> Cell:
    word = criterion.word if criterion else "not judged"
    return Cell(word, _OUTCOMES.get(word, ""))


def _aberrations(assessment: Assessment) -> Iterator[Block]:
    wavefront = assessment.wavefront
    if wavefront is None:
        return
    yield Heading("Aberrations")
    rows = [[Cell("total"), *_waves(wavefront.rms_waves, wavefront.rms_error), Cell("")]]
    for one in wavefront.aberrations:
        if abs(one.waves) < _LEAST_WAVES and one.name not in _PRIMARY:
            continue
        angle = _fixed(one.angle_deg, 0).replace("-0", "0")
        rows.append([Cell(one.name), *_waves(one.waves, one.error), _number(angle)])
    yield Table(
        "Wavefront error of the fitted pupil",
        ("aberration", "waves rms", "± statistical", "direction, degrees"),
        rows,
        "Zernike terms of unit rms (Noll 1976), the two orientations of each combined; direction "
        "from x towards y. An objective with up to 0.07 waves rms counts as diffraction-limited. "
        "Higher orders below 0.005 waves are not listed.",
    )


def _waves(value: float, error: float) -> list[Cell]:
    return [_number(f"{value:.3f}"), _number(_fixed(error, 4))]


def _problems(assessment: Assessment) -> Iterator[Block]:
    yield Heading("Warnings")
    items = [(one.problem, one.evidence, one.remedy) for one in assessment.problems]
    if items:
        yield Warnings(items)
    else:
        yield Paragraph(
            "None: no saturation, clipping, under-sampling, drift, bleaching, tilt or variation "
            "across the field was found; the beads are small, bright and numerous enough."
        )
    plane = assessment.plane
    # Beads all over the depth lie in no plane.
    if plane and plane.flatness_um < assessment.widths[0].measured_um:
        yield Paragraph(
            f"Plane of the beads: tilted by {plane.tilt_mrad:.1f} ± {plane.tilt_error_mrad:.1f} "
            f"mrad, a focus range of {plane.range_um:.2f} µm across the field; the beads lie "
            f"within {plane.flatness_um:.3f} µm of this plane.",
            faint=True,
        )
    for note in (*assessment.result.notes, *assessment.beads.notes):
        if note not in assessment.headline and not note.startswith("The PSF is"):
            yield Paragraph(note, faint=True)


def _psf_section(assessment: Assessment, pictures: Mapping[str, Path]) -> Iterator[Block]:
    yield Heading("The PSF")
    widths = "; ".join(f"{w.axis} {w.measured_um:.3f} µm" for w in assessment.widths)
    yield Picture(
        pictures["psf"],
        "Maximum projections of the PSF, on linear and logarithmic scales",
        f"Projections of the PSF along z, y and x. Full widths at half maximum: {widths}.",
    )
    yield Picture(
        pictures["profiles"],
        "Profiles through the peak",
        f"Profiles of the PSF along z, y and x. Full widths at half maximum: {widths}.",
    )
    if "field" in pictures:
        yield Picture(
            pictures["field"],
            "Widths and main aberrations of the PSF across the image; dots mark the beads used",
            "Maps of the widths and aberrations of the PSF across the field.",
        )
    rows = [
        [Cell(name), *(_number(cell) for cell in cells)]
        for name, cells in measure_rows(assessment.result.measures)
    ]
    yield Table("Properties of the PSF", (), rows, _MEANINGS)


def _bead_section(assessment: Assessment, pictures: Mapping[str, Path]) -> Iterator[Block]:
    yield Heading("The beads")
    yield Paragraph(assessment.result.beads.sentence() + ".")
    yield Columns((_funnel_table(assessment), _median_table(assessment)))
    for name, caption, alt in (
        ("histograms", "Widths of individual beads", "Histograms of the widths of individual "
        "beads."),
        ("thumbnails", "Individual beads and their residuals after subtracting the PSF", "Images "
        "of individual beads from above and from the side, and their differences from the PSF."),
        ("maps", "Widths, asymmetry, focus and slant of individual beads across the field",
         "Maps of the widths of individual beads across the field."),
    ):  # fmt: skip
        if name in pictures:
            yield Picture(pictures[name], caption, alt)
    for name, path in pictures.items():
        if name.startswith("beads"):
            sentence = assessment.result.beads.sentence()
            yield Picture(path, "Bead candidates by status", f"Map of candidates. {sentence}.")
        if name.startswith("image"):
            yield Picture(path, "Maximum projections of the image", "Projections of the image.")
    count = len(assessment.beads)
    yield Collapsed(f"Table of all {count} candidates", (_bead_table(assessment),))


def _funnel_table(assessment: Assessment) -> Table:
    funnel = assessment.result.beads.funnel()
    counts = {"found": funnel["found"], "used": funnel["used"], "held out": funnel["held_out"]}
    counts |= {f"rejected: {reason}": count for reason, count in funnel["rejected"].items()}
    rows = [[Cell(name), _number(str(count))] for name, count in counts.items()]
    return Table("Candidates", (), rows)


def _median_table(assessment: Assessment) -> Table:
    rows = []
    names = {
        "r2": "R² of a 3-D Gaussian",
        "chi2": "χ² relative to the PSF",
        "snr": "peak / noise",
        "signal_to_background": "signal / background",
        "asymmetry": "narrow / wide FWHM",
    }
    names = {f"fwhm_{w.axis}_um": f"FWHM {w.axis}, µm" for w in assessment.widths} | names
    for name, words in names.items():
        median, mad = assessment.beads.used.median_and_mad(name)
        digits = {"snr": 0, "signal_to_background": 1}.get(name, 3)
        rows.append([Cell(words), _number(_with_error(median, mad, digits))])
    note = "Individual used beads, including the bead size; ± is the median absolute deviation."
    return Table("Median over the beads", (), rows, note)


def _bead_table(assessment: Assessment) -> Table:
    heads = ("bead", *(head for head, _, _ in _BEAD_COLUMNS), "status")
    several = len(assessment.result.images) > 1
    rows = [_bead_row(row, several) for row in assessment.beads]
    note = (
        "Widths in µm. SNR: peak divided by the local noise. S/B: peak divided by the "
        "background. Counts: sum above the background. All beads, used or rejected, were "
        "measured in the same way."
    )
    return Table("All candidates", heads, rows, note, small=True)


def _bead_row(row: BeadRow, several: bool) -> list[Cell]:
    name = f"{row.image} {row.bead}" if several else str(row.bead)
    cells = [_number(_fixed(getattr(row, figure), digits)) for _, figure, digits in _BEAD_COLUMNS]
    tone = "good" if row.status == "used" else ""
    return [Cell(name), *cells, Cell(row.reason or row.status.replace("_", " "), tone)]


def _details(assessment: Assessment) -> Iterator[Block]:
    yield Heading("Provenance")
    record = assessment.result.to_dict()
    told = ("options", "versions", "beads", "method")
    record["provenance"] = {k: v for k, v in record["provenance"].items() if k not in told}
    for name, heading in _DETAILS.items():
        flat = _flat(record[name])
        rows = [[Cell(key), Cell(text)] for key, text in flat if ".phases_" not in key]
        if rows:
            # The heading says what the table is; a caption would say it twice.
            yield Collapsed(heading, (Table("", (), rows, small=True),))


def _flat(record: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested records as dotted names with texts."""
    if isinstance(record, Mapping):
        for name, value in record.items():
            yield from _flat(value, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(record, list) and any(isinstance(item, Mapping | list) for item in record):
        for number, value in enumerate(record):
            yield from _flat(value, f"{prefix}[{number}]")
    elif isinstance(record, list):
        yield prefix, ", ".join(_text(item) for item in record)
    else:
        yield prefix, _text(record)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _number(text: str) -> Cell:
    return Cell(text, number=True)


def _fixed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def _with_error(value: float, error: float, digits: int) -> str:
    text = _fixed(value, digits)
    return f"{text} ± {error:.{digits}f}" if math.isfinite(error) else text
