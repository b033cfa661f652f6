"""The summary of a batch: one row per file, in order of acquisition."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from psfbridge._util.csv_table import csv_text
from psfbridge.batch.one_file import FileResult
from psfbridge.measurement.table import fwhm_text

__all__ = ["Row", "group_of", "key_values", "rows_of", "to_csv", "to_key_values"]

NAN = float("nan")


def _column(default: Any, meaning: str, unit: str = "") -> Any:
    return field(default=default, metadata={"meaning": meaning, "unit": unit})


def _um(meaning: str) -> Any:
    return _column(NAN, meaning, "µm")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One file in the summary.

    Parameters
    ----------
    file : str
        The image.
    taken, taken_from : str
        The date of the image, ISO 8601, and whether the ``image`` says so or the ``file`` system.
    status : {'done', 'kept', 'failed'}
        How it went, see `psfbridge.batch.one_file.FileResult`.
    fwhm_z_um, fwhm_y_um, fwhm_x_um : float
        Of the PSF, in µm.
    se_z_um, se_y_um, se_x_um : float
        Their standard errors, from the scatter over the beads.
    limit_z_um, limit_y_um, limit_x_um : float
        The most that they may be: the ideal pupil's width times the tolerance.
    strehl : float
        Strehl ratio, where a pupil was fitted.
    beads_found, beads_used : int
        How many candidates there were, and how many made the PSF.
    method : str
        How it was computed.
    verdict : str
        What was judged of the PSF, where the method judges.
    tolerance : str
        ``pass`` or ``fail``; empty where nothing is judged.
    stand, objective, channel : str
        What it was imaged with, as far as the options or the file say.
    group : str
        What may be compared: files of one microscope, objective, channel and voxel size.
    psf : str
        The PSF's file.
    report : str
        The page of its report, where reports were asked for.
    error : str
        After a failure, the one line that says why.
    """

    file: str = _column("", "the image")
    taken: str = _column("", "acquisition date, ISO 8601")
    taken_from: str = _column("", "source of the date: image or file system")
    status: str = _column("", "done, kept or failed")
    fwhm_z_um: float = _um("FWHM of the PSF along z")
    fwhm_y_um: float = _um("FWHM of the PSF along y")
    fwhm_x_um: float = _um("FWHM of the PSF along x")
    se_z_um: float = _um("standard error of the FWHM along z")
    se_y_um: float = _um("standard error of the FWHM along y")
    se_x_um: float = _um("standard error of the FWHM along x")
    limit_z_um: float = _um("upper limit of the FWHM along z")
    limit_y_um: float = _um("upper limit of the FWHM along y")
    limit_x_um: float = _um("upper limit of the FWHM along x")
    strehl: float = _column(NAN, "Strehl ratio of the fitted pupil")
    beads_found: int = _column(0, "candidates")
    beads_used: int = _column(0, "beads used for the PSF")
    method: str = _column("", "how the PSF was computed")
    verdict: str = _column("", "good, usable or poor")
    tolerance: str = _column("", "pass or fail")
    stand: str = _column("", "microscope")
    objective: str = _column("", "objective")
    channel: str = _column("", "channel or emission wavelength")
    group: str = _column("", "group of comparable files")
    psf: str = _column("", "file of the PSF")
    report: str = _column("", "HTML report")
    error: str = _column("", "why it failed")

    @classmethod
    def of(cls, outcome: FileResult) -> Self:
        """Return the row of one outcome."""
        known: dict[str, Any] = {
            "file": outcome.task.label,
            "taken": outcome.taken,
            "taken_from": outcome.taken_from,
            "status": outcome.status,
            "error": outcome.error,
        }
        if outcome.status == "failed":
            return cls(**known)
        record = outcome.record
        told: dict[str, Any] = {
            **known,
            **_lengths("fwhm", record["measures"]["fwhm_um"]),
            **_lengths("se", record["fwhm_se_um"]),
            **_assessed(record.get("assessment") or {}),
            **_imaged_with(outcome),
        }
        return cls(
            **told,
            beads_found=record["beads"]["found"],
            beads_used=record["beads"]["used"],
            method=record["method"],
            verdict=str(record["diagnostics"].get("verdict", {}).get("grade", "")),
            group=group_of(outcome),
            psf=outcome.task.psf.name,
            report=outcome.task.report_link,
        )

    @property
    def fwhm_um(self) -> tuple[float, float, float]:
        """FWHM in z, y and x, in µm."""
        return self.fwhm_z_um, self.fwhm_y_um, self.fwhm_x_um

    @property
    def se_um(self) -> tuple[float, float, float]:
        """Standard errors of the FWHM in z, y and x, in µm."""
        return self.se_z_um, self.se_y_um, self.se_x_um

    @property
    def limit_um(self) -> tuple[float, float, float]:
        """The most that the FWHM in z, y and x may be, in µm."""
        return self.limit_z_um, self.limit_y_um, self.limit_x_um

    def sentence(self) -> str:
        """Return the row as a line for people."""
        if self.status == "failed":
            return f"{self.file}: failed: {self.error}"
        widths = fwhm_text(self.fwhm_um, self.se_um)
        judged = "".join(f", {word}" for word in (self.verdict, self.tolerance) if word)
        return f"{self.file}: {self.status}, {widths}, {self.beads_used} beads{judged}"


def group_of(outcome: FileResult) -> str:
    """Return the name of the group that a file belongs to: what it was imaged with, and its voxels.

    Stacks of another objective, channel, zoom or z step would spoil a common curve and a common
    PSF.

    Parameters
    ----------
    outcome : FileResult
        Of a file that gave a PSF.
    """
    size = " × ".join(f"{step:.3g}" for step in outcome.record["psf"]["voxel_um"]) + " µm"
    return ", ".join([*filter(None, _imaged_with(outcome).values()), size])


def _imaged_with(outcome: FileResult) -> dict[str, str]:
    """Return microscope, objective and channel: as the options say, else as the file does."""
    about, said = outcome.task.about, outcome.record.get("imaged_with") or {}
    return {
        "stand": about.stand or said.get("stand") or "",
        "objective": about.objective or said.get("objective") or "",
        "channel": _channel(outcome, said),
    }


def _channel(outcome: FileResult, said: Mapping[str, Any]) -> str:
    wanted = outcome.task.reading.channel
    optics = outcome.task.options.optics
    wave = optics.wavelength_um if optics else said.get("wavelength_um")
    named = "" if wanted is None else f"channel {wanted}"
    return " ".join(filter(None, [named, f"{1000 * wave:.0f} nm" if wave else ""]))


def _assessed(assessment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a row that are of the assessment."""
    criteria = {one["key"]: one for one in assessment.get("criteria") or ()}
    ideal = {one["axis"]: one["ideal_um"] for one in assessment.get("widths") or ()}
    limits = {}
    for axis in "zyx":
        most = (criteria.get(f"fwhm_{axis}") or {}).get("limit")
        known = most is not None and ideal.get(axis) is not None
        limits[f"limit_{axis}_um"] = float(most * ideal[axis]) if known else NAN
    strehl = (criteria.get("strehl") or {}).get("value")
    words = {True: "pass", False: "fail", None: ""}
    return limits | {
        "strehl": NAN if strehl is None else float(strehl),
        "tolerance": words[assessment.get("passed")],
    }


def _lengths(name: str, values: Sequence[float | None]) -> dict[str, Any]:
    return {
        f"{name}_{axis}_um": NAN if value is None else float(value)
        for axis, value in zip("zyx", values, strict=True)
    }


def rows_of(outcomes: Sequence[FileResult]) -> list[Row]:
    """Return the rows, the oldest image first, those without a date last."""
    rows = [Row.of(one) for one in outcomes]
    return sorted(rows, key=lambda row: (not row.taken, row.taken, row.file))


def to_csv(rows: Sequence[Row]) -> str:
    """Return the summary as CSV text; what is unknown is empty."""
    return csv_text([one.name for one in fields(Row)], map(asdict, rows))


def to_key_values(rows: Sequence[Row]) -> str:
    """Return the figures as CSV text from which OMERO makes key-value pairs of its images.

    The first column, ``image``, holds the image's name as OMERO has it after an import; every
    other one is a key. That is what OMERO's script ``KeyVal_from_csv`` reads.

    Parameters
    ----------
    rows : sequence of Row
        Failures are left out.
    """
    pairs = [key_values(row) for row in rows if row.status != "failed"]
    names = list(dict.fromkeys(name for one in pairs for name in one))
    return csv_text(names, pairs)


def key_values(row: Row) -> dict[str, Any]:
    """Return a row as readable key-value pairs with units, without empty values."""
    pairs: dict[str, Any] = {"image": row.file.replace("\\", "/").rsplit("/", 1)[-1]}
    for one in fields(Row):
        value = getattr(row, one.name)
        told = math.isfinite(value) if isinstance(value, float) else value != ""
        if told and one.name not in ("file", "psf", "report", "error", "status"):
            unit = one.metadata["unit"]
            pairs[one.metadata["meaning"] + (f" ({unit})" if unit else "")] = value
    return pairs
