"""Measurements as text, for terminals and reports."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psfbridge.measurement.measures import Measures

__all__ = ["fwhm_text", "measure_rows"]


def fwhm_text(fwhm_um: Sequence[float], se_um: Sequence[float] = (math.nan,) * 3) -> str:
    """Return the widths in a line, with their standard errors; a plane has none along z.

    Examples
    --------
    >>> fwhm_text((0.849, 0.394, 0.385))
    'FWHM z y x 0.849 0.394 0.385 µm'
    >>> fwhm_text((math.nan, 0.394, 0.385), (math.nan, 0.002, 0.001))
    'FWHM y x 0.394±0.002 0.385±0.001 µm'
    """
    rows = zip("zyx", fwhm_um, se_um, strict=True)
    known = [row for row in rows if math.isfinite(row[1])]
    if not known:
        return "FWHM not measurable"
    widths = (f"{w:.3f}" + (f"±{se:.3f}" if math.isfinite(se) else "") for _, w, se in known)
    return f"FWHM {' '.join(axis for axis, _, _ in known)} {' '.join(widths)} µm"


def measure_rows(measures: Measures) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each figure and its cells; a row without a name heads those below it."""
    yield "", ["z", "y", "x"]
    yield "FWHM at half maximum, µm", _cells(measures.fwhm_um)
    yield "FWHM of 1-D Gaussian fits, µm", _cells(measures.profile_fit_fwhm_um)
    yield "FWHM of the 3-D Gaussian fit, µm", _cells(measures.gaussian_fwhm_um)
    yield "asymmetry, odd fraction of the energy", _cells(measures.asymmetry)
    yield "", ["longest", "middle", "shortest"]
    yield "FWHM along the principal axes, µm", _cells(measures.principal_fwhm_um)
    yield "", ["value"]
    yield "tilt of the longest axis from z, degrees", _cells([measures.tilt_deg])
    yield "R² of the 3-D Gaussian fit", _cells([measures.gaussian_r2])
    yield "light within the Airy disk, in focus", _cells([measures.zone_energy])
    yield "light within the Airy ellipsoid", _cells([measures.zone_energy_volume])
    yield "signal-to-noise ratio at the peak", _cells([measures.snr])
    yield "residual background, relative to the peak", _cells([measures.background_share])
    if math.isfinite(measures.light_inside):
        yield "fraction of the light inside the box", _cells([measures.light_inside])


def _cells(values: Sequence[float]) -> list[str]:
    return [_cell(value) for value in values]


def _cell(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.3g}"
