"""The fit of a field-dependent pupil to the beads of all regions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from psfbridge._util.threads import workers
from psfbridge.distillation.field.pupil import FieldPupil
from psfbridge.distillation.field.regions import Region
from psfbridge.distillation.field.settings import FIELD
from psfbridge.distillation.joint.bead_state import Floats, Floats32
from psfbridge.distillation.joint.settings import STACK
from psfbridge.numerics.background_plane import plane_columns
from psfbridge.numerics.least_squares import solve_damped, solve_normal_equations
from psfbridge.numerics.levenberg_marquardt import Rule, minimise
from psfbridge.optics.pupil import BLUR_X, BLUR_Y, BLUR_YX, FIRST_MODE, NA, SHEET, PupilModel, X, Z

__all__ = ["FieldFit", "fitted_field"]

# The spherical aberration that changes with depth, beyond the varying order.
_VARYING_SPHERICAL = (6, 0)
# Places of the two tilts among the amplitude terms: vignetting moves the pupil's edge.
_TILTS = (3, 4)


@dataclass(frozen=True, eq=False)
class FieldFit:
    """A fitted pupil of the field, and what a fit to fewer beads would be.

    Parameters
    ----------
    pupil : FieldPupil
        The fit to all beads.
    shifts_um : array
        Where the beads of each region lie from the centre; the array has shape (regions, 3).
    cost : float
        Weighted sum of squares of what is left, prior included.
    """

    pupil: FieldPupil
    shifts_um: Floats
    cost: float
    _system: _System
    _linear: list[_Linear]

    def without(self, part: int) -> FieldPupil:
        """Return the pupil that the other parts of the beads ask for, to first order."""
        kept = [one for one in range(STACK.parts) if one != part]
        step = self._system.step(self.pupil, self._linear, kept, FIELD.least_damping)
        unknowns = self._system.unknowns(self.pupil) + step.unknowns
        return self._system.with_unknowns(self.pupil, unknowns)


def fitted_field(regions: Sequence[Region], start: FieldPupil) -> FieldFit:
    """Fit by Levenberg and Marquardt's method; each region has a scale, shift and background.

    Parameters
    ----------
    regions : sequence of Region
        The beads.
    start : FieldPupil
        Where to start.
    """
    system = _System(regions, start)
    first = _State(system, system.judged(start, np.zeros((len(regions), 3))))
    rule = Rule(steps=FIELD.steps, least_gain=FIELD.least_gain, trials=FIELD.trials)
    return minimise(first.moved_to, first.at, rule).fit


@dataclass(frozen=True, eq=False)
class _State:
    """A pupil of the field under trial, and where it should go."""

    system: _System
    fit: FieldFit

    @property
    def at(self) -> Floats:
        """The unknowns of the pupil, then the regions' shifts."""
        unknowns = self.system.unknowns(self.fit.pupil)
        return np.concatenate([unknowns, self.fit.shifts_um.ravel()])

    @property
    def cost(self) -> float:
        return self.fit.cost

    def moved_to(self, at: Floats) -> _State:
        count = len(at) - self.fit.shifts_um.size
        pupil = self.system.with_unknowns(self.fit.pupil, at[:count])
        return replace(self, fit=self.system.judged(pupil, at[count:].reshape(-1, 3)))

    def step(self, damping: float) -> Floats:
        fit = self.fit
        step = self.system.step(fit.pupil, fit._linear, range(STACK.parts), damping)
        return np.asarray(self.at + np.concatenate([step.unknowns, step.shifts_um.ravel()]))


@dataclass(frozen=True, eq=False)
class _Step:
    """A step of the unknowns and of the shift of each region."""

    unknowns: Floats
    shifts_um: Floats


@dataclass(frozen=True, eq=False)
class _Linear:
    """The normal equations of a region, for each part of its beads.

    The unknowns are the free parameters, then the region's own: shift, scale and background.
    """

    normals: Floats
    gradients: Floats
    cost: float


class _System:
    """All regions and one polynomial: what a trial costs, and where it should go."""

    def __init__(self, regions: Sequence[Region], start: FieldPupil) -> None:
        model, self.regions = start.model, regions
        self.model = model
        # A sheet so wide that it is none stays as it is.
        sheet = [SHEET] if start.middle.microscope == "lightsheet" else []
        self.free = [BLUR_Y, BLUR_X, BLUR_YX, *sheet, *range(FIRST_MODE, model.size)]
        self.moves = [axis for axis in range(3) if model.shape[axis] > 1]
        self.bases = [region.basis(start.polynomial.terms) for region in regions]
        spread = _varying(model, start.coefficients[0])
        self.varying = [k for k in self.free if k in spread]
        constant = _constant(model)
        terms = len(start.polynomial.terms)
        self.stiffness = np.array(
            [constant[k] for k in self.free] + [spread[k] for k in self.varying] * terms
        )
        chosen = np.array([[k == other for other in self.varying] for k in self.free], float)
        self.maps = [
            np.concatenate([np.eye(len(self.free)), *(b * chosen for b in basis[1:])], axis=1)
            for basis in self.bases
        ]
        # As in the fit of one PSF: level, slopes, and a curvature along z.
        self.planes = plane_columns(model.shape)

    def judged(self, pupil: FieldPupil, shifts_um: Floats) -> FieldFit:
        """Linearise all regions at a trial."""
        most = FIELD.farthest * np.array(self.model.voxel_um)
        shifts_um = np.clip(shifts_um, -most, most)
        values = [pupil.values(basis) for basis in self.bases]
        for one, shift in zip(values, shifts_um, strict=True):
            one[Z : X + 1] = shift
        with workers() as pool:
            linear = list(pool.map(self._linearised, self.regions, values))
        cost = sum(one.cost for one in linear) + self.stiffness @ self.unknowns(pupil) ** 2
        return FieldFit(pupil, shifts_um, float(cost), self, linear)

    def step(
        self, pupil: FieldPupil, linear: Sequence[_Linear], parts: Iterable[int], damping: float
    ) -> _Step:
        """Return the step that the linearised problem asks for."""
        chosen = list(parts)
        reduced = [self._reduced(one, chosen) for one in linear]
        normal = np.diag(self.stiffness)
        gradient = -self.stiffness * self.unknowns(pupil)
        for to_region, (region_normal, region_gradient, _) in zip(self.maps, reduced, strict=True):
            normal += to_region.T @ region_normal @ to_region
            gradient += to_region.T @ region_gradient
        step = solve_damped(normal, gradient, damping)
        moves = np.zeros((len(linear), 3))
        for move, to_region, (_, _, own) in zip(moves, self.maps, reduced, strict=True):
            answer = own[:, -1] - own[:, :-1] @ (to_region @ step)
            move[self.moves] = answer[: len(self.moves)]
        return _Step(step, moves)

    def with_unknowns(self, pupil: FieldPupil, unknowns: Floats) -> FieldPupil:
        """Return the pupil with other values of its unknowns, see `unknowns`."""
        coefficients = pupil.coefficients.copy()
        coefficients[0, self.free] = unknowns[: len(self.free)]
        changes = unknowns[len(self.free) :].reshape(-1, len(self.varying))
        coefficients[np.ix_(range(1, len(coefficients)), self.varying)] = changes
        return replace(pupil, coefficients=coefficients)

    def unknowns(self, pupil: FieldPupil) -> Floats:
        """Return what the fit may change: the constant parts, then the changes over the field."""
        changes = pupil.coefficients[1:][:, self.varying]
        return np.concatenate([pupil.coefficients[0, self.free], changes.ravel()])

    def _reduced(self, linear: _Linear, parts: Sequence[int]) -> tuple[Floats, Floats, Floats]:
        """The equations without a region's own unknowns, and how those follow from the others."""
        count = len(self.free)
        normal, gradient = linear.normals[parts].sum(axis=0), linear.gradients[parts].sum(axis=0)
        across = normal[:count, count:]
        right = np.concatenate([across.T, gradient[count:, np.newaxis]], axis=1)
        own = solve_damped(normal[count:, count:], right, FIELD.least_damping)
        return (
            normal[:count, :count] - across @ own[:, :-1],
            gradient[:count] - across @ own[:, -1],
            own,
        )

    def _linearised(self, region: Region, values: Floats) -> _Linear:
        asked = [*self.free, *(Z + axis for axis in self.moves)]
        volume, slopes = self.model.derivatives(values, asked)
        weights = region.weights.reshape(STACK.parts, -1)
        means = region.means.reshape(STACK.parts, -1)
        design = np.concatenate([volume.reshape(1, -1), self.planes])
        weighted = design * weights.sum(axis=0)
        answer = solve_normal_equations(
            (weighted @ design.T).astype(float), (design @ (weights * means).sum(0)).astype(float)
        ).astype(np.float32)
        rows = np.concatenate([answer[0] * slopes.reshape(len(asked), -1), design])
        rest = means - answer @ design
        return _equations(rows, rest, weights)


def _equations(rows: Floats32, rest: Floats32, weights: Floats32) -> _Linear:
    size = len(rows)
    normals, gradients = np.zeros((STACK.parts, size, size)), np.zeros((STACK.parts, size))
    cost = 0.0
    for part in range(STACK.parts):
        if not weights[part].any():
            continue
        weighted = rows * weights[part]
        normals[part] = weighted @ rows.T
        gradients[part] = weighted @ rest[part]
        cost += float((weights[part] * rest[part] ** 2).sum(dtype=float))
    return _Linear(normals, gradients, cost)


def _constant(model: PupilModel) -> dict[int, float]:
    """Return the prior stiffness of the field-independent parameters; high orders are small."""
    stiffness = dict.fromkeys(range(FIRST_MODE), 0.0)
    stiffness |= {k: (n / 2) ** 2 for k, (n, _) in enumerate(model.modes, FIRST_MODE)}
    last = FIRST_MODE + len(model.modes)
    return stiffness | dict.fromkeys(range(last, model.size), FIELD.amplitude**-2)


def _varying(model: PupilModel, values: Floats) -> dict[int, float]:
    """Return which parameters may vary across the field, and the stiffness of the variations."""
    blur = (FIELD.blur / values[NA]) ** 2
    stiffness = dict.fromkeys((BLUR_Y, BLUR_X, BLUR_YX), blur**-2)
    stiffness[SHEET] = (FIELD.sheet * max(values[SHEET], 1e-12)) ** -2
    for k, (n, m) in enumerate(model.modes, FIRST_MODE):
        if n <= FIELD.varying_order or (n, m) == _VARYING_SPHERICAL:
            stiffness[k] = float(n**2)
    last = FIRST_MODE + len(model.modes)
    tilts = [last + tilt for tilt in _TILTS if tilt < model.amplitudes]
    return stiffness | dict.fromkeys(tilts, FIELD.amplitude**-2)
