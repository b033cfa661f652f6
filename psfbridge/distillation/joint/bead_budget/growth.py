"""Addition of beads as long as the estimated error decreases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from psfbridge.detection.beads import HELD_OUT, REJECTED, USED, Bead, Beads
from psfbridge.detection.statuses import Reason
from psfbridge.distillation.joint.bead_budget.budget import SolveBudget
from psfbridge.distillation.joint.bead_budget.choice import choose_beads
from psfbridge.distillation.joint.bead_budget.settings import HELD_OUT_FITS
from psfbridge.distillation.joint.bead_fit import refit_beads
from psfbridge.distillation.joint.bead_state import BeadState, observe
from psfbridge.distillation.joint.iteration import (
    JointProblem,
    Round,
    Start,
    misfit_limit,
    next_round,
)
from psfbridge.distillation.joint.neighbours import with_neighbours
from psfbridge.distillation.joint.pupil_fit import PupilFit
from psfbridge.distillation.joint.settings import ROUND
from psfbridge.distillation.joint.stack import Stack
from psfbridge.distillation.joint.uncertainty import Uncertainty, estimate_uncertainty
from psfbridge.numerics.cutouts import central

__all__ = ["HeldOut", "grown", "held_out", "with_first_beads"]


def with_first_beads(problem: JointProblem, budget: SolveBudget) -> JointProblem:
    """Return the problem with the beads that the solve starts from."""
    observed = choose_beads(problem.found, problem.box, budget.first_beads, budget.most_voxels)
    return replace(problem, observed=observed)


def grown(
    problem: JointProblem,
    best: Round,
    budget: SolveBudget,
    explain: Callable[[Stack], PupilFit],
) -> tuple[JointProblem, Round, Uncertainty]:
    """Take more beads while the stated error falls, and there are more within the budget.

    Parameters
    ----------
    problem : JointProblem
        The solve.
    best : Round
        The round to go on from.
    budget : SolveBudget
        How fast the number of beads grows, and its bounds.
    explain : callable
        Gives the pupil that explains a stack.

    Returns
    -------
    JointProblem, Round, Uncertainty
        With the beads that were taken at last.
    """
    sure, count = estimate_uncertainty(problem, best), budget.first_beads
    share = _share(problem, best, sure)
    while problem.observed is not None and budget.growth > 1:
        count *= budget.growth
        observed = choose_beads(problem.found, problem.box, count, budget.most_voxels)
        if observed is not None and observed <= problem.observed:
            break
        problem = replace(problem, observed=observed)
        best = next_round(problem, _joined(problem, best), explain)
        sure = estimate_uncertainty(problem, best)
        before, share = share, _share(problem, best, sure)
        if share > (1 - budget.least_gain) * before:
            break
    return problem, best, sure


def _share(problem: JointProblem, best: Round, sure: Uncertainty) -> float:
    """The stated error of the whole PSF, relative to it."""
    volume = problem.on_voxels(best.blend.volume)
    return float(np.linalg.norm(sure.error) / np.linalg.norm(volume))


def _joined(problem: JointProblem, best: Round) -> Start:
    """The start of a round with beads that had no part so far, fitted to the present PSF."""
    known = {(one.seen.image, one.seen.bead): one for one in best.states}
    like = {one.seen.image: one for one in best.states}
    states = [
        known.get((one.seen.image, one.seen.bead)) or _as(one, like.get(one.seen.image))
        for one in observe(problem.found, problem.box, problem.observed)
    ]
    states = [replace(one, seen=replace(one.seen, factor=problem.factor)) for one in states]
    fitted, lights = refit_beads(states, best.psf, problem.core)
    shapes = [one.image.data.shape for one in problem.found]
    return replace(best.start, states=with_neighbours(fitted, lights, shapes))


def _as(state: BeadState, other: BeadState | None) -> BeadState:
    """Apply the refined noise model of the image to a bead."""
    if other is None:
        return state
    seen = replace(state.seen, noise=other.seen.noise)
    return replace(state, seen=seen, model_error=other.model_error)


@dataclass(frozen=True)
class HeldOut:
    """Beads that had no part in the PSF, fitted to it.

    Parameters
    ----------
    tables : tuple of Beads
        All candidates of each image, those held out with their fits.
    chi2 : float
        Median χ² per degree of freedom of their cores; nan where there are none.
    misfit : float
        Median of what the PSF leaves of the bright part of a bead, as a share of its light.
    """

    tables: tuple[Beads, ...]
    chi2: float
    misfit: float

    def to_dict(self) -> dict[str, float]:
        """Return the figures for JSON."""
        return {"chi2": self.chi2, "misfit": self.misfit}


def held_out(problem: JointProblem, best: Round, tables: Sequence[Beads]) -> HeldOut:
    """Fit the unused beads in their cores with the PSF held fixed.

    Parameters
    ----------
    problem : JointProblem
        The solve.
    best : Round
        Its PSF.
    tables : sequence of Beads
        All candidates of each image.
    """
    rows = [list(table) for table in tables]
    rest = _not_observed(problem)
    fitted = [state for some in _batches(rest) for state in _fitted(problem, best, some)]
    typical = float(np.median([best.states[k].fit.misfit for k in best.contributing]))
    fits = []
    for state in fitted:
        at = state.seen
        row = _judged(rows[at.image][at.bead], state, typical)
        rows[at.image][at.bead] = row
        if row.status == HELD_OUT:
            fits.append((state.fit.chi2, state.fit.misfit))
    chi2, misfit = np.median(fits, axis=0) if fits else (np.nan, np.nan)
    return HeldOut(tuple(Beads(one) for one in rows), float(chi2), float(misfit))


def _not_observed(problem: JointProblem) -> list[tuple[int, int]]:
    observed = problem.observed
    if observed is None:
        return []
    return [
        (number, k)
        for number, one in enumerate(problem.found)
        for k, bead in enumerate(one.beads)
        if bead.status == USED and (number, k) not in observed
    ]


def _batches(beads: list[tuple[int, int]]) -> list[frozenset[tuple[int, int]]]:
    return [
        frozenset(beads[i : i + HELD_OUT_FITS.at_a_time])
        for i in range(0, len(beads), HELD_OUT_FITS.at_a_time)
    ]


def _fitted(
    problem: JointProblem, best: Round, beads: frozenset[tuple[int, int]]
) -> list[BeadState]:
    near = replace(problem, near=True)
    like = {one.seen.image: one for one in best.states}
    psf = best.psf[central(best.psf.shape, near.psf_shape)]
    states = [
        replace(_as(one, like.get(one.seen.image)), seen=replace(one.seen, factor=problem.factor))
        for one in observe(problem.found, near.box, beads)
    ]
    for _ in range(HELD_OUT_FITS.rounds):
        states, _ = refit_beads(states, psf, problem.core)
    return states


def _judged(bead: Bead, state: BeadState, typical: float) -> Bead:
    fit = state.fit
    z, y, x = (float(value) for value in fit.position)
    seen = replace(
        bead,
        z=z,
        y=y,
        x=x,
        intensity=fit.intensity,
        background=fit.background,
        snr=fit.intensity / max(fit.intensity_error, 1e-300),
        chi2=fit.chi2,
    )
    noise = fit.intensity_error / fit.intensity
    if noise > 1 / ROUND.least_snr:
        return replace(seen, status=REJECTED, reason=Reason.TOO_DIM)
    if not fit.misfit <= misfit_limit(typical, noise):
        return replace(seen, status=REJECTED, reason=Reason.POOR_FIT)
    return replace(seen, status=HELD_OUT)
