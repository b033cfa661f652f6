"""The pupil that explains a stack of aligned beads, without being told the optics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from psfbridge.pupil import (
    BLUR,
    FIRST_MODE,
    INDEX,
    NA,
    SHEET,
    PupilModel,
    Z,
    samples_for,
)
from psfbridge.shifts import fitted_to
from psfbridge.stack import Stack

__all__ = ["PupilFit", "blind_fit", "refined_fit"]

Floats = NDArray[np.float64]

_LARGEST = (33, 41, 41)
# Expected size of a phase term in radians, or of an amplitude term: one over this, squared.
_STIFFNESS = 1.0


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

    def volume(self, shape: Sequence[int], *, bead: bool) -> Floats:
        """Return the model on another box, in the units of the stack."""
        z, y, x = (int(n) for n in shape)
        samples = samples_for((z, y, x), self.model.voxel_um, float(self.values[NA]))
        model = replace(self.model, shape=(z, y, x), samples=samples)
        return self.scale * model.volume(self.values, bead=bead)


def blind_fit(
    stack: Stack,
    voxel_um: tuple[float, float, float],
    fwhm: Sequence[float],
    bead_diameter_um: float,
) -> PupilFit:
    """Fit widefield and confocal pupils to a stack and return the better.

    NA and refractive index over the wavelength start from the widths of the beads.

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
    fits = []
    for power in (1, 2):
        na, index = _guess(fwhm, voxel_um, power)
        model = _model(stack, voxel_um, na, power, bead_diameter_um)
        values = np.zeros(model.size)
        values[[NA, INDEX, BLUR]] = na, index, 0.3 * voxel_um[1] * voxel_um[2]
        fits.append(_fit(model, values, stack, rounds=12))
    return min(fits, key=lambda fit: fit.cost)


def refined_fit(fit: PupilFit, stack: Stack, *, order: int, rounds: int) -> PupilFit:
    """Fit once more, from a fit to an earlier stack, with phases up to `order`."""
    na = float(fit.values[NA])
    samples = samples_for(fit.model.shape, fit.model.voxel_um, na)
    model = replace(fit.model, order=order, amplitudes=3, samples=samples)
    values = np.zeros(model.size)
    values[:FIRST_MODE] = fit.values[:FIRST_MODE]
    old = FIRST_MODE + np.arange(len(fit.model.modes))
    places = [FIRST_MODE + model.modes.index(mode) for mode in fit.model.modes]
    values[places] = fit.values[old]
    last = FIRST_MODE + len(model.modes)
    values[last : last + fit.model.amplitudes] = fit.values[FIRST_MODE + len(fit.model.modes) :]
    return _fit(model, values, stack, rounds=rounds)


def _guess(fwhm: Sequence[float], voxel_um: Sequence[float], power: int) -> tuple[float, float]:
    """NA and index over the wavelength from the widths of an ideal PSF at half maximum."""
    across = 0.5 * (fwhm[1] * voxel_um[1] + fwhm[2] * voxel_um[2])
    na = (0.51 if power == 1 else 0.37) / max(across, 0.5 * voxel_um[1])
    if fwhm[0] <= 0:
        return na, 1.5 * na
    # The depth of focus gives n - sqrt(n² - NA²).
    rise = (0.88 if power == 1 else 0.64) / (fwhm[0] * voxel_um[0])
    return na, max((na**2 + rise**2) / (2 * rise), 1.05 * na)


def _model(
    stack: Stack,
    voxel_um: tuple[float, float, float],
    na: float,
    power: int,
    bead_diameter_um: float,
) -> PupilModel:
    z, y, x = (min(n, most) for n, most in zip(stack.weight.shape, _LARGEST, strict=True))
    samples = samples_for((z, y, x), voxel_um, na)
    return PupilModel(
        (z, y, x),
        voxel_um,
        samples,
        order=4,
        amplitudes=1,
        power=power,
        bead_diameter_um=bead_diameter_um,
    )


def _free(model: PupilModel) -> tuple[int, ...]:
    fixed = {SHEET} if model.shape[0] > 1 else {SHEET, INDEX, Z}
    return tuple(k for k in range(model.size) if k not in fixed)


def _fit(model: PupilModel, values: Floats, stack: Stack, rounds: int) -> PupilFit:
    """Levenberg and Marquardt's damped least squares; scale and background are always best."""
    problem = _Problem(model, stack)
    free = _free(model)
    best = problem.judged(values)
    damping = 1e-2
    for _ in range(rounds):
        before = best.cost
        normal, gradient = problem.normal(best, free)
        for trial in _trials(normal, gradient, damping):
            moved = best.values.copy()
            moved[list(free)] += trial.step
            candidate = problem.judged(_within(moved, best.values))
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
    scale = np.maximum(np.diag(normal), 1e-12 * np.diag(normal).max() + 1e-300)
    for _ in range(6):
        solution = np.linalg.solve(normal + damping * np.diag(scale), gradient)
        yield _Trial(solution[:-_NUISANCES], damping)
        damping *= 6


def _within(values: Floats, last: Floats) -> Floats:
    """Keep the parameters possible, and not too far from where they were."""
    values[NA] = np.clip(values[NA], 0.6 * last[NA], 1.7 * last[NA])
    values[INDEX] = np.clip(values[INDEX], 1.005 * values[NA], 3 * last[INDEX])
    values[[BLUR, SHEET]] = np.maximum(values[[BLUR, SHEET]], 0)
    return values


_NUISANCES = 5


class _Problem:
    """One stack and one model: what a trial costs, and where it should go."""

    def __init__(self, model: PupilModel, stack: Stack) -> None:
        middle = [n // 2 for n in stack.weight.shape]
        self.model = model
        self.root = np.sqrt(fitted_to(stack.weight, model.shape, middle)).ravel()
        self.data = fitted_to(stack.mean, model.shape, middle).ravel() * self.root
        axes = np.meshgrid(*(np.arange(n) - n // 2 for n in model.shape), indexing="ij")
        planes = np.stack([np.ones(model.shape), *axes]).reshape(4, -1)
        self.planes = planes * self.root

    def _linear(self, volume: Floats) -> tuple[Floats, Floats]:
        """Best scale and background plane for a volume, and what is left."""
        design = np.concatenate([(volume.ravel() * self.root)[np.newaxis], self.planes])
        answer = np.linalg.pinv(design @ design.T, hermitian=True) @ (design @ self.data)
        return answer, self.data - answer @ design

    def judged(self, values: Floats) -> PupilFit:
        answer, rest = self._linear(self.model.volume(values))
        cost = float(rest @ rest) + _STIFFNESS * float((values[FIRST_MODE:] ** 2).sum())
        return PupilFit(self.model, values, (), float(answer[0]), cost)

    def normal(self, fit: PupilFit, free: Sequence[int]) -> tuple[Floats, Floats]:
        """The normal equations of the linearised problem, prior included."""
        volume, slopes = self.model.derivatives(fit.values, free)
        answer, rest = self._linear(volume)
        rows = [
            answer[0] * slopes.reshape(len(free), -1) * self.root,
            (volume.ravel() * self.root)[np.newaxis],
            self.planes,
        ]
        design = np.concatenate(rows)
        normal, gradient = design @ design.T, design @ rest
        for row, place in enumerate(free):
            if place >= FIRST_MODE:
                normal[row, row] += _STIFFNESS
                gradient[row] -= _STIFFNESS * fit.values[place]
        return normal, gradient
