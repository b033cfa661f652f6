"""The field-dependent PSF: fit, model selection and result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from psfbridge._util.threads import workers
from psfbridge.distillation.field.fit import fitted_field
from psfbridge.distillation.field.model_selection import FieldChoice, chosen_field
from psfbridge.distillation.field.polynomials import CONSTANT, places, with_depth
from psfbridge.distillation.field.pupil import FieldPupil
from psfbridge.distillation.field.regions import (
    cropped,
    fitted_afresh,
    regions_of,
    samples_of,
    small_box,
)
from psfbridge.distillation.field.settings import FIELD
from psfbridge.distillation.joint.bead_fit import light
from psfbridge.distillation.joint.bead_state import BeadState, Floats, Floats32
from psfbridge.distillation.joint.blending import blend_with_data
from psfbridge.distillation.joint.iteration import JointProblem, Round, Start
from psfbridge.distillation.joint.neighbours import with_neighbours
from psfbridge.distillation.joint.noise_refit import with_measured_noise
from psfbridge.distillation.joint.pupil_fit import PupilFit, refined_fit
from psfbridge.distillation.joint.stack import Stack, deal_into_parts, stack_beads
from psfbridge.distillation.methods import Solution
from psfbridge.errors import OptionError
from psfbridge.numerics.fourier import apply_per_axis, shift_matrices
from psfbridge.progress import Progress, no_progress

__all__ = ["FieldModel", "FieldSolution", "solve_field"]

_STAGE = "fitting the change over the field"


@dataclass(frozen=True, eq=False)
class FieldModel:
    """The PSF at every place.

    Parameters
    ----------
    problem : JointProblem
        The solve that it comes from.
    middle : array
        The PSF in the middle of the field, of pupil and data, on the samples of the task.
    pupil : FieldPupil
        How it changes.
    unit : float
        The pupil's light over that of `middle`.
    """

    problem: JointProblem
    middle: Floats
    pupil: FieldPupil
    unit: float

    def volume(self, where: Floats) -> Floats:
        """Return the PSF at a place (-1 to 1 in z, y and x), on voxels; axes (z, y, x)."""
        change = self._sharp(where) - self._own
        return self.problem.on_voxels(self.middle + change / self.unit)

    @cached_property
    def _own(self) -> Floats:
        return self._sharp(np.zeros(3))

    def _sharp(self, where: Floats) -> Floats:
        return self.pupil.volume(where, self.middle.shape, bead=False)


@dataclass(frozen=True, eq=False)
class FieldSolution:
    """The field dependence inferred from the beads.

    Parameters
    ----------
    model : FieldModel or None
        None where one PSF is all that the beads support.
    diagnostics : mapping
        What was chosen and the χ² of beads not used for each polynomial, ready for JSON.
    note : str
        The same in a sentence.
    """

    model: FieldModel | None
    diagnostics: dict[str, Any]
    note: str


def solve_field(solution: Solution, progress: Progress = no_progress) -> FieldSolution:
    """Find out how the PSF changes over the image, from beads already solved for one PSF.

    The phases of the pupil become polynomials of the place (y, x and z), fitted to all beads at
    once. Constant, linear or quadratic: the χ² of beads not used decides.

    Parameters
    ----------
    solution : Solution
        The one PSF, and where its solve ended.
    progress : Progress, optional
        Called after each step; may raise `psfbridge.errors.Cancelled`.
    """
    if solution.state is None:
        raise OptionError("field is set but this method does not fit the beads; use joint.")
    problem, common = solution.state
    if len(common.contributing) < with_depth(CONSTANT).beads:
        return _too_few(len(common.contributing))
    progress(_STAGE, 0, FIELD.refits)
    states = _all_fitted(problem, common.start, lambda _: common.psf)
    contributing = [states[k] for k in common.contributing]
    deepest = float(problem.widths[0]) / len(problem.found[0].image.data)
    choice = chosen_field(
        contributing, _where(problem, contributing), common.psf, common.pupil, deepest
    )
    progress(_STAGE, 1, FIELD.refits)
    model = None
    if choice.best.polynomial != CONSTANT:
        start = replace(common, states=states)
        model = _settled(problem, start, choice.best.fit.pupil, _refined(common.pupil))
    progress(_STAGE, FIELD.refits, FIELD.refits)
    return FieldSolution(model, _diagnostics(choice), _note(choice))


def _refined(common: PupilFit) -> Callable[[PupilFit, Stack], PupilFit]:
    """Fit the pupil in the middle once more, as the common one was."""
    vectorial, known = common.model.vectorial, common.known

    def refined(fit: PupilFit, stack: Stack) -> PupilFit:
        start = replace(fit, model=replace(fit.model, vectorial=vectorial))
        return refined_fit(start, stack, order=6, rounds=6, known=known)

    return refined


def _where(problem: JointProblem, states: Sequence[BeadState]) -> Floats:
    positions = np.array([one.fit.position for one in states])
    return places(positions, problem.found[0].image.data.shape)


@dataclass(frozen=True, eq=False)
class _Seen:
    """The image of a bead at any position; at the centre its sum over voxels is 1."""

    pupil: FieldPupil
    shape: Sequence[int]
    factor: Sequence[int]

    @cached_property
    def total(self) -> float:
        volume = self.pupil.volume(np.zeros(3), self.shape, bead=True)
        return float(volume.sum() / np.prod(self.factor))

    @cached_property
    def middle(self) -> Floats32:
        return self.at(np.zeros(3))

    def at(self, where: Floats) -> Floats32:
        return np.asarray(self.pupil.volume(where, self.shape, bead=True) / self.total, np.float32)

    def in_the_middle(self, one: BeadState, where: Floats) -> BeadState:
        """Return a bead as it would look in the middle: the difference counts as others' light."""
        return replace(one, others=one.others + light(one, self.at(where) - self.middle))


def _settled(
    problem: JointProblem,
    common: Round,
    pupil: FieldPupil,
    refined: Callable[[PupilFit, Stack], PupilFit],
) -> FieldModel:
    """Fit the beads to the PSFs of their places, and the PSFs to the beads, once more each."""
    seen = _Seen(pupil, problem.psf_shape, problem.factor)
    states = _all_fitted(problem, common.start, seen.at)
    contributing = [states[k] for k in common.contributing]
    seen = replace(seen, pupil=_fitted_again(seen, contributing, _where(problem, contributing)))
    states = _all_fitted(problem, replace(common.start, states=states), seen.at)
    contributing = [states[k] for k in common.contributing]
    where = _where(problem, contributing)
    moved = [seen.in_the_middle(one, place) for one, place in zip(contributing, where, strict=True)]
    moved = with_measured_noise(moved, seen.middle)
    stack = stack_beads(moved, seen.middle, [light(one, seen.middle) for one in moved])
    fit = refined(seen.pupil.middle, stack)
    model, sharp = fit.volumes(problem.psf_shape)
    blend = blend_with_data(stack, (model, sharp), problem.transfer)
    shift = -fit.centre_um / np.array(problem.sample_um)
    middle = apply_per_axis(blend.volume, shift_matrices(problem.psf_shape, shift))
    # Both explain the same stack: the multiple that joins them is the ratio of their units.
    ratio = float((blend.seen * seen.middle).sum() / (seen.middle**2).sum())
    unit = seen.total / ratio
    return FieldModel(problem, middle, seen.pupil, unit)


def _all_fitted(
    problem: JointProblem, start: Start, psf_at: Callable[[Floats], Floats32]
) -> list[BeadState]:
    """Fit every bead to the PSF of its place, and subtract the beads from each other."""

    def fitted(one: BeadState, place: Floats) -> tuple[BeadState, Floats32]:
        return fitted_afresh(one, psf_at(place), problem.core)

    with workers() as pool:
        pairs = list(pool.map(fitted, start.states, _where(problem, start.states)))
    shapes = [one.image.data.shape for one in problem.found]
    beads, lights = [one for one, _ in pairs], [own for _, own in pairs]
    return start.with_far_light(problem, with_neighbours(beads, lights, shapes))


def _fitted_again(seen: _Seen, fitted: Sequence[BeadState], where: Floats) -> FieldPupil:
    """Fit the field's pupil to the beads as they are aligned by the PSFs of their places."""
    box = small_box(fitted[0].seen.counts.shape)
    beads = [cropped(one, box) for one in fitted]
    shape = samples_of(box, seen.factor)

    def psf_at(place: Floats) -> Floats32:
        volume = seen.pupil.volume(place, shape, bead=True)
        return np.asarray(volume / seen.total, np.float32)

    return fitted_field(regions_of(beads, deal_into_parts(beads), where, psf_at), seen.pupil).pupil


def _diagnostics(choice: FieldChoice) -> dict[str, Any]:
    name = choice.best.polynomial.name
    return {"richness": name, "tried": choice.to_dict(), "not_tried": choice.untried}


def _note(choice: FieldChoice) -> str:
    best, first = choice.best, choice.tried[0]
    others = [one for one in choice.tried if one is not best]
    chi2 = ", ".join(f"{one.score:.4f} {one.polynomial.name}" for one in others)
    if best is first:
        why = f"held-out χ² {first.score:.4f} for one PSF"
        why += f", {chi2}" if chi2 else ""
        why += "".join(f"; {lacking}" for lacking in choice.untried)
        return f"No significant change of the PSF across the field ({why})."
    return (
        f"The PSF changes across the field, {best.polynomial.name} (held-out χ² "
        f"{best.score:.4f}, {chi2})."
    )


def _too_few(used: int) -> FieldSolution:
    least = with_depth(CONSTANT).beads
    note = (
        f"Variation of the PSF across the field was not tested: it needs at least {least} usable "
        f"beads, there are {used}. Image more beads, or distil several images together."
    )
    return FieldSolution(None, {"richness": CONSTANT.name, "tried": {}, "not_tried": [note]}, note)
