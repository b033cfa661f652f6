"""Report options, and the exit status for insufficient quality."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from psfbridge.cli._options import add_options, chosen_options
from psfbridge.evaluation.about import About
from psfbridge.evaluation.tolerances import Tolerances

if TYPE_CHECKING:
    from psfbridge.distillation.result import Distillation
    from psfbridge.evaluation.assessment import Assessment

__all__ = [
    "GRADES",
    "add_fail_on",
    "add_report_options",
    "assessed",
    "check_quality",
    "check_report_outputs",
    "falls_short",
    "opened",
    "opened_page",
    "tone_of",
    "write_reports",
]

#: What ``--fail-on`` knows, and what each stands for.
GRADES = ("poor", "usable", "tolerance")


def add_report_options(parser: argparse.ArgumentParser, outputs: argparse._ArgumentGroup) -> None:
    """Add the report options."""
    outputs.add_argument("--report", metavar="DIR", help="folder for the HTML report")
    outputs.add_argument("--pdf", metavar="OUT.pdf", help="the same report as a PDF (A4)")
    outputs.add_argument("--open", action="store_true", help="open the report when done")
    add_fail_on(outputs)
    add_options(parser, About)
    add_options(parser, Tolerances)


def add_fail_on(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add the option that makes poor quality an error."""
    parser.add_argument(
        "--fail-on",
        choices=GRADES,
        help="exit with status 1 for a poor PSF (poor), for a usable or poor PSF (usable), or for "
        "a poor PSF or a value out of tolerance (tolerance); all outputs are still written",
    )


def check_report_outputs(args: argparse.Namespace) -> None:
    """Reject report outputs that cannot be written, or opened without a report."""
    from psfbridge.errors import OptionError, OutputError

    if args.open and not (args.report or args.pdf):
        raise OptionError("--open needs a report. Also give --report DIR or --pdf FILE.")
    if args.pdf and Path(args.pdf).suffix.lower() != ".pdf":
        raise OutputError(f"cannot write {args.pdf}: allowed is the ending .pdf.")
    if args.report:
        from psfbridge.report.write import check_report_folder

        check_report_folder(args.report)


def assessed(result: Distillation, args: argparse.Namespace) -> Assessment | None:
    """Assess a result if a report or the exit status requires it."""
    if not (args.report or args.pdf or args.fail_on):
        return None
    from psfbridge.evaluation.assessment import assess

    return assess(result, tolerances=Tolerances(**chosen_options(args, Tolerances)))


def write_reports(assessment: Assessment, args: argparse.Namespace) -> None:
    """Write the requested page and PDF."""
    from psfbridge.report.write import write_pdf, write_report

    about = About(**chosen_options(args, About))
    if args.report:
        write_report(assessment, args.report, about=about)
    if args.pdf:
        write_pdf(assessment, args.pdf, about=about)


def opened(args: argparse.Namespace) -> str:
    """Return the page to view, opened if requested; empty if there is none."""
    page = Path(args.report) / "index.html" if args.report else args.pdf and Path(args.pdf)
    if not page:
        return ""
    return opened_page(page, open_it=args.open)


def opened_page(page: Path, *, open_it: bool) -> str:
    """Return the line that says which page to look at; open it if that was asked for."""
    if open_it:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
    return f"open {page}"


#: The colour of each grade.
_TONES = {"good": "good", "usable": "care", "poor": "bad"}


def tone_of(assessment: Assessment | None) -> str:
    """Return the tone of the first line of a summary, according to the verdict."""
    if assessment is not None:
        return "bad" if assessment.passed is False else _TONES.get(assessment.grade, "")
    return ""


def check_quality(assessment: Assessment | None, args: argparse.Namespace) -> None:
    """Fail if the quality does not meet ``--fail-on``.

    Raises
    ------
    QualityError
        With the answer in a line.
    """
    if assessment is None or not args.fail_on:
        return
    from psfbridge.errors import QualityError

    if falls_short(assessment.grade, assessment.passed, args.fail_on):
        raise QualityError(
            f"{assessment.headline} {' '.join(assessment.reasons)}".strip(),
            remedy=f"This does not meet --fail-on {args.fail_on}.",
        )


def falls_short(grade: str, passed: bool | None, wanted: str) -> bool:
    """Whether a PSF is below what ``--fail-on`` asks for.

    Parameters
    ----------
    grade : str
        What was judged of it; empty where its method does not judge.
    passed : bool or None
        Whether every figure is within tolerance; None where none was judged.
    wanted : str
        One of `GRADES`.
    """
    grades = {"poor": ("poor",), "usable": ("poor", "usable"), "tolerance": ("poor",)}
    return grade in grades[wanted] or (wanted == "tolerance" and passed is False)
