"""The pupil that explains a stack of aligned beads, without being told the optics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from psfbridge.least_squares import solved, solved_damped
from psfbridge.options import Optics
from psfbridge.pupil import (
    BLUR_X,
    BLUR_Y,
    BLUR_YX,
    FIRST_MODE,
    INDEX,
    NA,
    SHEET,
    PupilModel,
    X,
    Z,
    samples_for,
)
from psfbridge.shifts import fitted_to
from psfbridge.stack import Stack

__all__ = ["Known", "PupilFit", "blind_fit", "known_fit", "known_optics", "refined_fit"]

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Known = dict[int, tuple[float, float]]  # of a parameter: its value and standard deviation

# The central part that is fitted: first, and in the end.
_FIRST, _SECOND, _LARGEST = (21, 25, 25), (25, 33, 33), (33, 45, 45)
# The power of the field; a light sheet is a widefield with a sheet.
_KINDS = {"widefield": 1, "confocal": 2, "lightsheet": 1}
_CLEARLY = 0.97
_LEAST_DAMPING = 1e-6  # Single precision leaves no more of a nearly flat direction.
_KNOWN_TO = 0.015  # Optics are known to so much of themselves: an objective's NA is a nominal one.
# Excitation over emission wavelength, and a sheet's FWHM, where they are not given.
_STOKES, _SHEET_UM = 0.94, 2.0
_START_ORDER, _START_TERMS = 4, 11
_AMPLITUDE_STIFFNESS = (
    25.0  # Amplitudes are less likely than phases: their expected size is about 0.2.
)


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
    """

    model: PupilModel
    values: Floats
    free: tuple[int, ...]
    scale: float
    cost: float

    @property
    def usable(self) -> bool:
        """Whether the model has anything in common with the stack."""
        return self.scale > 0 and bool(np.isfinite(self.values).all())

    @property
    def microscope(self) -> str:
        """What the fit takes the microscope for."""
        if self.model.power == 2:
            return "confocal"
        # A sheet as thick as the box is none.
        thickness_um = np.sqrt(4 * np.log(2) / max(float(self.values[SHEET]), 1e-12))
        deep_um = self.model.shape[0] * self.model.voxel_um[0]
        return "lightsheet" if thickness_um < deep_um else "widefield"

    @property
    def phases(self) -> dict[str, float]:
        """The phase terms in radians rms, by radial order and azimuthal frequency."""
        pairs = zip(self.model.modes, self.values[FIRST_MODE:], strict=False)
        return {f"{n},{m}": round(float(value), 4) for (n, m), value in pairs}

    @property
    def nyquist_um(self) -> tuple[float, float, float]:
        """The largest voxel that holds all that counts of what this pupil passes."""
        na, index = float(self.values[NA]), float(self.values[INDEX])
        # A confocal microscope passes twice as much in principle, hardly more in practice.
        more = 1.2 if self.model.power == 2 else 1.0
        along = more * (index - float(np.sqrt(max(index**2 - na**2, 0))))
        return 0.5 / along, 0.25 / (more * na), 0.25 / (more * na)

    def centred(self) -> PupilFit:
        """Return the fit with its focus in the middle."""
        values = self.values.copy()
        values[Z : X + 1] = 0
        return replace(self, values=values)

    def response(self, stack: Stack) -> Floats:
        """Return how the free parameters answer to changes of the stack, in the fitted box.

        The array has axes (parameter, voxel).
        """
        problem = _Problem(self.model, stack, None)
        normal, _, design = problem.linearised(self, self.free)
        answer = solved_damped(normal, design.astype(float), _LEAST_DAMPING)
        return np.asarray(answer[: len(self.free)] * problem.root)

    def moved(self, change: Floats) -> PupilFit:
        """Return the fit with its free parameters changed a little."""
        values = self.values.copy()
        values[list(self.free)] += change
        return replace(self, values=_within(values, self.values, self.model))

    def volume(self, shape: Sequence[int], *, bead: bool) -> Floats:
        """Return the model on another box, in the units of the stack."""
        z, y, x = (int(n) for n in shape)
        samples = samples_for((z, y, x), self.model.voxel_um, float(self.values[NA]))
        model = replace(self.model, shape=(z, y, x), samples=samples)
        return np.asarray(self.scale * model.volume(self.values, bead=bead), float)


def blind_fit(
    stack: Stack,
    voxel_um: tuple[float, float, float],
    fwhm: Floats,
    bead_diameter_um: float,
) -> PupilFit:
    """Fit widefield, confocal and light-sheet pupils to a stack and return the best.

    NA and refractive index over the wavelength start from the widths of the beads; several
    starts are tried on the central part first.

    Parameters
    ----------
    stack : Stack
        The aligned beads.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    fwhm : sequence of float
        Width of a bead in z, y and x, in voxels.
    bead_diameter_um : float
        Diameter of the beads.
    """
    best: PupilFit | None = None
    for kind, power in _KINDS.items():
        if stack.weight.shape[0] == 1 and kind != "widefield":
            continue
        fits = []
        for values in _starts(fwhm, voxel_um, kind):
            model = _model(stack, voxel_um, float(values[NA]), power, bead_diameter_um)
            fits.append(_fit(model, values, stack, rounds=5))
        first = min(fits, key=lambda fit: fit.cost)
        fit = refined_fit(first, stack, order=4, rounds=5)
        if power == 2:
            usual = replace(fit.model, excitation_ratio=1 / _STOKES, pinhole_au=1.0)
            pinhole = refined_fit(replace(fit, model=usual), stack, order=4, rounds=5)
            fit = min(fit, pinhole, key=lambda one: one.cost)
        # Widefield comes first, and the others must be clearly better: they have more freedom.
        if best is None or fit.cost < _CLEARLY * best.cost:
            best = fit
    assert best is not None
    return best


def known_fit(
    stack: Stack, voxel_um: tuple[float, float, float], optics: Optics, bead_diameter_um: float
) -> PupilFit:
    """Fit the pupil of a microscope whose optics are known, to a few percent.

    Parameters
    ----------
    stack : Stack
        The aligned beads.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    optics : Optics
        What is known.
    bead_diameter_um : float
        Diameter of the beads.
    """
    known = known_optics(optics)
    na, index = known[NA][0], known[INDEX][0]
    power = _KINDS[optics.microscope]
    model = _model(stack, voxel_um, na, power, bead_diameter_um)
    if power == 2:
        excitation_um = optics.excitation_um or _STOKES * optics.wavelength_um
        model = replace(
            model,
            excitation_ratio=optics.wavelength_um / excitation_um,
            pinhole_au=optics.pinhole_au or 1.0,
        )
    values = np.zeros(model.size)
    values[[NA, INDEX, BLUR_Y, BLUR_X]] = na, index, *(v**2 / 12 for v in voxel_um[1:])
    if optics.microscope == "lightsheet":
        values[SHEET] = 4 * np.log(2) / _SHEET_UM**2
    first = _fit(model, values, stack, 8, known)
    first = refined_fit(first, stack, order=6, rounds=8, known=known)
    vectorial = replace(first, model=replace(first.model, vectorial=optics.na > 0.6))
    return refined_fit(vectorial, stack, order=6, rounds=4, known=known)


def known_optics(optics: Optics) -> Known:
    """Return NA and refractive index over the wavelength, with how well they are known."""
    na, index = optics.na / optics.wavelength_um, optics.refractive_index / optics.wavelength_um
    return {NA: (na, _KNOWN_TO * na), INDEX: (index, _KNOWN_TO * index)}


def refined_fit(
    fit: PupilFit, stack: Stack, *, order: int, rounds: int, known: Known | None = None
) -> PupilFit:
    """Fit once more, from a fit to an earlier stack, with phases up to `order`."""
    shape = _box(stack, _LARGEST if order >= 6 else _SECOND)
    samples = samples_for(shape, fit.model.voxel_um, float(fit.values[NA]))
    amplitudes = 1 if order < 6 else 7
    model = replace(fit.model, shape=shape, order=order, amplitudes=amplitudes, samples=samples)
    values = np.zeros(model.size)
    values[:FIRST_MODE] = fit.values[:FIRST_MODE]
    for place, mode in enumerate(fit.model.modes, start=FIRST_MODE):
        if mode in model.modes:
            values[FIRST_MODE + model.modes.index(mode)] = fit.values[place]
    last = fit.values[FIRST_MODE + len(fit.model.modes) :][:amplitudes]
    first = FIRST_MODE + len(model.modes)
    values[first : first + len(last)] = last
    return _fit(model, values, stack, rounds, known)


def _starts(fwhm: Floats, voxel_um: Sequence[float], kind: str) -> Iterator[Floats]:
    """Parameters to start from: NA by the width across, the angle by the depth and around it."""
    power = _KINDS[kind]
    across = max(0.5 * (fwhm[1] * voxel_um[1] + fwhm[2] * voxel_um[2]), voxel_um[1])
    na = (0.51 if power == 1 else 0.37) / across
    deep = fwhm[0] * voxel_um[0]
    sines = [0.5] if deep <= 0 or kind == "lightsheet" else [0.5, 0.9]
    if deep > 0 and kind != "lightsheet":
        # The depth of focus gives n - sqrt(n² - NA²).
        rise = (0.88 if power == 1 else 0.64) / deep
        sines.append(float(np.clip(2 * rise * na / (na**2 + rise**2), 0.3, 0.97)))
    for sine in sines:
        values = np.zeros(FIRST_MODE + _START_TERMS)
        values[[NA, INDEX, BLUR_Y, BLUR_X]] = na, na / sine, *(0.1 * v**2 for v in voxel_um[1:])
        if kind == "lightsheet":
            values[SHEET] = 4 * np.log(2) / max(2 * deep, voxel_um[0]) ** 2
        yield values


def _box(stack: Stack, largest: Sequence[int]) -> tuple[int, int, int]:
    z, y, x = (min(n, most) for n, most in zip(stack.weight.shape, largest, strict=True))
    return z, y, x


def _model(
    stack: Stack,
    voxel_um: tuple[float, float, float],
    na: float,
    power: int,
    bead_diameter_um: float,
) -> PupilModel:
    shape = _box(stack, _FIRST)
    return PupilModel(
        shape,
        voxel_um,
        samples_for(shape, voxel_um, na),
        order=_START_ORDER,
        amplitudes=0,
        power=power,
        bead_diameter_um=bead_diameter_um,
    )


def _free(model: PupilModel, values: Floats) -> tuple[int, ...]:
    """Which parameters the data can tell; a sheet that was not assumed stays away."""
    fixed = set() if values[SHEET] > 0 else {SHEET}
    if model.shape[0] == 1:
        fixed |= {SHEET, INDEX, Z}
    return tuple(k for k in range(model.size) if k not in fixed)


def _fit(
    model: PupilModel, values: Floats, stack: Stack, rounds: int, known: Known | None = None
) -> PupilFit:
    """Levenberg and Marquardt's damped least squares; scale and background are always best."""
    problem = _Problem(model, stack, known)
    free = _free(model, values)
    best = problem.judged(values)
    damping = 1e-2
    for _ in range(rounds):
        before = best.cost
        normal, gradient = problem.normal(best, free)
        for trial in _trials(normal, gradient, damping):
            moved = best.values.copy()
            moved[list(free)] += trial.step
            candidate = problem.judged(_within(moved, best.values, model))
            if candidate.scale > 0 and candidate.cost < best.cost:
                best, damping = candidate, max(trial.damping / 8, 1e-7)
                break
        if before - best.cost < 1e-4 * best.cost:
            break
    return replace(best, free=free)


@dataclass(frozen=True, eq=False)
class _Trial:
    step: Floats
    damping: float


def _trials(normal: Floats, gradient: Floats, damping: float) -> Iterator[_Trial]:
    """Steps of growing caution; the last unknowns are scale and background."""
    for _ in range(6):
        solution = solved_damped(normal, gradient, damping + _LEAST_DAMPING)
        yield _Trial(solution[:-_NUISANCES], damping)
        damping *= 6


def _within(values: Floats, last: Floats, model: PupilModel) -> Floats:
    """Keep the parameters possible, and not too far from where they were."""
    most = np.array(model.voxel_um)
    values[Z : X + 1] = np.clip(values[Z : X + 1], -2 * most, 2 * most)
    values[NA] = np.clip(values[NA], 0.6 * last[NA], 1.7 * last[NA])
    values[INDEX] = np.clip(values[INDEX], 1.005 * values[NA], 3 * last[INDEX])
    values[[BLUR_Y, BLUR_X]] = np.maximum(values[[BLUR_Y, BLUR_X]], 0)
    most_tilt = np.sqrt(values[BLUR_Y] * values[BLUR_X])
    values[BLUR_YX] = np.clip(values[BLUR_YX], -most_tilt, most_tilt)
    if last[SHEET] > 0:
        values[SHEET] = np.clip(values[SHEET], 0.2 * last[SHEET], 5 * last[SHEET])
    return values


_NUISANCES = 5


class _Problem:
    """One stack and one model: what a trial costs, and where it should go."""

    def __init__(self, model: PupilModel, stack: Stack, known: Known | None) -> None:
        middle = [n // 2 for n in stack.weight.shape]
        self.model = model
        root = np.sqrt(fitted_to(stack.weight, model.shape, middle)).ravel()
        self.data = (fitted_to(stack.mean, model.shape, middle).ravel() * root).astype(np.float32)
        self.root = root.astype(np.float32)
        axes = np.meshgrid(*(np.arange(n) - n // 2 for n in model.shape), indexing="ij")
        planes = np.stack([np.ones(model.shape), *axes]).reshape(4, -1).astype(np.float32)
        self.planes = planes * self.root
        # The expected size of a phase is 2 / order radians: high orders are small.
        phases = [(n / 2) ** 2 for n, _ in model.modes]
        terms = phases + [_AMPLITUDE_STIFFNESS] * model.amplitudes
        self.expected = np.zeros(model.size)
        self.stiffness = np.array([0.0] * FIRST_MODE + terms)
        for place, (value, spread) in (known or {}).items():
            self.expected[place], self.stiffness[place] = value, spread**-2

    def _linear(self, volume: Floats32) -> tuple[Floats, Floats32]:
        """Best scale and background plane for a volume, and what is left."""
        design = np.concatenate([(volume.ravel() * self.root)[np.newaxis], self.planes])
        normal, values = (design @ design.T).astype(float), (design @ self.data).astype(float)
        answer = solved(normal, values)
        return answer, self.data - answer.astype(np.float32) @ design

    def judged(self, values: Floats) -> PupilFit:
        answer, rest = self._linear(self.model.volume(values))
        cost = float(
            (rest.astype(float) ** 2).sum() + self.stiffness @ (values - self.expected) ** 2
        )
        return PupilFit(self.model, values, (), float(answer[0]), cost)

    def normal(self, fit: PupilFit, free: Sequence[int]) -> tuple[Floats, Floats]:
        """The normal equations of the linearised problem, prior included."""
        normal, gradient, _ = self.linearised(fit, free)
        return normal, gradient

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
        for row, place in enumerate(free):
            normal[row, row] += self.stiffness[place]
            gradient[row] -= self.stiffness[place] * (fit.values[place] - self.expected[place])
        return normal, gradient, design
