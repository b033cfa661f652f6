"""The summary of a batch: one row a file, in the order in which the images were taken."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from psfbridge.batch.one_file import Outcome
from psfbridge.measurement.table import fwhm_text

__all__ = ["Row", "group_of", "rows_of", "to_csv"]

NAN = float("nan")


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
        How it went, see `psfbridge.batch.one_file.Outcome`.
    fwhm_z_um, fwhm_y_um, fwhm_x_um : float
        Of the PSF, in µm.
    se_z_um, se_y_um, se_x_um : float
        Their standard errors, from the scatter over the beads.
    beads_found, beads_used : int
        How many candidates there were, and how many made the PSF.
    method : str
        How it was computed.
    verdict : str
        What was judged of the PSF, where the method judges.
    group : str
        What may be compared: files of one voxel size.
    psf : str
        The PSF's file.
    report : str
        The page of its report, where reports were asked for.
    error : str
        After a failure, the one line that says why.
    """

    file: str
    taken: str = ""
    taken_from: str = ""
    status: str = ""
    fwhm_z_um: float = NAN
    fwhm_y_um: float = NAN
    fwhm_x_um: float = NAN
    se_z_um: float = NAN
    se_y_um: float = NAN
    se_x_um: float = NAN
    beads_found: int = 0
    beads_used: int = 0
    method: str = ""
    verdict: str = ""
    group: str = ""
    psf: str = ""
    report: str = ""
    error: str = ""

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """Return the row of one outcome."""
        known: dict[str, Any] = {
            "file": outcome.task.path,
            "taken": outcome.taken,
            "taken_from": outcome.taken_from,
            "status": outcome.status,
            "error": outcome.error,
        }
        if outcome.status == "failed":
            return cls(**known)
        record = outcome.record
        return cls(
            **known,
            **_lengths("fwhm", record["measures"]["fwhm_um"]),
            **_lengths("se", record["fwhm_se_um"]),
            beads_found=record["beads"]["found"],
            beads_used=record["beads"]["used"],
            method=record["method"],
            verdict=str(record["diagnostics"].get("verdict", {}).get("grade", "")),
            group=group_of(record),
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

    def sentence(self) -> str:
        """Return the row as a line for people."""
        if self.status == "failed":
            return f"{self.file}: failed: {self.error}"
        widths = fwhm_text(self.fwhm_um, self.se_um)
        return f"{self.file}: {self.status}, {widths}, {self.beads_used} beads"


def group_of(record: Mapping[str, Any]) -> str:
    """Return the name of the group that a record belongs to: its voxel size.

    Stacks of another zoom or z step would spoil a common curve and a common PSF.

    Examples
    --------
    >>> group_of({"psf": {"voxel_um": [0.2, 0.1, 0.1]}})
    '0.2 × 0.1 × 0.1 µm'
    """
    return " × ".join(f"{step:.3g}" for step in record["psf"]["voxel_um"]) + " µm"


def _lengths(name: str, values: Sequence[float | None]) -> dict[str, Any]:
    return {
        f"{name}_{axis}_um": NAN if value is None else float(value)
        for axis, value in zip("zyx", values, strict=True)
    }


def rows_of(outcomes: Sequence[Outcome]) -> list[Row]:
    """Return the rows, the oldest image first, those without a date last."""
    rows = [Row.of(one) for one in outcomes]
    return sorted(rows, key=lambda row: (not row.taken, row.taken, row.file))


def to_csv(rows: Sequence[Row]) -> str:
    """Return the summary as CSV text; what cannot be told is empty."""
    text = io.StringIO()
    names = [field.name for field in fields(Row)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in asdict(row).items()})
    return text.getvalue()


def _cell(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return f"{value:.6g}" if math.isfinite(value) else ""
