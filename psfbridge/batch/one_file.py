"""Processing of one file of a batch; up-to-date outputs are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from psfbridge._util.atomic_files import write_text
from psfbridge._util.jsonable import json_text, plain
from psfbridge._version import __version__
from psfbridge.batch.settings import SCATTER
from psfbridge.distillation.result import Distillation
from psfbridge.errors import Cancelled, ImageError, PsfBridgeError
from psfbridge.evaluation.about import About
from psfbridge.evaluation.assessment import Assessment, assess
from psfbridge.evaluation.settings import ACQUISITION
from psfbridge.evaluation.tolerances import Tolerances
from psfbridge.hosts import Host
from psfbridge.imaging.dates import taken
from psfbridge.imaging.formats import image_files
from psfbridge.imaging.read import Reading
from psfbridge.numerics.robust import robust_sd
from psfbridge.options import DistillOptions
from psfbridge.progress import Progress, no_progress

__all__ = ["FileResult", "Task", "earlier", "file_state", "save", "work"]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One file to distil.

    Parameters
    ----------
    path : str
        The image.
    stem : str
        What its outputs are called: ``<stem>_psf.tif``, ``<stem>_beads.csv``, ``<stem>.json``.
    folder : str
        Where they go.
    reading : Reading
        How the file is to be read.
    options : DistillOptions
        What was chosen.
    host : Host
        Who reads the messages.
    reports : bool
        Whether a report is wanted too, in ``<stem>_report``.
    about : About
        Who imaged what with which microscope.
    tolerances : Tolerances
        Limits between pass and fail.
    """

    path: str
    stem: str
    folder: str
    reading: Reading = field(default_factory=Reading)
    options: DistillOptions = field(default_factory=DistillOptions)
    host: Host = Host.PYTHON
    reports: bool = False
    about: About = field(default_factory=About)
    tolerances: Tolerances = field(default_factory=Tolerances)

    @property
    def label(self) -> str:
        """Label in the summary: the file, with the number of the image if all are read."""
        number = self.stem.rpartition("_series_")[2]
        own = self.stem.endswith(f"_series_{self.reading.series}") and number.isdecimal()
        return f"{self.path} series {number}" if own else self.path

    @property
    def psf(self) -> Path:
        """Path of the PSF."""
        return Path(self.folder) / f"{self.stem}_psf.tif"

    @property
    def beads(self) -> Path:
        """Path of the bead table."""
        return Path(self.folder) / f"{self.stem}_beads.csv"

    @property
    def report(self) -> Path:
        """Path of the report, if requested."""
        return Path(self.folder) / f"{self.stem}_report"

    @property
    def report_link(self) -> str:
        """The link to the report in the summary; empty if there is none."""
        page = self.report / "index.html"
        return f"{self.report.name}/index.html" if page.is_file() else ""

    @property
    def record(self) -> Path:
        """Path of the record, which is written last."""
        return Path(self.folder) / f"{self.stem}.json"

    def wanted(self) -> dict[str, Any]:
        """Return what decides the outputs besides the voxels: options, reading and version."""
        wanted: dict[str, Any] = plain(
            {
                "options": self.options,
                "reading": self.reading,
                "version": __version__,
                "tolerances": self.tolerances,
                "about": self.about if self.reports else None,
            }
        )
        return wanted


@dataclass(frozen=True, kw_only=True)
class FileResult:
    """The outcome for one file.

    Parameters
    ----------
    task : Task
        Which file.
    status : {'done', 'kept', 'failed'}
        ``kept`` where the outputs were there already, made from this file with these options.
    record : mapping
        What ``<stem>.json`` says; empty after a failure.
    error : str
        After a failure, the one line that says why.
    taken : str
        The date of the image, ISO 8601; empty where there is none.
    taken_from : str
        ``image`` or ``file``, see `psfbridge.imaging.dates.Taken`.
    """

    task: Task
    status: str
    record: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    taken: str = ""
    taken_from: str = ""


def work(task: Task, progress: Progress = no_progress) -> FileResult:
    """Distil one file and write what belongs to it, unless that is there already.

    A failure is an outcome too: one line, and nothing is written.

    Parameters
    ----------
    task : Task
        What to do.
    progress : Progress, optional
        Called often.

    Raises
    ------
    Cancelled
        If the progress callback says so.
    """
    date = taken(task.path)
    outcome = FileResult(task=task, status="failed")
    if date:
        outcome = replace(outcome, taken=date.date.isoformat(), taken_from=date.source)
    try:
        record = _kept(task)
        if record is not None:
            return replace(outcome, status="kept", record=record)
        return replace(outcome, status="done", record=_distilled(task, progress))
    except Cancelled:
        raise
    # Whatever is wrong with one file of thousands, the others are still to be done.
    except Exception as fault:
        return replace(outcome, error=_line(fault, task.host))


def _line(fault: Exception, host: Host) -> str:
    if isinstance(fault, PsfBridgeError):
        return f"{type(fault).__name__}: {fault.worded(host)}"
    if isinstance(fault, MemoryError):
        return "MemoryError: out of memory. Use fewer jobs or a smaller image."
    words = " ".join(str(fault).split())
    return f"unexpected {type(fault).__name__}: {words}. Please report it with the file."


def _distilled(task: Task, progress: Progress) -> dict[str, Any]:
    from psfbridge.distillation.api import distill

    state = file_state(task.path)
    reading = replace(task.reading, lazy=True)
    result = distill(reading.one_channel(task.path), options=task.options, progress=progress)
    return save(task, result, [state], imaged_with=_imaged_with(task))


def _imaged_with(task: Task) -> dict[str, Any]:
    """Return microscope, objective and wavelengths recorded in the file, if any."""
    stored = task.reading.opened(task.path)
    return stored.stored.optics.options(stored.channel)


def save(
    task: Task,
    result: Distillation,
    states: list[dict[str, Any]],
    *,
    imaged_with: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write PSF, table and record of a distillation; return the record.

    Parameters
    ----------
    task : Task
        Where they go.
    result : Distillation
        What to write.
    states : list of dict
        The files that it came from, as they were before it was made.
    imaged_with : mapping, optional
        What the file says of its optics.
    """
    few = replace(ACQUISITION, most_beads_measured=SCATTER.most_measured)
    settings = ACQUISITION if task.reports else few
    assessment = assess(result, tolerances=task.tolerances, settings=settings)
    record: dict[str, Any] = plain(
        result.to_dict()
        | {
            "fwhm_se_um": _fwhm_se_um(assessment),
            "assessment": assessment.to_dict(),
            "imaged_with": imaged_with or {},
            "batch": {"inputs": states, "wanted": task.wanted()},
        }
    )
    task.record.unlink(missing_ok=True)
    result.psf.save(task.psf)
    result.beads.save(task.beads)
    if task.reports:
        from psfbridge.report.write import write_report

        write_report(assessment, task.report, about=task.about)
    write_text(task.record, json_text(record))
    return record


def _kept(task: Task) -> dict[str, Any] | None:
    """Return the record of an earlier run, if it was of this file, unchanged, and these options."""
    record = earlier(task)
    if record is None or record["batch"]["inputs"] != [file_state(task.path)]:
        return None
    return record


def earlier(task: Task) -> dict[str, Any] | None:
    """Return the record that is there, if all outputs are and the options were the same."""
    if not all(path.is_file() for path in (task.psf, task.beads, task.record)):
        return None
    if task.reports and not task.report_link:
        return None
    try:
        record = json.loads(task.record.read_text(encoding="utf-8"))
        same: bool = record["batch"]["wanted"] == task.wanted()
    except (ValueError, KeyError, TypeError):
        return None
    return record if same else None


def file_state(path: str) -> dict[str, Any]:
    """Return location, size and time of the files of an image, to detect changes."""
    try:
        stats = [part.stat() for part in image_files(path)]
    except (OSError, ImageError):
        stats = []
    return {
        "path": str(Path(path).resolve()),
        "bytes": sum(one.st_size for one in stats),
        "written_ns": max((one.st_mtime_ns for one in stats), default=0),
    }


def _fwhm_se_um(assessment: Assessment) -> tuple[float, ...]:
    """Return the standard error of the FWHM in z, y and x, from its scatter over the beads.

    Beads are measured one by one; the scatter is robust (median absolute deviation). NaN where
    fewer than three tell.
    """
    columns = [assessment.beads.used.column(f"fwhm_{axis}_um") for axis in "zyx"]
    return tuple(_standard_error(column[np.isfinite(column)]) for column in columns)


def _standard_error(values: np.ndarray[Any, Any]) -> float:
    if len(values) < 3:
        return float("nan")
    return float(robust_sd(values) / np.sqrt(len(values)))
