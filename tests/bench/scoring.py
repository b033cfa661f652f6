"""What the fidelity benchmark and the failure map share: methods tried on a scene, and scored."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

import psfbridge as pb
from psfbridge.errors import PsfBridgeError
from psfbridge.evaluation.psf_error import psf_error, psf_offset
from psfbridge.evaluation.settings import PSF_ERROR
from psfbridge.numerics.fourier import crop_or_pad
from psfbridge.options import Optics
from psfbridge.simulation.simulate import Simulation

#: Methods side by side; the first is what the others are held against.
METHODS = ("reverse-rl", "average", "joint", "pupil", "auto")
#: Errors up to which a PSF is good, and usable.
GOOD, USABLE = 0.10, 0.25
_CLASSES = ("poor", "usable", "good")


@dataclass(frozen=True)
class Score:
    """How one method did; figures are None where there is no PSF, and `word` says why."""

    method: str
    took: str = ""
    error: float | None = None
    offset_voxel: float | None = None
    fwhm_error: float | None = None
    stated: float | None = None
    seconds: float = 0.0
    verdict: str = ""
    word: str = ""

    @property
    def judgement(self) -> str:
        """Whether the software's verdict is right about the error."""
        if self.error is None or self.verdict not in _CLASSES:
            return ""
        true = "good" if self.error <= GOOD else "usable" if self.error <= USABLE else "poor"
        if self.verdict == true:
            return "right"
        kind = _CLASSES.index(self.verdict) > _CLASSES.index(true)
        return "too kind" if kind else "too strict"


@dataclass(frozen=True, eq=False)
class Truth:
    """A simulated field with the widths of its true PSF."""

    field: Simulation

    @cached_property
    def fwhm_um(self) -> tuple[float, ...]:
        """FWHM of the true PSF, measured as those of the estimates are."""
        widths: tuple[float, ...] = pb.measure(self.field.psf).fwhm_um
        return widths


def method_options(method: str, optics: Optics | None, iterations: int) -> dict[str, Any] | None:
    """Return the options of a method, or None where it needs optics and none are given."""
    if method == "reverse-rl":
        return {"method": method, "engine": "cpu", "iterations": iterations}
    if method == "pupil":
        return None if optics is None else {"method": method, **_given(optics)}
    return {"method": method}


def _given(optics: Optics) -> dict[str, Any]:
    values = {field.name: getattr(optics, field.name) for field in fields(optics)}
    return {name: value for name, value in values.items() if value is not None}


def score(truth: Truth, method: str, options: Mapping[str, Any]) -> Score:
    """Distil a field by one method and hold the PSF against the truth."""
    start = time.perf_counter()
    try:
        result = pb.distill(truth.field.image, **options)
    except PsfBridgeError as fault:
        return Score(method, seconds=time.perf_counter() - start, word=str(fault))
    seconds = time.perf_counter() - start
    widths = zip(result.measures.fwhm_um, truth.fwhm_um, strict=True)
    apart = [abs(found / true - 1) for found, true in widths if true > 0]
    return Score(
        method=method,
        took=result.method,
        error=psf_error(result.psf, truth.field.psf_grid),
        offset_voxel=psf_offset(result.psf, truth.field.psf_grid),
        fwhm_error=float(np.max(apart)),
        stated=stated_error(result.psf),
        seconds=seconds,
        verdict=verdict_of(result),
    )


def stated_error(psf: pb.PSF) -> float | None:
    """Return the error that the software itself states, in the terms of `psf_error`."""
    if psf.error is None:
        return None
    shape = [
        min(most, length) for most, length in zip(PSF_ERROR.window, psf.data.shape, strict=True)
    ]
    middle = [length // 2 for length in psf.data.shape]
    error, light = (crop_or_pad(volume, shape, middle) for volume in (psf.error, psf.data))
    return float(np.linalg.norm(error) / np.linalg.norm(light))


def verdict_of(result: pb.Distillation) -> str:
    """Return the software's grade of its PSF; empty where the method gives none."""
    return str(result.diagnostics.get("verdict", {}).get("grade", ""))


def number(value: float | None, digits: int = 3) -> str:
    """Return a figure for a table; nothing if there is none."""
    return "" if value is None or not np.isfinite(value) else f"{value:.{digits}f}"


def row(cells: Sequence[str]) -> str:
    """Return one line of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def head(titles: Sequence[str]) -> str:
    """Return the first two lines of a table in Markdown."""
    return f"{row(titles)}\n|{'---|' * len(titles)}"


def met(reached: bool) -> str:
    """Return whether a goal was reached."""
    return "reached" if reached else "NOT reached"
