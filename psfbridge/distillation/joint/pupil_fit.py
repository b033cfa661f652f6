"""The fit of a pupil to a stack of aligned beads, from a given starting point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from psfbridge.distillation.joint.model_settings import PUPIL_FIT, VIGNETTING
from psfbridge.distillation.joint.pupil_prior import UNSCALED, Known, Prior, PriorScale
from psfbridge.distillation.joint.stack import Stack
from psfbridge.numerics.background_plane import plane_columns
from psfbridge.numerics.fourier import crop_or_pad
from psfbridge.numerics.least_squares import (
    log_determinant,
    solve_damped,
    solve_normal_equations,
)
from psfbridge.numerics.levenberg_marquardt import Rule, minimise
from psfbridge.optics.index_mismatch import brightest_um
from psfbridge.optics.propagation import samples_for
from psfbridge.optics.pupil import (
    AMPLITUDES,
    BLUR_X,
    BLUR_Y,
    BLUR_YX,
    DEPTH,
    EDGE,
    EDGE_X,
    EDGE_Y,
    FIRST_MODE,
    INDEX,
    LIKELIEST,
    NA,
    SAMPLE,
    SHEET,
    PupilModel,
    X,
    Z,
)
from psfbridge.optics.settings import INTERFACE, PROPAGATION

__all__ = [
    "Known",
    "PupilFit",
    "central_box",
    "fit_from",
    "refined_fit",
]


Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PupilFit:
    """A fitted pupil.

    Parameters
    ----------
    model : PupilModel
        The model on the box of the fit.
    values : array
        Its parameters.
    free : tuple of int
        Which of them were fitted.
    scale : float
        The stack's light over the model's.
    cost : float
        Weighted sum of squares of what is left, prior included.
    known : mapping, optional
        What was known of parameters.
    prior_scale : PriorScale
        How firmly the beads ask to hold phases, amplitudes and ovalness.
    evidence : float
        Twice the logarithm of how likely the stack is by this model, whatever its parameters, but
        for a constant (Laplace's approximation, see MacKay 1992).
    """

    model: PupilModel
    values: Floats
    free: tuple[int, ...]
    scale: float
    cost: float
    known: Known | None = None
    prior_scale: PriorScale = UNSCALED
    evidence: float = -np.inf

    @property
    def usable(self) -> bool:
        """Whether the model has anything in common with the stack."""
        return self.scale > 0 and bool(np.isfinite(self.values).all())

    @property
    def microscope(self) -> str:
        """Kind of microscope assumed in the fit."""
        if self.model.power == 2:
            return "confocal"
        return "lightsheet" if self.values[SHEET] > 0 else "widefield"

    @property
    def phases(self) -> dict[str, float]:
        """The phase terms in radians rms, by radial order and azimuthal frequency."""
        pairs = zip(self.model.modes, self.values[FIRST_MODE:], strict=False)
        return {f"{n},{m}": round(float(value), 4) for (n, m), value in pairs}

    @property
    def nyquist_um(self) -> tuple[float, float, float]:
        """The largest voxel that holds all that counts of what this pupil passes."""
        na, index = float(self.values[NA]), float(self.values[INDEX])
        more = PUPIL_FIT.confocal_nyquist if self.model.power == 2 else 1.0
        along = more * (index - float(np.sqrt(max(index**2 - na**2, 0))))
        along = float(np.hypot(along, np.sqrt(PUPIL_FIT.sheet_decay * self.values[SHEET]) / np.pi))
        return 0.5 / along, 0.25 / (more * na), 0.25 / (more * na)

    @property
    def centre_um(self) -> Floats:
        """Position of maximum brightness relative to the centre of the stack in z, y and x."""
        centre = self.values[Z : X + 1].copy()
        if self.values[SAMPLE]:
            centre[0] += brightest_um(*self.values[[NA, INDEX, SAMPLE, DEPTH]])
        return np.asarray(centre)

    @property
    def detailed(self) -> bool:
        """Whether the pupil has details, see `detailed_fit`."""
        return self.model.order >= PUPIL_FIT.detailed_order

    def centred(self) -> PupilFit:
        """Return the fit with its light in the middle."""
        values = self.values.copy()
        values[Z : X + 1] -= self.centre_um
        return replace(self, values=values)

    def polarised(self) -> PupilFit:
        """Return the fit with polarisation, if the angle of light is not small."""
        steep = self.values[NA] > PUPIL_FIT.steep_sine * self.values[INDEX]
        return replace(self, model=replace(self.model, vectorial=bool(steep)))

    def answers(self, stack: Stack) -> tuple[Floats, Floats]:
        """Return how the free parameters answer to the stack, and to what is expected of them.

        The first array has axes (parameter, voxel) and takes changes of the stack in the fitted
        box. The second has axes (parameter, noise): times noise of variance 1, it is what is not
        known of the parameters although the stack is.
        """
        # What a sample does, the phases can do: both at once would cancel out in large steps.
        told = [row for row, place in enumerate(self.free) if place not in (SAMPLE, DEPTH)]
        free = [self.free[row] for row in told]
        problem = _Problem(self.model, stack, self)
        normal, _, design = problem.linearised(self, free)
        pulls = np.zeros((len(normal), len(free)))
        pulls[: len(free)] = problem.prior.root(free)
        columns = np.concatenate([design, pulls], axis=1)
        answer = np.zeros((len(self.free), columns.shape[1]))
        answer[told] = solve_damped(normal, columns, PUPIL_FIT.least_damping)[: len(free)]
        voxels = design.shape[1]
        return answer[:, :voxels] * problem.root, answer[:, voxels:]

    def moved(self, change: Floats) -> PupilFit:
        """Return the fit with its free parameters changed a little."""
        values = self.values.copy()
        values[list(self.free)] += change
        return replace(self, values=_within(values, self.values, self.model))

    def volumes(self, shape: Sequence[int]) -> tuple[Floats32, Floats32]:
        """Return what is seen of a bead, and the PSF, on another box, in the stack's units."""
        seen, sharp = self._model_on(shape).volumes(self.values)
        scale = np.float32(self.scale)
        return scale * seen, scale * sharp

    def seen(self, shape: Sequence[int], most_samples: int | None = None) -> Floats32:
        """Return what is seen of a bead alone."""
        model = self._model_on(shape, most_samples)
        return np.float32(self.scale) * model.volume(self.values)

    def samples(self, shape: Sequence[int], most: int | None = None) -> int:
        """Return how many samples across the pupil a box asks for, up to so many."""
        return _samples(shape, self.model.voxel_um, self.values, most)

    def _model_on(self, shape: Sequence[int], most_samples: int | None = None) -> PupilModel:
        z, y, x = (int(n) for n in shape)
        return replace(self.model, shape=(z, y, x), samples=self.samples(shape, most_samples))


def refined_fit(
    fit: PupilFit, stack: Stack, *, order: int, rounds: int, known: Known | None = None
) -> PupilFit:
    """Fit once more, from a fit to an earlier stack, with phases up to `order`."""
    shape = central_box(stack, PUPIL_FIT.largest_box if order >= 6 else PUPIL_FIT.second_box)
    samples = _samples(shape, fit.model.voxel_um, fit.values)
    amplitudes = (
        1 if order < 6 else LIKELIEST if order < PUPIL_FIT.detailed_order else len(AMPLITUDES)
    )
    model = replace(fit.model, shape=shape, order=order, amplitudes=amplitudes, samples=samples)
    values = np.zeros(model.size)
    values[:FIRST_MODE] = fit.values[:FIRST_MODE]
    if _sheet_um(values) > PUPIL_FIT.thick_sheet * shape[0] * model.voxel_um[0]:
        values[SHEET] = 0
    for place, mode in enumerate(fit.model.modes, start=FIRST_MODE):
        if mode in model.modes:
            values[FIRST_MODE + model.modes.index(mode)] = fit.values[place]
    last = fit.values[FIRST_MODE + len(fit.model.modes) :][:amplitudes]
    first = FIRST_MODE + len(model.modes)
    values[first : first + len(last)] = last
    prior_scale = fit.prior_scale if order >= 6 else UNSCALED
    return _fitted(PupilFit(model, values, (), 0.0, np.inf, known, prior_scale), stack, rounds)


def detailed_fit(fit: PupilFit, stack: Stack, known: Known | None = None) -> PupilFit:
    """Fit all terms if the beads show details of the pupil.

    How firmly details are held is told by the beads after a first fit, so that it takes two. That
    they explain the stack better, as any more terms do, does not count, but whether they make it
    likelier.
    """
    detailed = refined_fit(fit, stack, order=PUPIL_FIT.detailed_order, rounds=2, known=known)
    if fit.detailed:
        return detailed
    detailed = refined_fit(detailed, stack, order=PUPIL_FIT.detailed_order, rounds=2, known=known)
    likelier = detailed.evidence > fit.evidence
    return detailed if detailed.prior_scale.sees_details and likelier else fit


def _samples(
    shape: Sequence[int], voxel_um: Sequence[float], values: Floats, most: int | None = None
) -> int:
    """Return how many samples across the pupil parameters ask for on a box."""
    most = most or PROPAGATION.most_samples
    na, index = values[[NA, INDEX]]
    least = samples_for(shape, voxel_um, na, index, most)
    # The edge of total reflection scatters light far out.
    return min(int(PUPIL_FIT.edge_samples * least), most) if values[SAMPLE] else least


def central_box(stack: Stack, largest: Sequence[int]) -> tuple[int, int, int]:
    """Return the shape of the central part of a stack, no larger than `largest`."""
    z, y, x = (min(n, most) for n, most in zip(stack.weight.shape, largest, strict=True))
    return z, y, x


def _sheet_um(values: Floats) -> float:
    """The FWHM of the light sheet, in µm; infinite without one."""
    return float(np.sqrt(4 * np.log(2) / values[SHEET])) if values[SHEET] > 0 else np.inf


def _free(model: PupilModel, values: Floats) -> tuple[int, ...]:
    """Return the parameters that are fitted."""
    fixed = set() if values[SHEET] > 0 else {SHEET}
    fixed |= set() if values[SAMPLE] else {SAMPLE, DEPTH}
    fixed |= set() if values[EDGE] else {EDGE, EDGE_Y, EDGE_X}
    if model.shape[0] == 1:
        fixed |= {SHEET, INDEX, Z, SAMPLE, DEPTH}
    return tuple(k for k in range(model.size) if k not in fixed)


def fit_from(
    model: PupilModel, values: Floats, stack: Stack, rounds: int, known: Known | None = None
) -> PupilFit:
    """Fit by damped least squares (Marquardt 1963); scale and background are always best.

    Parameters
    ----------
    model : PupilModel
        On the part of the stack that is fitted.
    values : array
        The parameters to start from.
    stack : Stack
        The aligned beads.
    rounds : int
        At most so many steps.
    known : mapping, optional
        What is known of parameters: their value and standard deviation.
    """
    return _fitted(PupilFit(model, values, (), 0.0, np.inf, known), stack, rounds)


def _fitted(start: PupilFit, stack: Stack, rounds: int) -> PupilFit:
    problem = _Problem(start.model, stack, start)
    free = _free(start.model, start.values)
    best = minimise(
        lambda values: _State(problem, problem.judged(values), free),
        start.values,
        Rule(steps=rounds, least_gain=PUPIL_FIT.least_gain),
    )
    prior_scale = problem.prior.rescale(best.fit.values, *best.equations, free)
    evidence = -best.fit.cost - log_determinant(best.equations[0])
    evidence += problem.prior.log_determinant(free)
    return replace(
        best.fit, free=free, known=start.known, prior_scale=prior_scale, evidence=evidence
    )


@dataclass(frozen=True, eq=False)
class _State:
    """A pupil under trial, and where it should go."""

    problem: _Problem
    fit: PupilFit
    free: tuple[int, ...]

    @property
    def cost(self) -> float:
        return self.fit.cost if self.fit.scale > 0 else np.inf

    @cached_property
    def equations(self) -> tuple[Floats, Floats]:
        normal, gradient, _ = self.problem.linearised(self.fit, self.free)
        return normal, gradient

    def step(self, damping: float) -> Floats:
        """The last unknowns are scale and background."""
        solution = solve_damped(*self.equations, damping + PUPIL_FIT.least_damping)
        moved = self.fit.values.copy()
        moved[list(self.free)] += solution[: len(self.free)]
        return _within(moved, self.fit.values, self.problem.model)


def _within(values: Floats, last: Floats, model: PupilModel) -> Floats:
    """Keep the parameters physical and close to their previous values."""
    most = PUPIL_FIT.most_shift * np.array(model.voxel_um)
    most[0] += INTERFACE.focus_per_depth * abs(last[DEPTH])
    values[Z : X + 1] = np.clip(values[Z : X + 1], -most, most)
    values[NA] = np.clip(values[NA], *(step * last[NA] for step in PUPIL_FIT.na_step))
    values[INDEX] = np.clip(
        values[INDEX],
        PUPIL_FIT.least_index_over_na * values[NA],
        PUPIL_FIT.most_index_step * last[INDEX],
    )
    values[[BLUR_Y, BLUR_X]] = np.maximum(values[[BLUR_Y, BLUR_X]], 0)
    most_tilt = np.sqrt(values[BLUR_Y] * values[BLUR_X])
    values[BLUR_YX] = np.clip(values[BLUR_YX], -most_tilt, most_tilt)
    if last[SAMPLE]:
        values[SAMPLE] = np.clip(
            values[SAMPLE],
            PUPIL_FIT.least_sample_share * values[INDEX],
            PUPIL_FIT.most_index_over_na * values[NA],
        )
    values[DEPTH] = np.clip(
        values[DEPTH],
        last[DEPTH] - PUPIL_FIT.most_deeper_um,
        last[DEPTH] + PUPIL_FIT.most_deeper_um,
    )
    if last[EDGE]:
        values[EDGE] = np.clip(values[EDGE], *VIGNETTING.radii)
    if last[SHEET] > 0:
        values[SHEET] = np.clip(
            values[SHEET], *(step * last[SHEET] for step in PUPIL_FIT.sheet_step)
        )
    return values


class _Problem:
    """One stack and one model: what a trial costs, and where it should go."""

    def __init__(self, model: PupilModel, stack: Stack, start: PupilFit) -> None:
        middle = [n // 2 for n in stack.weight.shape]
        self.model = model
        root = np.sqrt(crop_or_pad(stack.weight, model.shape, middle)).ravel()
        self.data = (crop_or_pad(stack.mean, model.shape, middle).ravel() * root).astype(np.float32)
        self.root = root.astype(np.float32)
        self.planes = plane_columns(model.shape) * self.root
        self.prior = Prior(model, float(start.values[NA]), start.known, start.prior_scale)

    def _linear(self, volume: Floats32) -> tuple[Floats, Floats32]:
        """Best scale and background plane for a volume, and what is left."""
        design = np.concatenate([(volume.ravel() * self.root)[np.newaxis], self.planes])
        normal, values = (design @ design.T).astype(float), (design @ self.data).astype(float)
        answer = solve_normal_equations(normal, values)
        return answer, self.data - answer.astype(np.float32) @ design

    def judged(self, values: Floats) -> PupilFit:
        answer, rest = self._linear(self.model.volume(values))
        cost = float((rest.astype(float) ** 2).sum()) + self.prior.cost(values)
        return PupilFit(self.model, values, (), float(answer[0]), cost)

    def linearised(self, fit: PupilFit, free: Sequence[int]) -> tuple[Floats, Floats, Floats32]:
        """The normal equations, and the weighted derivatives that they are made of."""
        volume, slopes = self.model.derivatives(fit.values, free)
        answer, rest = self._linear(volume)
        rows = [
            np.float32(answer[0]) * slopes.reshape(len(free), -1) * self.root,
            (volume.ravel() * self.root)[np.newaxis],
            self.planes,
        ]
        design = np.concatenate(rows)
        normal, gradient = (design @ design.T).astype(float), (design @ rest).astype(float)
        normal[: len(free), : len(free)] += self.prior.stiffness(free)
        gradient[: len(free)] += self.prior.pull(fit.values, free)
        return normal, gradient, design
