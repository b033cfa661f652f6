"""Residuals of individual beads, with templates of possible differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psfbridge._util.threads import workers
from psfbridge.distillation.joint.bead_fit import (
    background,
    design_columns,
    light,
    misfit_scale,
    variance,
)
from psfbridge.distillation.joint.bead_state import BeadState, Floats, Floats32
from psfbridge.distillation.joint.checks.settings import RESIDUALS
from psfbridge.distillation.joint.iteration import JointProblem, Round
from psfbridge.numerics.cutouts import central
from psfbridge.numerics.fourier import apply_per_axis

__all__ = ["Residual", "coefficients", "residuals"]


@dataclass(frozen=True, eq=False)
class Residual:
    """One bead's core, and what a fit has left of it.

    Parameters
    ----------
    state : BeadState
        The bead.
    plane : int
        The image's plane of the first plane of the core.
    columns : array
        The PSF there, its derivatives by the position along z, y and x, and a constant; times the
        bead's intensity but for the constant; axes (column, z, y, x).
    rest : array
        What is left, in counts; axes (z, y, x).
    weight : array
        Its inverse variance; 0 where nothing was seen, or far more is left than noise.
    """

    state: BeadState
    plane: int
    columns: Floats
    rest: Floats
    weight: Floats


def residuals(problem: JointProblem, best: Round) -> list[Residual]:
    """Return what the PSF leaves of the beads that tell the most; nothing of a single plane.

    Parameters
    ----------
    problem : JointProblem
        The solve.
    best : Round
        Where it ended; its beads were fitted to the PSF of the round before.
    """
    if len(best.psf) == 1:
        return []
    states = [best.states[k] for k in best.contributing]
    states.sort(key=lambda one: one.fit.intensity_error / one.fit.intensity)
    with workers() as pool:
        first = states[: RESIDUALS.most_beads]
        return list(pool.map(lambda one: _residual(one, best.psf, problem), first))


def _residual(state: BeadState, psf: Floats32, problem: JointProblem) -> Residual:
    seen, fit = state.seen, state.fit
    inner = central(seen.counts.shape, problem.core)
    columns = design_columns(psf, state, inner).astype(float)
    columns[:-1] *= fit.intensity
    own = light(state, psf)
    rest = (seen.counts - state.others - background(state) - own)[inner].astype(float)
    weight = np.where(seen.usable[inner], 1 / variance(state, own)[inner], 0)
    squares = rest**2 * weight
    # Where the whole bead is off, that is what is asked for.
    limit = RESIDUALS.clip**2 * misfit_scale(squares, own[inner], weight > 0)
    weight = np.where(squares > limit, 0, weight)
    return Residual(state, int(seen.corner[0]) + inner[0].start, columns, rest, weight)


def coefficients(one: Residual, changes: Floats32, psf: Floats32) -> tuple[Floats, Floats]:
    """Fit a bead with its PSF and with changes of it; return how much of each, and the errors.

    Parameters
    ----------
    one : Residual
        The bead.
    changes : array
        How the PSF of a bead of intensity 1 changes; axes (change, z, y, x).
    psf : array
        The PSF, of which the changes have the samples.
    """
    seen, fit = one.state.seen, one.state.fit
    inner = central(seen.counts.shape, one.rest.shape)
    matrices = zip(seen.matrices(psf.shape, fit.position), inner, strict=True)
    still = [matrix[rows] for matrix, rows in matrices]
    moved = np.stack([fit.intensity * apply_per_axis(change, still) for change in changes])
    design = np.concatenate([moved, one.columns]).reshape(len(moved) + len(one.columns), -1)
    weighted = design * one.weight.ravel()
    covariance = np.linalg.pinv(weighted @ design.T, hermitian=True)
    answer = covariance @ (weighted @ one.rest.ravel())
    count = len(moved)
    return answer[:count], np.sqrt(np.diagonal(covariance)[:count])
