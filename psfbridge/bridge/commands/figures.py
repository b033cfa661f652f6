"""Values of a command by name, for the Log and for ``Ext.psfGet``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from psfbridge.bridge.commands.command_result import Figures, Found, Profiles
from psfbridge.detection.beads import Bead, Beads
from psfbridge.distillation.channels import ChannelDistillation
from psfbridge.distillation.chromatic_shift import ChromaticShift
from psfbridge.distillation.result import Distillation
from psfbridge.imaging.image import Image
from psfbridge.measurement.measures import Measures, measure
from psfbridge.measurement.profiles import profiles_through
from psfbridge.psf.psf import PSF

__all__ = [
    "bead_figures",
    "bead_rows",
    "distill_figures",
    "distill_lines",
    "measure_figures",
    "profiles_of",
    "psf_row",
    "shift_figures",
    "shift_lines",
    "widths",
]

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


def psf_row(psf: Image) -> dict[str, float]:
    """Return the widths of a PSF, for a row of ImageJ's Results."""
    z, y, x = measure(psf).fwhm_um
    return {"fwhm_x_um": x, "fwhm_y_um": y, "fwhm_z_um": z}


def profiles_of(psf: PSF) -> Profiles:
    """Return the profiles through the middle of a PSF, as shares of the maximum."""
    lines = profiles_through(psf.data, psf.voxel_um, [n // 2 for n in psf.data.shape])
    return {
        axis: (line.offset_um.tolist(), (line.counts / line.peak).tolist())
        for axis, line in zip(_AXES, lines, strict=True)
        if line is not None
    }


def bead_figures(beads: Beads) -> dict[str, float]:
    """Return how many beads were found, used, held out and rejected."""
    funnel = beads.funnel()
    return {
        "beads_found": float(funnel["found"]),
        "beads_used": float(funnel["used"]),
        "beads_held_out": float(funnel["held_out"]),
        "beads_rejected": float(sum(funnel["rejected"].values())),
    }


def bead_rows(found: Iterable[Found]) -> Iterator[dict[str, float | str]]:
    """Yield a row for every candidate, with its channel counted from 1."""
    for one in found:
        for bead in one.beads:
            row = {
                name: value if isinstance(value, str) else float(value)
                for name, value in asdict(bead).items()
            }
            yield {**row, "channel": float(one.source.channel), **_place(bead, one)}


def _place(bead: Bead, one: Found) -> dict[str, float]:
    """Return the position of a bead in µm, and its slice as counted by ImageJ."""
    z, y, x = (
        at * length
        for at, length in zip((bead.z, bead.y, bead.x), one.source.image.voxel_um, strict=True)
    )
    return {"x_um": x, "y_um": y, "z_um": z, "slice": float(round(bead.z) + 1)}


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


def distill_lines(name: str, psf: str, result: Distillation) -> list[str]:
    """Return what was done in one line, and a line for each thing that a user should know."""
    seconds = sum(result.timings_s.values())
    beads = result.beads.sentence()
    done = f"{result.method}; beads {beads}; {widths(result.measures)}; {seconds:.1f} s"
    return [f"Distill PSF: {name} → {psf}: {done}", *(f"  {note}" for note in result.notes)]


def shift_lines(together: ChannelDistillation, origin: str) -> list[str]:
    """Return the chromatic shift of each channel in words; ImageJ counts channels from 1."""
    lines = [shift.sentence(first=1) for shift in together.shifts if _is_shift(shift)]
    if origin != "common":
        lines.append("the PSF of each channel is centred individually: there is no common origin.")
    return lines


def shift_figures(together: ChannelDistillation, origin: str) -> Figures:
    """Return the chromatic shifts by name: ``shift_x_nm_2`` is that of channel 2."""
    figures: dict[str, float | str] = {"origin": origin}
    for shift in filter(_is_shift, together.shifts):
        for axis, nm in zip(_AXES, shift.shift_nm, strict=True):
            figures[f"shift_{axis}_nm_{shift.channel + 1}"] = nm
    return figures


def _is_shift(shift: ChromaticShift) -> bool:
    return shift.channel != shift.reference
