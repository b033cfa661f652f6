"""The result of the joint fit: PSF with error, beads, optics and verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.detection.beads import REJECTED, USED, Bead, Beads
from psfbridge.detection.find import FoundBeads
from psfbridge.detection.statuses import Reason
from psfbridge.distillation.joint.bead_budget.growth import held_out
from psfbridge.distillation.joint.bead_fit import refit_beads
from psfbridge.distillation.joint.bead_state import BeadState
from psfbridge.distillation.joint.blending import AVERAGED
from psfbridge.distillation.joint.checks.field_change import field_findings
from psfbridge.distillation.joint.checks.lean import lean_findings
from psfbridge.distillation.joint.checks.physics import physics_findings
from psfbridge.distillation.joint.checks.residuals import Residual, residuals
from psfbridge.distillation.joint.checks.unlike_beads import (
    jitter_blur,
    line_jitter,
    unlike_findings,
)
from psfbridge.distillation.joint.iteration import JointProblem, Round, change, objective
from psfbridge.distillation.joint.light_inside import light_inside
from psfbridge.distillation.joint.pupil_fit import PupilFit
from psfbridge.distillation.joint.settings import ROUND
from psfbridge.distillation.joint.uncertainty import Uncertainty, estimate_uncertainty
from psfbridge.distillation.methods import Solution
from psfbridge.imaging.findings import Finding
from psfbridge.measurement.verdict import GOOD, Evidence, judge_psf
from psfbridge.optics.pupil import BLUR_X, BLUR_Y, DEPTH, FIRST_MODE, INDEX, NA, SAMPLE

__all__ = ["bead_tables", "make_solution"]

Floats = NDArray[np.float64]

_NO_PUPIL = (
    "No pupil explains the held-out beads as well as the average of the others; the PSF is that "
    "average."
)


def make_solution(
    best: Round,
    rounds: Sequence[Round],
    problem: JointProblem,
    sure: Uncertainty | None = None,
    told: Sequence[Residual] | None = None,
) -> Solution:
    """Return the PSF of an iteration with its error, beads and notes.

    Parameters
    ----------
    best : Round
        The round that is taken.
    rounds : sequence of Round
        All of them.
    problem : JointProblem
        The solve.
    sure : Uncertainty, optional
        That of `best`; estimated where it is not known yet.
    told : sequence of Residual, optional
        What its PSF leaves of beads; found where it is not known yet.
    """
    sure = sure or estimate_uncertainty(problem, best)
    told = residuals(problem, best) if told is None else told
    volume = problem.on_voxels(best.blend.volume)
    jitter_um = line_jitter(told) * problem.voxel_um[2]
    error = np.hypot(sure.error, jitter_blur(volume, jitter_um, problem.voxel_um))
    rest = held_out(problem, best, bead_tables(best.states, best.contributing, problem.found))
    tables = rest.tables
    findings = [
        *physics_findings(best.pupil),
        *field_findings(problem, best, told),
        *unlike_findings(problem, best, told, jitter_um),
        *lean_findings(volume, sure.fwhm_um, problem.voxel_um),
    ]
    evidence = Evidence(
        volume,
        error,
        sure.fwhm_um,
        sure.fwhm_se_um,
        problem.voxel_um,
        best.pupil.nyquist_um,
        min(len(one.image.data) for one in problem.found),
        Beads(bead for table in tables for bead in table),
        _misfit(best, problem),
        [*_said_of_images(problem), *findings],
    )
    verdict = judge_psf(evidence)
    diagnostics = {
        **_diagnostics(best, rounds, sure.pupil_se),
        "held_out_beads": rest.to_dict(),
        "fwhm_um": sure.fwhm_um,
        "fwhm_se_um": sure.fwhm_se_um,
        "verdict": verdict.to_dict(),
    }
    harmless = (one.sentence for one in findings if one.at_best == GOOD)
    notes = tuple(note for note in (verdict.sentence, _rivals(best), *harmless) if note)
    inside = (
        None
        if best.blend.choice.kind == AVERAGED
        else light_inside(best.pupil, problem.shape, problem.voxel_um)
    )
    return Solution(
        volume,
        tables,
        error,
        diagnostics,
        notes,
        light_inside=inside,
        state=(problem, best),
    )


def _said_of_images(problem: JointProblem) -> list[Finding]:
    return [finding for one in problem.found for finding in one.findings]


def _rivals(best: Round) -> str:
    """Return a sentence comparing the PSF with the average on held-out beads, if they differ."""
    choice = best.blend.choice
    rivals = choice.held_out
    if not rivals or choice.kind == AVERAGED:
        return "" if not rivals else _NO_PUPIL
    return (
        f"Held-out beads are explained to {rivals[choice.kind]:.2%} of their energy by this PSF "
        f"({choice.kind}), to {rivals[AVERAGED]:.2%} by the average of the others."
    )


def _misfit(best: Round, problem: JointProblem) -> float:
    """The median χ² of the beads by the noise that the image itself shows, not by what is left."""
    asked = [
        BeadState(
            replace(one.seen, noise=problem.found[one.seen.image].noise), one.fit, one.others, True
        )
        for one in (best.states[k] for k in best.contributing)
    ]
    fitted, _ = refit_beads(asked, best.psf, problem.core)
    return objective(fitted, range(len(fitted)))


def _diagnostics(best: Round, rounds: Sequence[Round], pupil_se: Floats) -> dict[str, Any]:
    values, choice = best.pupil.values, best.blend.choice
    modes = best.pupil.phases
    last = FIRST_MODE + len(modes)
    return {
        "rounds": len(rounds),
        "objective": [round(one.objective, 5) for one in rounds],
        "last_change": change(rounds),
        "blend": choice.kind,
        "caution": choice.caution if np.isfinite(choice.caution) else None,
        "held_out_share": choice.held_out,
        "held_out_chi2": choice.chi2,
        "inferred": {
            "microscope": best.pupil.microscope,
            "na_per_wavelength_per_um": float(values[NA]),
            "index_per_wavelength_per_um": float(values[INDEX]),
            "blur_um": [float(np.sqrt(values[place])) for place in (BLUR_Y, BLUR_X)],
            "na_per_wavelength_se_per_um": float(pupil_se[NA]),
            "phases_rad": modes,
            "phases_se_rad": dict(zip(modes, pupil_se[FIRST_MODE:last].tolist(), strict=True)),
            **_sample(best.pupil),
        },
    }


def _sample(pupil: PupilFit) -> dict[str, float]:
    """The medium around the beads, if it differs from the immersion."""
    index, depth = pupil.values[[SAMPLE, DEPTH]]
    if not index:
        return {}
    return {"sample_index_per_wavelength_per_um": float(index), "depth_um": float(abs(depth))}


def bead_tables(
    states: Sequence[BeadState], contributing: Sequence[int], found: Sequence[FoundBeads]
) -> tuple[Beads, ...]:
    """Return the tables of the candidates of each image, with what the fits say of them.

    Parameters
    ----------
    states : sequence of BeadState
        The beads, fitted.
    contributing : sequence of int
        Which of them the PSF was made of.
    found : sequence of FoundBeads
        The candidates of each image.
    """
    rows = [list(one.beads) for one in found]
    used = set(contributing)
    for number, state in enumerate(states):
        seen = state.seen
        bead = rows[seen.image][seen.bead]
        rows[seen.image][seen.bead] = _judged(bead, state, used=number in used)
    return tuple(Beads(one) for one in rows)


def _judged(bead: Bead, state: BeadState, *, used: bool) -> Bead:
    fit = state.fit
    figures: dict[str, Any] = {
        "intensity": fit.intensity,
        "background": fit.background,
        "snr": fit.intensity / max(fit.intensity_error, 1e-300),
        "chi2": fit.chi2,
    }
    if bead.status == REJECTED and not used:
        return replace(bead, **figures) if np.isfinite(fit.intensity_error) else bead
    z, y, x = (float(value) for value in fit.position)
    dim = fit.intensity < ROUND.least_snr * fit.intensity_error
    return replace(
        bead,
        z=z,
        y=y,
        x=x,
        **figures,
        status=USED if used else REJECTED,
        reason="" if used else (Reason.TOO_DIM if dim else Reason.POOR_FIT),
    )
