"""The solver of the joint fit: PSF, intensities, backgrounds and positions of all beads."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import prod

import numpy as np

from psfbridge.detection.find import FoundBeads
from psfbridge.detection.statuses import Reason
from psfbridge.distillation.joint.bead_budget.budget import SolveBudget
from psfbridge.distillation.joint.bead_budget.growth import grown, with_first_beads
from psfbridge.distillation.joint.bead_fit import refit_beads
from psfbridge.distillation.joint.bead_state import BeadState, observe
from psfbridge.distillation.joint.blending import UNTESTED, BlendChoice
from psfbridge.distillation.joint.checks.plane_changes import (
    PlaneChanges,
    plane_changes,
    steadied,
)
from psfbridge.distillation.joint.checks.residuals import Residual, residuals
from psfbridge.distillation.joint.checks.settings import PLANE_CHANGES
from psfbridge.distillation.joint.finish import make_solution
from psfbridge.distillation.joint.hypotheses.laser import with_laser
from psfbridge.distillation.joint.hypotheses.sample_index import with_sample
from psfbridge.distillation.joint.hypotheses.vignetting import with_stop
from psfbridge.distillation.joint.iteration import (
    JointProblem,
    Round,
    Start,
    change,
    next_round,
    objective,
)
from psfbridge.distillation.joint.known_optics import choice_in_words, known_round, left_by
from psfbridge.distillation.joint.noise_refit import with_measured_noise
from psfbridge.distillation.joint.pupil_fit import PupilFit, detailed_fit, refined_fit
from psfbridge.distillation.joint.pupil_search import blind_fit
from psfbridge.distillation.joint.settings import SOLVE
from psfbridge.distillation.joint.stack import Stack
from psfbridge.distillation.joint.uncertainty import Uncertainty
from psfbridge.distillation.methods import Solution
from psfbridge.errors import OptionError
from psfbridge.optics.pupil import NA
from psfbridge.options import PUPIL_KINDS, DistillOptions
from psfbridge.progress import Progress, no_progress

__all__ = ["solve_joint", "solve_with_optics"]

_LOG = logging.getLogger(__name__)

_STAGE = "fitting beads and PSF"


def solve_joint(
    found: Sequence[FoundBeads],
    shape: tuple[int, int, int],
    options: DistillOptions,
    progress: Progress = no_progress,
) -> Solution:
    """Solve for the PSF and all beads, in rounds, until the objective settles.

    Each round: fit intensity, position and background of every bead to the present PSF; subtract
    the beads from each other; bring them to one centre; find the pupil that explains them, and
    add what the beads agree on beyond it. Nothing need be known of the optics.

    Parameters
    ----------
    found : sequence of FoundBeads
        The beads of each image.
    shape : tuple of int
        Size of the PSF in voxels, odd in every axis.
    options : DistillOptions
        The bead's diameter counts here.
    progress : Progress, optional
        Called after each round; may raise `psfbridge.errors.Cancelled`.

    Returns
    -------
    Solution
        The PSF with its error and what was inferred of the optics.

    Raises
    ------
    NoBeadsError
        If no bead fits a common PSF.
    """
    solved, changes = _steady(found, shape, options, progress)
    problem, rounds, best, sure, told = solved
    return _as_taken(make_solution(best, rounds, problem, sure, told), found, changes)


def solve_with_optics(
    found: Sequence[FoundBeads],
    shape: tuple[int, int, int],
    options: DistillOptions,
    progress: Progress = no_progress,
) -> Solution:
    """Solve as `solve_joint` does, then with a pupil of known optics, and keep the better.

    Parameters
    ----------
    found : sequence of FoundBeads
        The beads of each image.
    shape : tuple of int
        Size of the PSF in voxels, odd in every axis.
    options : DistillOptions
        With optics.
    progress : Progress, optional
        Called after each round; may raise `psfbridge.errors.Cancelled`.

    Returns
    -------
    Solution
        The better PSF by the χ² of beads not used; a note says which.

    Raises
    ------
    NoBeadsError
        If no bead fits a common PSF.
    OptionError
        If no optics are given, or the beads contradict them and the method is ``pupil`` by the
        user's own choice; with ``auto`` a note says so.
    """
    optics = options.optics
    if optics is None:
        raise OptionError(
            "{method} is pupil but no optics are given.",
            option="method",
            remedy="Give {na}, {wavelength_um} and {refractive_index}, or choose {method=joint}.",
        )
    (problem, rounds, last, *_), changes = _steady(found, shape, options, progress)
    solution = _with_optics(problem, rounds, last, options)
    return _as_taken(solution, found, changes)


def _with_optics(
    problem: JointProblem, rounds: list[Round], last: Round, options: DistillOptions
) -> Solution:
    """Go on with a pupil of known optics, and keep the better PSF."""
    optics = options.optics
    assert optics is not None
    # Both are judged from the same start, by the same beads and in the same core of them.
    blind = next_round(problem, last.start, partial(_pupil, problem, rounds))
    try:
        known = known_round(problem, last, optics.pupil, blind.blend.core)
    except OptionError as contradiction:
        if options.method == "pupil":
            raise
        solution = make_solution(last, rounds, problem)
        note = f"The optics were not used: {contradiction}"
        return replace(solution, notes=(*solution.notes, note), method="joint")
    left = left_by({"pupil": known, "joint": blind})
    # What is known counts, where the beads do not clearly say otherwise.
    better = left["pupil"] <= SOLVE.clearly_better * left["joint"]
    solution = make_solution(known if better else blind, [*rounds, known], problem)
    held_out = bool(known.blend.choice.held_out)
    diagnostics = {**solution.diagnostics, "held_out_by_method": left}
    notes = (*solution.notes, choice_in_words(left, used=better, held_out=held_out))
    taken = "pupil" if better else "joint"
    return replace(solution, diagnostics=diagnostics, notes=notes, method=taken)


_Solved = tuple[JointProblem, list[Round], Round, Uncertainty, list[Residual]]


def _steady(
    found: Sequence[FoundBeads],
    shape: tuple[int, int, int],
    options: DistillOptions,
    progress: Progress,
) -> tuple[_Solved, list[PlaneChanges]]:
    """Solve; if the brightness changes between planes, correct it and solve again."""
    solved = _solved(found, shape, options, progress)
    changes = [PlaneChanges.none_of(len(one.image.data)) for one in found]
    for _ in range(PLANE_CHANGES.passes):
        more = plane_changes(solved[0], solved[-1])
        changes = [before.plus(one) for before, one in zip(changes, more, strict=True)]
        if not any(one.light.any() for one in more):
            break
        still = [steadied(one, change.light) for one, change in zip(found, changes, strict=True)]
        solved = _solved(still, shape, options, progress)
    return solved, changes


def _as_taken(
    solution: Solution, found: Sequence[FoundBeads], changes: Sequence[PlaneChanges]
) -> Solution:
    """Return a solution with findings on its planes."""
    if all(one.none for one in changes):
        return solution
    said = [
        finding.sentence
        for one, change in zip(found, changes, strict=True)
        for finding in change.findings(one.image.name, one.image.voxel_um)
    ]
    return replace(solution, notes=(*solution.notes, *said))


def _solved(
    found: Sequence[FoundBeads],
    shape: tuple[int, int, int],
    options: DistillOptions,
    progress: Progress,
) -> _Solved:
    """Solve with the most informative beads, then with more as long as that helps.

    Return the problem, all rounds to the best, the best, its uncertainty, and what it leaves.
    """
    budget = SolveBudget.of(options)
    problem = JointProblem(found, shape, options.bead_diameter_um)
    problem, rounds = _rounds(with_first_beads(problem, budget), progress)
    best = _best(rounds)
    rounds = rounds[: rounds.index(best) + 1]
    problem, last, sure = grown(problem, best, budget, partial(_pupil, problem, rounds))
    progress(_STAGE, len(rounds), len(rounds))
    rounds = rounds if last is best else [*rounds, last]
    return problem, rounds, last, sure, residuals(problem, last)


def _rounds(problem: JointProblem, progress: Progress) -> tuple[JointProblem, list[Round]]:
    """Rounds until the PSF does not change: near the cores, then on whole boxes.

    From then on the PSF has samples that are fine enough for the optics.
    """
    near = replace(problem, near=True)
    start = Start(
        _sure(observe(problem.found, near.box, near.observed), problem.found), near.gaussian()
    )
    rounds = _continued(near, start, [], SOLVE.near_rounds, progress)
    problem = replace(problem, factor=_factor(problem, rounds[-1]))
    return problem, _continued(
        problem, _widened(problem, rounds[-1]), rounds, SOLVE.most_rounds, progress
    )


def _sure(states: Sequence[BeadState], found: Sequence[FoundBeads]) -> list[BeadState]:
    """At first, what seemed too dim has no say: it may be another bead's ring or lobe."""
    return [
        replace(
            one,
            contributes=one.contributes
            and found[one.seen.image].beads[one.seen.bead].reason != Reason.TOO_DIM,
        )
        for one in states
    ]


def _continued(
    problem: JointProblem,
    start: Start,
    rounds: list[Round],
    until: int,
    progress: Progress,
) -> list[Round]:
    """Go on from some rounds until there are so many, or the PSF does not change."""
    rounds = list(rounds)
    for number in range(len(rounds), until):
        progress(_STAGE, number, max(SOLVE.usual_rounds, number + 1))
        explained = partial(_pupil, problem, rounds)
        latest = next_round(problem, start, explained, _choice(rounds))
        if rounds and not latest.pupil.usable:
            break  # a pupil that has lost the light of the beads explains nothing
        rounds = _lean([*rounds, latest])
        _log_round(rounds)
        start = rounds[-1].start
        if number == SOLVE.noise_round:
            # Beads must fit this PSF before what is left of them can be noise.
            states, _ = refit_beads(start.states, start.psf, problem.core)
            told = objective(states, rounds[-1].contributing)
            rounds[-1] = replace(rounds[-1], objective=told)
            start = replace(start, states=with_measured_noise(states, start.psf))
        if number > SOLVE.noise_round and _settled(rounds, problem):
            break
    return rounds


def _log_round(rounds: Sequence[Round]) -> None:
    if not _LOG.isEnabledFor(logging.DEBUG):
        return
    last = rounds[-1]
    alike = len(rounds) > 1 and rounds[-2].psf.shape == last.psf.shape
    moved = change(rounds) if alike else 1.0
    _LOG.debug(
        "round %d: %d beads, chi2 %.4f, PSF changed by %.3f, NA/wavelength %.3f per µm",
        len(rounds), len(last.contributing), last.objective, moved, last.pupil.values[NA],
    )  # fmt: skip


def _lean(rounds: Sequence[Round]) -> list[Round]:
    """Keep the beads of the last round and of the best so far only: no other can become it."""
    kept = [rounds[-1], *([_best(rounds)] if len(rounds) > SOLVE.noise_round + 1 else [])]
    return [one if one in kept else one.without_beads() for one in rounds]


def _choice(rounds: Sequence[Round]) -> BlendChoice | None:
    """Return the weight of the data, chosen by held-out beads once the noise is known."""
    if len(rounds) <= SOLVE.noise_round:
        return UNTESTED
    return None if len(rounds) <= SOLVE.usual_rounds else rounds[-1].blend.choice


def _factor(problem: JointProblem, coarse: Round) -> tuple[int, int, int]:
    """Into how many samples the PSF must divide a voxel, by the pupil that was found."""
    sizes = np.array(problem.voxel_um) / coarse.pupil.nyquist_um
    z, y, x = np.where(np.array(problem.box) > 1, sizes, 0)
    if max(z, y, x) <= SOLVE.coarse:
        return 1, 1, 1
    along = int(np.clip(np.ceil(z / SOLVE.fine), 1, SOLVE.finest))
    return along, 1 + int(y > SOLVE.coarse), 1 + int(x > SOLVE.coarse)


def _widened(problem: JointProblem, near: Round) -> Start:
    """The beads in whole boxes, and the pupil's PSF there, sampled as the task has it."""
    pupil = near.pupil.centred()
    whole = replace(pupil, model=replace(pupil.model, voxel_um=problem.sample_um))
    # The intensities are in units of the light that the near boxes hold.
    unit = float(pupil.seen(near.psf.shape).sum())
    psf = np.asarray(whole.seen(problem.psf_shape) / unit, np.float32)
    fits = {(one.seen.image, one.seen.bead): one.fit for one in near.states}
    states = [
        replace(
            one,
            seen=replace(one.seen, factor=problem.factor),
            fit=fits.get((one.seen.image, one.seen.bead), one.fit),
        )
        for one in observe(problem.found, problem.box, problem.observed)
    ]
    return Start(states, psf, pupil, unit)


def _pupil(problem: JointProblem, rounds: Sequence[Round], stack: Stack) -> PupilFit:
    """The microscope is looked for afresh until one explains the beads, and on finer samples."""
    finer = len(rounds) == SOLVE.near_rounds and max(problem.factor) > 1
    first = len(rounds) < SOLVE.blind_rounds
    if first or finer or (len(rounds) <= SOLVE.near_rounds and _unexplained(rounds)):
        widths = problem.widths * problem.factor
        # Beads that are not yet well aligned say little more than NA.
        kinds = PUPIL_KINDS if rounds else PUPIL_KINDS[:1]
        return blind_fit(stack, problem.sample_um, widths, problem.bead_diameter_um, kinds=kinds)
    fit = rounds[-1].pupil.centred()
    if len(rounds) < SOLVE.near_rounds:
        return refined_fit(fit, stack, order=SOLVE.order, rounds=SOLVE.fit_rounds)
    if len(rounds) > SOLVE.noise_round + 1 and fit.detailed:
        return detailed_fit(fit, stack)
    fit = refined_fit(fit.polarised(), stack, order=SOLVE.order, rounds=SOLVE.fit_rounds)
    if len(rounds) != SOLVE.noise_round + 1:
        return fit
    fit = with_laser(with_sample(fit, stack), stack)
    return with_stop(detailed_fit(fit, stack), stack)


def _unexplained(rounds: Sequence[Round]) -> bool:
    """Whether the last pupil leaves more than noise: beads that are ill aligned mislead it."""
    last = rounds[-1]
    return last.pupil.cost > SOLVE.not_noise_near * prod(last.pupil.model.shape)


def _settled(rounds: Sequence[Round], problem: JointProblem) -> bool:
    """Whether the PSF does not change and the beads are explained, or explained no better."""
    before, now = rounds[-2].objective, rounds[-1].objective
    still = change(rounds) < SOLVE.settled
    if len(rounds) == SOLVE.noise_round + 2:
        # The noise is a new one, by which the objective before was not measured; the details of
        # the pupil too; and finer samples still hold something of the first guess.
        still = change(rounds) < (SOLVE.details if rounds[-1].pupil.detailed else SOLVE.settled)
        return still and now < SOLVE.not_noise and max(problem.factor) == 1
    falling, diverging = now < (1 - SOLVE.falling) * before, now > SOLVE.diverging * before
    return diverging or (still and not (falling and now > 1))


def _best(rounds: Sequence[Round]) -> Round:
    """The last round that explains the beads; which take part changes the figure a little."""
    able = rounds[SOLVE.noise_round + 1 :]
    least = min(one.objective for one in able)
    return next(one for one in reversed(able) if one.objective <= SOLVE.as_good * least)
