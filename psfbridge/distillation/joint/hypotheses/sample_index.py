"""A refractive-index mismatch between sample and immersion medium."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.threads import workers
from psfbridge.distillation.joint.model_settings import PUPIL_FIT
from psfbridge.distillation.joint.pupil_fit import Known, PupilFit, refined_fit
from psfbridge.distillation.joint.settings import MEDIUM
from psfbridge.distillation.joint.stack import Stack
from psfbridge.optics.index_mismatch import brightest_um, phase_per_depth
from psfbridge.optics.pupil import DEPTH, FIRST_MODE, INDEX, NA, SAMPLE, Z
from psfbridge.optics.zernike import zernike

__all__ = ["with_sample"]

Floats = NDArray[np.float64]


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
    if fit.values[SAMPLE] or stack.weight.shape[0] == 1 or _suspicion(fit) < 1:
        return fit
    starts = list(_starts(fit))
    if not starts:
        return fit
    trials = _refined(starts, stack, known, rounds=2)
    trials = sorted(trials, key=lambda one: one.cost)[: MEDIUM.best]
    trials = _refined(trials, stack, known, rounds=6)
    best = min(trials, key=lambda one: one.cost)
    again = refined_fit(best, stack, order=6, rounds=8, known=known)
    gain = fit.cost - again.cost
    return again if gain > MEDIUM.least_gain else fit


def _refined(
    fits: Sequence[PupilFit], stack: Stack, known: Known | None, rounds: int
) -> list[PupilFit]:
    """Fit once more, with few terms."""
    with workers() as pool:
        return list(
            pool.map(lambda one: refined_fit(one, stack, order=4, rounds=rounds, known=known), fits)
        )


def _suspicion(fit: PupilFit) -> float:
    """Return the spherical aberration relative to the threshold for testing the hypothesis."""
    sizes = {
        n: abs(float(value))
        for (n, m), value in zip(fit.model.modes, fit.values[FIRST_MODE:], strict=False)
        if m == 0
    }
    least = {4: MEDIUM.suspect}
    return max(size / least.get(n, MEDIUM.suspect_high) for n, size in sizes.items())


def _starts(fit: PupilFit) -> Iterator[PupilFit]:
    """Fits whose symmetrical phases are given to a sample of likely indices."""
    for ratio, over, share in product((MEDIUM.water, MEDIUM.gel), MEDIUM.indices, MEDIUM.depths):
        values = fit.values.copy()
        index = values[INDEX] * over
        sample = index * ratio
        values[[INDEX, SAMPLE]] = index, sample
        if ratio == MEDIUM.water:
            values[NA] = max(values[NA], MEDIUM.cut * sample)
        values[NA] = min(values[NA], MEDIUM.steepest * index)
        if not MEDIUM.least_sample < sample < PUPIL_FIT.most_index_over_na * values[NA]:
            continue
        values[DEPTH] = share * _depth_um(fit, sample)
        for place, (_, m) in enumerate(fit.model.modes, FIRST_MODE):
            values[place] = values[place] if m else 0
        values[FIRST_MODE + len(fit.model.modes) :] = 0
        values[Z] -= brightest_um(*values[[NA, INDEX, SAMPLE, DEPTH]])
        yield replace(fit, values=values)


def _depth_um(fit: PupilFit, sample: float) -> float:
    """The depth in a sample that gives about the phases of a fit."""
    radius = (np.arange(MEDIUM.radii) + 0.5) / MEDIUM.radii
    na, index = fit.values[[NA, INDEX]]
    modes = zip(fit.model.modes, fit.values[FIRST_MODE:], strict=False)
    phase = sum(value * zernike(n, 0, radius, radius) for (n, m), value in modes if m == 0)
    way = 2 * np.pi * phase_per_depth(radius, na, index, sample).real
    # Level and focus are free; each radius counts by its area, but those without light.
    weight = np.sqrt(radius) * (na * radius < sample)
    columns = np.stack([way, np.ones_like(radius), radius**2]) * weight
    answer = np.linalg.lstsq(columns.T, weight * phase, rcond=None)[0]
    return float(answer[0])
