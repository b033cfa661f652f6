"""A sample of another refractive index, where the beads show its spherical aberration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from psfbridge.interface import path
from psfbridge.pupil import DEPTH, FIRST_MODE, INDEX, NA, SAMPLE
from psfbridge.pupil_fit import MOST_OVER_NA, Known, PupilFit, refined_fit
from psfbridge.stack import Stack
from psfbridge.workers import workers
from psfbridge.zernike import zernike

__all__ = ["with_sample"]

Floats = NDArray[np.float64]

# Spherical aberration of higher order than this, in radians rms, makes it worth a trial.
_SUSPECT = 0.1
# The index over the immersion medium's of water, and of a gel, under oil.
_WATER, _GEL = 0.88, 0.95
# What total reflection leaves seems to be a pupil of less than the sample's index: how much less
# than this, and than the NA.
_SEEMING, _CUT = 1.03, 1.06
_CLEARLY = 0.97
_STEEPEST = 0.98
_RADII = 200


def with_sample(fit: PupilFit, stack: Stack, known: Known | None = None) -> PupilFit:
    """Return a fit with the beads in a medium of another index, if that explains them better.

    Parameters
    ----------
    fit : PupilFit
        The pupil as it was fitted, with the spherical aberration in its phases.
    stack : Stack
        The aligned beads.
    known : mapping, optional
        What is known of parameters.
    """
    if fit.values[SAMPLE] or stack.weight.shape[0] == 1 or _suspicion(fit) < _SUSPECT:
        return fit
    with workers() as pool:
        trials = pool.map(
            lambda start: refined_fit(start, stack, order=4, rounds=4, known=known),
            list(_starts(fit)),
        )
        best = min(trials, key=lambda one: one.cost)
    again = refined_fit(best.centred(), stack, order=6, rounds=8, known=known)
    return again if again.cost < _CLEARLY * fit.cost else fit


def _suspicion(fit: PupilFit) -> float:
    """How large the spherical aberrations of higher order are, in radians rms."""
    high = [
        float(value)
        for (n, m), value in zip(fit.model.modes, fit.values[FIRST_MODE:], strict=False)
        if m == 0 and n >= 6
    ]
    return float(np.linalg.norm(high))


def _starts(fit: PupilFit) -> Iterator[PupilFit]:
    """Fits whose symmetrical phases are given to a sample of likely indices."""
    na, index = fit.values[[NA, INDEX]]
    water, gel, edge = _WATER * index, _GEL * index, max(_SEEMING * na, _WATER * index)
    starts = [(max(na, _SEEMING * water), water), (max(_CUT * na, edge), edge)]
    starts += [(na, gel)] if gel < MOST_OVER_NA * na else []
    for aperture, sample in starts:
        values = fit.values.copy()
        values[[NA, SAMPLE]] = min(aperture, _STEEPEST * index), sample
        values[DEPTH] = _depth_um(fit, sample)
        for place, (_, m) in enumerate(fit.model.modes, FIRST_MODE):
            values[place] = values[place] if m else 0
        values[FIRST_MODE + len(fit.model.modes) :] = 0
        yield replace(fit, values=values)


def _depth_um(fit: PupilFit, sample: float) -> float:
    """The depth in a sample that gives about the phases of a fit."""
    radius = (np.arange(_RADII) + 0.5) / _RADII
    na, index = fit.values[[NA, INDEX]]
    modes = zip(fit.model.modes, fit.values[FIRST_MODE:], strict=False)
    phase = sum(value * zernike(n, 0, radius, radius) for (n, m), value in modes if m == 0)
    way = 2 * np.pi * path(radius, na, index, sample).real
    # Level and focus are free; each radius counts by its area, but those without light.
    weight = np.sqrt(radius) * (na * radius < sample)
    columns = np.stack([way, np.ones_like(radius), radius**2]) * weight
    answer = np.linalg.lstsq(columns.T, weight * phase, rcond=None)[0]
    return float(answer[0])
