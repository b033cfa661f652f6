"""A sample of another refractive index, where the beads show its spherical aberration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.threads import workers
from psfbridge.distillation.joint.pupil_fit import MOST_OVER_NA, Known, PupilFit, refined_fit
from psfbridge.distillation.joint.stack import Stack
from psfbridge.optics.index_mismatch import brightest_um, phase_per_depth
from psfbridge.optics.pupil import DEPTH, FIRST_MODE, INDEX, NA, SAMPLE, Z
from psfbridge.optics.zernike import zernike

__all__ = ["with_sample"]

Floats = NDArray[np.float64]

# Spherical aberration of this size makes it worth a trial, in radians rms: of fourth order, and of
# higher ones.
_SUSPECT, _SUSPECT_HIGH = 0.15, 0.05
# The index over the immersion medium's of water, and of a gel, under oil.
_WATER, _GEL = 0.88, 0.95
# An index that was fitted without a sample is too high by so much, or right; the depth is at most
# what the phases ask for.
_INDICES, _DEPTHS = (0.965, 1.0), (0.0, 0.6, 1.0)
# Where water reflects the steepest light totally, the NA is more than what is seen of it.
_CUT = 1.04
# The χ² must fall by so much for two more parameters.
_LEAST_GAIN = 25.0
# The least index over the wavelength, per µm: water's, in light of 0.72 µm. Less is air's, which
# no sample has.
_LEAST_SAMPLE = 1.33 / 0.72
# So many starts go on.
_BEST = 2
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
    if fit.values[SAMPLE] or stack.weight.shape[0] == 1 or _suspicion(fit) < 1:
        return fit
    starts = list(_starts(fit))
    if not starts:
        return fit
    trials = _refined(starts, stack, known, rounds=2)
    trials = _refined(sorted(trials, key=lambda one: one.cost)[:_BEST], stack, known, rounds=6)
    best = min(trials, key=lambda one: one.cost)
    again = refined_fit(best, stack, order=6, rounds=8, known=known)
    gain = fit.cost - again.cost
    return again if gain > _LEAST_GAIN else fit


def _refined(
    fits: Sequence[PupilFit], stack: Stack, known: Known | None, rounds: int
) -> list[PupilFit]:
    """Fit once more, with few terms."""
    with workers() as pool:
        return list(
            pool.map(lambda one: refined_fit(one, stack, order=4, rounds=rounds, known=known), fits)
        )


def _suspicion(fit: PupilFit) -> float:
    """How large the spherical aberrations are, in units of what makes a sample worth a trial."""
    sizes = {
        n: abs(float(value))
        for (n, m), value in zip(fit.model.modes, fit.values[FIRST_MODE:], strict=False)
        if m == 0
    }
    return max(size / (_SUSPECT if n == 4 else _SUSPECT_HIGH) for n, size in sizes.items())


def _starts(fit: PupilFit) -> Iterator[PupilFit]:
    """Fits whose symmetrical phases are given to a sample of likely indices."""
    for ratio, over, share in product((_WATER, _GEL), _INDICES, _DEPTHS):
        values = fit.values.copy()
        index = values[INDEX] * over
        sample = index * ratio
        values[[INDEX, SAMPLE]] = index, sample
        if ratio == _WATER:
            values[NA] = max(values[NA], _CUT * sample)
        values[NA] = min(values[NA], _STEEPEST * index)
        if not _LEAST_SAMPLE < sample < MOST_OVER_NA * values[NA]:
            continue
        values[DEPTH] = share * _depth_um(fit, sample)
        for place, (_, m) in enumerate(fit.model.modes, FIRST_MODE):
            values[place] = values[place] if m else 0
        values[FIRST_MODE + len(fit.model.modes) :] = 0
        values[Z] -= brightest_um(*values[[NA, INDEX, SAMPLE, DEPTH]])
        yield replace(fit, values=values)


def _depth_um(fit: PupilFit, sample: float) -> float:
    """The depth in a sample that gives about the phases of a fit."""
    radius = (np.arange(_RADII) + 0.5) / _RADII
    na, index = fit.values[[NA, INDEX]]
    modes = zip(fit.model.modes, fit.values[FIRST_MODE:], strict=False)
    phase = sum(value * zernike(n, 0, radius, radius) for (n, m), value in modes if m == 0)
    way = 2 * np.pi * phase_per_depth(radius, na, index, sample).real
    # Level and focus are free; each radius counts by its area, but those without light.
    weight = np.sqrt(radius) * (na * radius < sample)
    columns = np.stack([way, np.ones_like(radius), radius**2]) * weight
    answer = np.linalg.lstsq(columns.T, weight * phase, rcond=None)[0]
    return float(answer[0])
