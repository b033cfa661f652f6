"""One line of what was done, and the figures by name: for the Log and for ``Ext.psfGet``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from psfbridge.beads import Beads
from psfbridge.measures import Measures
from psfbridge.result import Distillation

__all__ = [
    "Figures",
    "bead_figures",
    "distill_figures",
    "distill_line",
    "measure_figures",
    "widths",
]

Figures = Mapping[str, float | str]

_AXES = "zyx"


def measure_figures(measures: Measures) -> dict[str, float]:
    """Return the numbers of the measures by name; z, y and x each under its own.

    Examples
    --------
    >>> measure_figures(Measures(subject="PSF", voxel_um=(0.2, 0.1, 0.1)))["voxel_z_um"]
    0.2
    """
    figures: dict[str, float] = {}
    for name, value in asdict(measures).items():
        if isinstance(value, int | float):
            figures[name] = float(value)
        elif _is_zyx(value):
            figures |= {_with_axis(name, axis): v for axis, v in zip(_AXES, value, strict=True)}
    return figures


def _is_zyx(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 3 and isinstance(value[0], float)


def _with_axis(name: str, axis: str) -> str:
    """``fwhm_um`` along z is ``fwhm_z_um``."""
    if name == "peak_zyx":
        return f"peak_{axis}"
    stem, unit, _ = name.partition("_um")
    return f"{stem}_{axis}{unit}"


def bead_figures(beads: Beads) -> dict[str, float]:
    """Return how many beads were found, used, held out and rejected."""
    funnel = beads.funnel()
    return {
        "beads_found": float(funnel["found"]),
        "beads_used": float(funnel["used"]),
        "beads_held_out": float(funnel["held_out"]),
        "beads_rejected": float(sum(funnel["rejected"].values())),
    }


def distill_figures(result: Distillation) -> Figures:
    """Return everything that a macro may ask of a distillation, by name."""
    figures: dict[str, float | str] = {"method": result.method, "notes": " ".join(result.notes)}
    figures |= bead_figures(result.beads)
    figures |= measure_figures(result.measures)
    return {**figures, **_diagnostic_figures(result.diagnostics)}


def _diagnostic_figures(diagnostics: Mapping[str, Any]) -> Figures:
    figures: dict[str, float | str] = {}
    for name, value in diagnostics.items():
        if isinstance(value, bool | str):
            figures[name] = str(value)
        elif isinstance(value, int | float):
            figures[name] = float(value)
        else:
            figures[name] = json.dumps(value, default=str)
    return figures


def widths(measures: Measures) -> str:
    """Return the FWHM in words."""
    z, y, x = measures.fwhm_um
    return f"FWHM z {z:.3f}, y {y:.3f}, x {x:.3f} µm"


def distill_line(result: Distillation) -> str:
    """Return what was done in one line."""
    seconds = sum(result.timings_s.values())
    beads = result.beads.sentence()
    return f"{result.method}; beads {beads}; {widths(result.measures)}; {seconds:.1f} s"
