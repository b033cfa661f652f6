"""A PSF that changes over field and depth, no richer than the beads allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import fft

from psfbridge.bead_fit import refitted
from psfbridge.beads import USED
from psfbridge.errors import ImageError
from psfbridge.field_choice import Choice, chosen_field
from psfbridge.field_fit import fitted_field
from psfbridge.field_pupil import FieldPupil
from psfbridge.field_regions import cropped, dealt, regions_of, small_box
from psfbridge.field_terms import ONE, deeper, places
from psfbridge.finding import Found
from psfbridge.image import Image
from psfbridge.interpolation import applied, shift_matrices
from psfbridge.noise_fit import with_measured_noise
from psfbridge.observation import Floats, Floats32, Speaker, observe
from psfbridge.options import DistillOptions
from psfbridge.progress import Progress, no_progress
from psfbridge.pupil_fit import PupilFit, blind_fit, known_fit, known_optics, refined_fit
from psfbridge.rounds import Round, Task, next_round
from psfbridge.shifts import fitted_to
from psfbridge.shrinkage import blended
from psfbridge.solution import Solution
from psfbridge.stack import Stack, stacked
from psfbridge.workers import workers

__all__ = ["FieldModel", "FieldSolution", "check_one_field", "solve_field"]

_STAGE = "fitting the change over the field"
_STEPS = 4


@dataclass(frozen=True, eq=False)
class FieldModel:
    """The PSF at every place.

    Parameters
    ----------
    middle : array
        The PSF in the middle of the field, of pupil and data; the array has axes (z, y, x).
    pupil : FieldPupil
        How it changes.
    unit : float
        The pupil's light over that of `middle`.
    """

    middle: Floats
    pupil: FieldPupil
    unit: float

    def volume(self, where: Floats) -> Floats:
        """Return the PSF at a place (-1 to 1 in z, y and x); axes (z, y, x)."""
        return np.asarray(self.middle + (self._sharp(where) - self._own) / self.unit)

    @cached_property
    def _own(self) -> Floats:
        return self._sharp(np.zeros(3))

    def _sharp(self, where: Floats) -> Floats:
        return self.pupil.volume(where, self.middle.shape, bead=False)


@dataclass(frozen=True, eq=False)
class FieldSolution:
    """What the beads tell of the field.

    Parameters
    ----------
    model : FieldModel or None
        None where one PSF is all that the beads support.
    diagnostics : mapping
        What was chosen and the χ² of beads not used for each richness, ready for JSON.
    note : str
        The same in a sentence.
    """

    model: FieldModel | None
    diagnostics: dict[str, Any]
    note: str


def check_one_field(images: Sequence[Image]) -> None:
    """Refuse images that do not show one field.

    Raises
    ------
    ImageError
        If they differ in shape.
    """
    shapes = sorted({image.data.shape for image in images})
    if len(shapes) > 1:
        words = " and ".join(" x ".join(str(n) for n in shape) for shape in shapes)
        raise ImageError(
            f"field is set and the images have {words} voxels; images of one field have one "
            "shape. Distil them apart, or leave field out."
        )


def solve_field(
    found: Sequence[Found],
    shape: tuple[int, int, int],
    options: DistillOptions,
    solution: Solution,
    progress: Progress = no_progress,
) -> FieldSolution:
    """Find out how the PSF changes over the image, from beads already solved for one PSF.

    The phases of the pupil become polynomials of the place (y, x and z), fitted to all beads at
    once. Constant, linear or quadratic: the χ² of beads not used decides.

    Parameters
    ----------
    found : sequence of Found
        The beads of each image.
    shape : tuple of int
        Size of the PSF in voxels.
    options : DistillOptions
        The bead's diameter and the optics count here.
    solution : Solution
        The one PSF, and the beads as it left them.
    progress : Progress, optional
        Called after each step; may raise `psfbridge.errors.Cancelled`.
    """
    judged = [replace(one, beads=table) for one, table in zip(found, solution.beads, strict=True)]
    task = Task(judged, shape, options.bead_diameter_um)
    used = sum(len(one.beads.with_status(USED)) for one in judged)
    if used < deeper(ONE).beads:
        return _too_few(used)
    progress(_STAGE, 0, _STEPS)
    explained = _explained(task, options, solution)
    common = next_round(task, *_start(task, solution), explained, choose=False)
    progress(_STAGE, 1, _STEPS)
    speakers = with_measured_noise(common.speakers, common.psf)
    voters = [speakers[k] for k in common.voters]
    deepest = float(task.widths[0]) / len(found[0].image.data)
    choice = chosen_field(voters, _where(task, voters), common.psf, common.pupil, deepest)
    progress(_STAGE, 2, _STEPS)
    model = None
    if choice.best.richness != ONE:
        model = _settled(task, voters, choice.best.fit.pupil, _refined(common, options))
    progress(_STAGE, _STEPS, _STEPS)
    return FieldSolution(model, _diagnostics(choice), _note(choice))


def _start(task: Task, solution: Solution) -> tuple[list[Speaker], Floats32]:
    """The beads once more, and what is seen of one by the PSF of the solution."""
    middle = [n // 2 for n in solution.volume.shape]
    spectrum = fft.rfftn(fitted_to(solution.volume, task.box, middle)) * task.transfer
    seen = fft.irfftn(spectrum, s=task.box)
    return observe(task.found, task.box), np.asarray(seen / seen.sum(), np.float32)


def _explained(
    task: Task, options: DistillOptions, solution: Solution
) -> Callable[[Stack], PupilFit]:
    """Give the pupil of the optics where it was found the better one, a blind one elsewhere."""
    optics = options.optics
    scores = solution.diagnostics.get("held_out_by_method", {})

    def explained(stack: Stack) -> PupilFit:
        if optics and scores and scores["pupil"] <= scores["joint"]:
            return known_fit(stack, task.voxel_um, optics, task.bead_diameter_um)
        fit = blind_fit(stack, task.voxel_um, task.widths, task.bead_diameter_um)
        return refined_fit(fit.centred(), stack, order=6, rounds=4)

    return explained


def _refined(common: Round, options: DistillOptions) -> Callable[[PupilFit, Stack], PupilFit]:
    """Fit the pupil in the middle once more, as vectorial as the common one is."""
    vectorial = common.pupil.model.vectorial
    known = known_optics(options.optics) if options.optics and vectorial else None

    def refined(fit: PupilFit, stack: Stack) -> PupilFit:
        start = replace(fit, model=replace(fit.model, vectorial=vectorial))
        return refined_fit(start, stack, order=6, rounds=6, known=known)

    return refined


def _where(task: Task, speakers: Sequence[Speaker]) -> Floats:
    positions = np.array([one.fit.position for one in speakers])
    return places(positions, task.found[0].image.data.shape)


@dataclass(frozen=True, eq=False)
class _Seen:
    """What is seen of a bead at every place; in the middle its sum is 1."""

    pupil: FieldPupil
    box: Sequence[int]

    @cached_property
    def total(self) -> float:
        return float(self.pupil.volume(np.zeros(3), self.box, bead=True).sum())

    @cached_property
    def middle(self) -> Floats32:
        return self.at(np.zeros(3))

    def at(self, where: Floats) -> Floats32:
        return np.asarray(self.pupil.volume(where, self.box, bead=True) / self.total, np.float32)

    def fitted(self, one: Speaker, where: Floats, core: Sequence[int]) -> Speaker:
        """Fit a bead to the PSF at its place."""
        seen = self.at(where)
        for _ in range(2):
            one = refitted([one], seen, core)[0]
        return one

    def in_the_middle(self, one: Speaker, where: Floats) -> Speaker:
        """Return a bead as it would look in the middle: the difference counts as others' light."""
        shift = one.seen.offset(one.fit.position)
        change = applied(self.at(where) - self.middle, shift_matrices(self.middle.shape, shift))
        change = np.asarray(one.fit.intensity * change, np.float32)
        return replace(one, others=one.others + change)


def _settled(
    task: Task,
    voters: Sequence[Speaker],
    pupil: FieldPupil,
    refined: Callable[[PupilFit, Stack], PupilFit],
) -> FieldModel:
    """Fit the beads to the PSFs of their places, and the PSFs to the beads, once more each."""
    where = _where(task, voters)
    seen = _Seen(pupil, task.box)
    fitted = _all_fitted(seen, voters, where, task.core)
    seen = _Seen(_fitted_again(seen, fitted, where), task.box)
    fitted = _all_fitted(seen, fitted, where, task.core)
    moved = [seen.in_the_middle(one, place) for one, place in zip(fitted, where, strict=True)]
    moved = with_measured_noise(moved, seen.middle)
    stack = stacked(moved, seen.middle)
    fit = refined(seen.pupil.middle, stack).centred()
    model, sharp = (fit.volume(task.box, bead=bead) for bead in (True, False))
    blend = blended(stack, model, sharp, task.transfer)
    unit = seen.total * float(seen.middle.sum()) / float(model.sum())
    return FieldModel(blend.volume, seen.pupil, unit)


def _all_fitted(
    seen: _Seen, speakers: Sequence[Speaker], where: Floats, core: Sequence[int]
) -> list[Speaker]:
    def fitted(one: Speaker, place: Floats) -> Speaker:
        return seen.fitted(one, place, core)

    with workers() as pool:
        return list(pool.map(fitted, speakers, where))


def _fitted_again(seen: _Seen, fitted: Sequence[Speaker], where: Floats) -> FieldPupil:
    """Fit the field's pupil to the beads as they are aligned by the PSFs of their places."""
    shape = small_box(seen.middle.shape)
    small = _Seen(seen.pupil, shape)
    beads = [cropped(one, shape) for one in fitted]

    def psf_at(place: Floats) -> Floats32:
        return np.asarray(small.at(place) * np.float32(small.total / seen.total), np.float32)

    regions = regions_of(beads, dealt(beads), where, psf_at)
    return fitted_field(regions, seen.pupil).pupil


def _diagnostics(choice: Choice) -> dict[str, Any]:
    name = choice.best.richness.name
    return {"richness": name, "tried": choice.to_dict(), "not_tried": choice.untried}


def _note(choice: Choice) -> str:
    best, first = choice.best, choice.tried[0]
    others = [one for one in choice.tried if one is not best]
    chi2 = ", ".join(f"{one.chi2.mean():.4f} {one.richness.name}" for one in others)
    if best is first:
        why = f"χ² of beads not used is {first.chi2.mean():.4f} with it"
        why += f", and {chi2}" if chi2 else ""
        why += "".join(f"; {lacking}" for lacking in choice.untried)
        return f"One PSF is all that the beads support: {why}."
    return (
        f"The PSF changes over the image, {best.richness.name}: χ² of beads not used is "
        f"{best.chi2.mean():.4f} so, {chi2}."
    )


def _too_few(used: int) -> FieldSolution:
    least = deeper(ONE).beads
    note = (
        f"One PSF is all that the beads support: there are {used} usable beads, and {least} are "
        "the least that tell a change over the field. Image more beads, or join several images."
    )
    return FieldSolution(None, {"richness": ONE.name, "tried": {}, "not_tried": [note]}, note)
