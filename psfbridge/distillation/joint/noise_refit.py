"""Re-estimation of the noise from the residuals of the beads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from psfbridge.distillation.joint.bead_fit import background, light
from psfbridge.distillation.joint.bead_state import BeadState, Floats, Floats32
from psfbridge.distillation.joint.settings import NOISE_REFIT
from psfbridge.imaging.noise import Noise
from psfbridge.numerics.robust import trimmed_variance

__all__ = ["with_measured_noise"]


def with_measured_noise(states: Sequence[BeadState], psf: Floats32) -> list[BeadState]:
    """Return the beads with the noise that their own residuals show.

    The squared residual is a line in the expected counts (read noise and gain), plus a square in
    the bead's light: the share by which beads differ from the PSF, whatever the reason.

    Parameters
    ----------
    states : sequence of BeadState
        The beads, fitted.
    psf : array of float32
        The PSF that they were fitted to.
    """
    result = list(states)
    for number in sorted({one.seen.image for one in states}):
        mine = [k for k, one in enumerate(states) if one.seen.image == number]
        able = [k for k in mine if states[k].contributes and np.isfinite(states[k].fit.misfit)]
        able.sort(key=lambda k: -states[k].fit.intensity)
        chosen = [states[k] for k in able[:: max(-(-len(able) // NOISE_REFIT.most_beads), 1)]]
        measured = _measured(chosen, psf) if chosen else None
        if measured is None:
            continue
        for k in mine:
            seen = replace(states[k].seen, noise=measured[0])
            result[k] = replace(states[k], seen=seen, model_error=measured[1])
    return result


def _measured(states: Sequence[BeadState], psf: Floats32) -> tuple[Noise, float] | None:
    """Noise and model error, or None if the beads are too few or too dim."""
    pairs = [_pairs(one, psf) for one in states]
    counts, own, squares = (np.concatenate(rows) for rows in zip(*pairs, strict=True))
    first = states[0].seen.noise
    offset = first.offset
    rows = _binned(counts - offset, own, squares)
    if len(rows) < 6:
        return None
    above, light_of, variance, number = rows.T
    design = np.stack([np.ones_like(above), above, light_of**2], axis=1)
    weight = np.sqrt(number) / variance
    answer, _ = optimize.nnls(design * weight[:, None], variance * weight)
    # Few of these voxels are as dark as the darkest, which the image has told of. Without any noise
    # they would outweigh all others.
    floor = max(float(answer[0]), NOISE_REFIT.least_floor * first.read_noise**2, first.rounding)
    error = float(np.clip(np.sqrt(answer[2]), *NOISE_REFIT.model_error))
    return Noise(offset, float(answer[1]), float(np.sqrt(floor)), first.rounding), error


def _pairs(state: BeadState, psf: Floats32) -> tuple[Floats, Floats, Floats]:
    """Expected counts, the bead's own light, and the squared residual of each usable voxel."""
    own = light(state, psf)
    expected = own + background(state)
    rest = state.seen.counts - state.others - expected
    usable = state.seen.usable & (np.abs(state.others) < NOISE_REFIT.overlap * np.abs(own).max())
    return expected[usable], np.maximum(own[usable], 0), rest[usable] ** 2


def _binned(above: Floats, own: Floats, squares: Floats) -> NDArray[np.float64]:
    """Means over bins of the bead's light: counts, light, trimmed variance, number."""
    top = float(own.max()) if own.size else 0.0
    if top <= 0:
        return np.empty((0, 4))
    bins = np.digitize(own, np.geomspace(top / 1000, top, NOISE_REFIT.bins))
    rows = []
    for number in range(NOISE_REFIT.bins + 1):
        members = bins == number
        count = int(np.count_nonzero(members))
        if count < NOISE_REFIT.least_in_bin:
            continue
        trimmed = trimmed_variance(squares[members])
        light_of = float(np.sqrt((own[members] ** 2).mean()))
        rows.append((float(above[members].mean()), light_of, max(trimmed, 1e-12), count))
    return np.array(rows).reshape(-1, 4)
