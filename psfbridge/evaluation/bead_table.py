"""Measurements of every bead, used or rejected, on a common scale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.csv_table import csv_text
from psfbridge.detection.beads import USED, Bead
from psfbridge.evaluation.settings import ACQUISITION, AcquisitionSettings
from psfbridge.measurement.measures import Measures, measure_beads

if TYPE_CHECKING:
    from psfbridge.distillation.result import Distillation
    from psfbridge.imaging.image import Image

__all__ = ["BeadRow", "BeadTable", "measure_every_bead"]

Floats = NDArray[np.float64]
NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class BeadRow:
    """One bead as measured in the image, including its own size; NaN for unknown values.

    Parameters
    ----------
    image, bead : str, int
        Image and number, as in the table of candidates.
    z_um, y_um, x_um : float
        Position in µm from the centre of the first voxel.
    fwhm_z_um, fwhm_y_um, fwhm_x_um : float
        Full width at half maximum of the profiles through its peak, in µm.
    r2 : float
        Share of the variance that a three-dimensional Gaussian explains.
    chi2 : float
        χ² per degree of freedom of the bead against the PSF; of used beads only.
    snr : float
        Peak above the background over the noise beside the bead.
    signal_to_background : float
        Peak above the background over the background.
    peak, background : float
        In counts.
    intensity : float
        Sum of its counts above the background.
    asymmetry : float
        Narrower over wider lateral FWHM; 1 is round.
    fwhm_narrow_um, fwhm_wide_um : float
        FWHM along the lateral axes of a three-dimensional Gaussian, whatever way they point.
    theta_deg : float
        Direction of the wider one: from x towards y, 0 to 180 degrees.
    slant_y, slant_x : float
        Walk of its long axis in y and x for each µm along z.
    status, reason : str
        As in the table of candidates.
    """

    image: str
    bead: int
    z_um: float
    y_um: float
    x_um: float
    fwhm_z_um: float = NAN
    fwhm_y_um: float = NAN
    fwhm_x_um: float = NAN
    r2: float = NAN
    chi2: float = NAN
    snr: float = NAN
    signal_to_background: float = NAN
    peak: float = NAN
    background: float = NAN
    intensity: float = NAN
    asymmetry: float = NAN
    fwhm_narrow_um: float = NAN
    fwhm_wide_um: float = NAN
    theta_deg: float = NAN
    slant_y: float = NAN
    slant_x: float = NAN
    status: str = USED
    reason: str = ""


class BeadTable(Sequence[BeadRow]):
    """The figures of every candidate; ``pandas.DataFrame(table)`` is the table.

    Examples
    --------
    >>> table = BeadTable([BeadRow(image="a.tif", bead=0, z_um=1, y_um=2, x_um=3, snr=40.0)])
    >>> table.median_and_mad("snr")
    (40.0, 0.0)
    """

    def __init__(self, rows: Iterable[BeadRow], notes: Sequence[str] = ()) -> None:
        self._rows = tuple(rows)
        self.notes = tuple(notes)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[BeadRow]:
        return iter(self._rows)

    def __getitem__(self, index: Any) -> Any:
        return self._rows[index]

    @property
    def used(self) -> BeadTable:
        """The beads that the PSF was made from."""
        return BeadTable(row for row in self if row.status == USED)

    def column(self, name: str) -> Floats:
        """Return one figure of every bead."""
        return np.array([getattr(row, name) for row in self], float)

    def median_and_mad(self, name: str) -> tuple[float, float]:
        """Return the median of a figure over these beads, and its median absolute deviation."""
        values = self.column(name)
        values = values[np.isfinite(values)]
        if not len(values):
            return NAN, NAN
        return float(np.median(values)), float(np.median(np.abs(values - np.median(values))))

    def to_csv(self) -> str:
        """Return the table as CSV text; what is unknown is empty."""
        return csv_text([one.name for one in fields(BeadRow)], map(asdict, self))


def measure_every_bead(
    result: Distillation, settings: AcquisitionSettings | None = None
) -> BeadTable:
    """Measure all beads of a distillation individually.

    Parameters
    ----------
    result : Distillation
        Its images and beads.
    settings : AcquisitionSettings, optional
        Says how many beads at most are measured: used ones first, then the brightest.
    """
    most = (settings or ACQUISITION).most_beads_measured
    chosen = sorted(result.beads, key=lambda bead: (bead.status != USED, -_finite(bead.snr)))[:most]
    wanted = {(bead.image, bead.bead) for bead in chosen}
    rows = [row for image in result.images for row in _rows(image, result.beads, wanted)]
    notes = []
    if len(chosen) < len(result.beads):
        notes.append(
            f"Widths were measured for {len(chosen)} of the {len(result.beads)} candidates, "
            "starting with the used ones; all candidates are listed."
        )
    return BeadTable(rows, notes)


def _finite(value: float) -> float:
    return value if math.isfinite(value) else -1.0


def _rows(image: Image, beads: Iterable[Bead], wanted: set[tuple[str, int]]) -> Iterator[BeadRow]:
    own = [bead for bead in beads if bead.image == image.name]
    asked = [bead for bead in own if (bead.image, bead.bead) in wanted]
    found = measure_beads(image, [(bead.z, bead.y, bead.x) for bead in asked])
    measured = {bead.bead: one for bead, one in zip(asked, found, strict=True)}
    for bead in own:
        one = measured.get(bead.bead)
        yield BeadRow(
            image=bead.image,
            bead=bead.bead,
            z_um=bead.z * image.voxel_um[0],
            y_um=bead.y * image.voxel_um[1],
            x_um=bead.x * image.voxel_um[2],
            intensity=bead.intensity,
            chi2=bead.chi2,
            status=bead.status,
            reason=bead.reason,
            **(_figures(one) if one else {}),
        )


def _figures(one: Measures) -> dict[str, float]:
    z, y, x = one.fwhm_um
    along, slant_y, slant_x = one.principal_axes[0]
    # A unit vector that lies in the plane has no slant to speak of.
    steep = abs(along) > 0.1
    return {
        "fwhm_z_um": z,
        "fwhm_y_um": y,
        "fwhm_x_um": x,
        "r2": one.gaussian_r2,
        "snr": one.snr,
        "signal_to_background": one.peak / one.background if one.background > 0 else NAN,
        "peak": one.peak,
        "background": one.background,
        "asymmetry": min(y, x) / max(y, x) if math.isfinite(y + x) else NAN,
        "slant_y": slant_y / along if steep else NAN,
        "slant_x": slant_x / along if steep else NAN,
        **_lateral(one),
    }


def _lateral(one: Measures) -> dict[str, float]:
    """Return the lateral principal widths of the Gaussian and the direction of the wider."""
    pairs = zip(one.principal_fwhm_um, one.principal_axes, strict=True)
    axial, *lateral = sorted(pairs, key=lambda pair: -abs(pair[1][0]))
    if not all(math.isfinite(width) for width, _ in (axial, *lateral)):
        return {}
    (wide, (_, y, x)), (narrow, _) = sorted(lateral, key=lambda pair: -pair[0])
    theta = math.degrees(math.atan2(y, x)) % 180
    return {"fwhm_narrow_um": narrow, "fwhm_wide_um": wide, "theta_deg": theta}
