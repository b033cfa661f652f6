"""The prior of the pupil parameters and its scale, estimated from the beads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from psfbridge.distillation.joint.model_settings import PUPIL_PRIOR
from psfbridge.numerics.least_squares import log_determinant, solve_damped
from psfbridge.optics.pupil import (
    BLUR_X,
    BLUR_Y,
    BLUR_YX,
    FINE_ORDER,
    FIRST_MODE,
    LIKELIEST,
    PupilModel,
)

__all__ = ["UNSCALED", "Known", "Prior", "PriorScale"]

Floats = NDArray[np.float64]
Known = dict[int, tuple[float, float]]  # of a parameter: its value and standard deviation


class PriorScale(NamedTuple):
    """The scale of the prior for each kind of term, relative to the initial one, squared."""

    phases: float = 1.0
    amplitudes: float = 1.0
    oval: float = 1.0
    fine_phases: float = 1.0
    fine_amplitudes: float = 1.0

    @property
    def sees_details(self) -> bool:
        """Whether the beads show details; otherwise the prior on them is tightest."""
        return min(self.fine_phases, self.fine_amplitudes) < PUPIL_PRIOR.largest_scale


#: Where the beads were not asked.
UNSCALED = PriorScale()


class Prior:
    """The prior, as penalties on deviations from the expected parameters.

    Phases, amplitudes and the blur's ovalness are expected to be 0, give or take their size. How
    large they are at all is told by the beads (MacKay 1992): where none is seen to stand out of
    the noise, all are held firmly, and their noise stays out of the PSF. The fine details of phase
    and amplitude, which most pupils lack, are held apart from the terms that most have.

    Parameters
    ----------
    model : PupilModel
        Whose parameters.
    na : float
        About the NA over the wavelength.
    known : mapping, optional
        What is known of parameters: their value and standard deviation.
    prior_scale : PriorScale
        Of the fit before.
    """

    def __init__(
        self, model: PupilModel, na: float, known: Known | None, prior_scale: PriorScale
    ) -> None:
        self.prior_scale = prior_scale
        self._kinds = _kinds(model, na)
        pairs = zip(prior_scale, self._kinds, strict=True)
        self.expected = np.zeros(model.size)
        self.precision = np.sum([times * kind for times, kind in pairs], axis=0)
        for place, (value, spread) in (known or {}).items():
            self.expected[place], self.precision[place, place] = value, spread**-2

    def cost(self, values: Floats) -> float:
        """Return what parameters cost, as a χ²."""
        off = values - self.expected
        return float(off @ self.precision @ off)

    def pull(self, values: Floats, free: Sequence[int]) -> Floats:
        """Return by how much the cost of half a χ² falls, along each free parameter."""
        pulls: Floats = (self.precision @ (self.expected - values))[list(free)]
        return pulls

    def stiffness(self, free: Sequence[int]) -> Floats:
        """Return the normal equations' part of the free parameters."""
        return np.asarray(self.precision[np.ix_(free, free)])

    def root(self, free: Sequence[int]) -> Floats:
        """Return the root of `stiffness`: times noise of variance 1, it is how the pull may vary.

        The array has axes (parameter, noise).
        """
        size, turn = np.linalg.eigh(self.stiffness(free))
        return np.asarray(turn * np.sqrt(np.maximum(size, 0)))

    def log_determinant(self, free: Sequence[int]) -> float:
        """Return the logarithm of the determinant of `stiffness`, but for a constant.

        The constant belongs to the blur, of which only the ovalness is expected.
        """
        return log_determinant(self.stiffness(free))

    def rescale(
        self, values: Floats, normal: Floats, gradient: Floats, free: Sequence[int]
    ) -> PriorScale:
        """Return the firmness that makes what was found likeliest.

        Firmness and parameters hang on each other: both are followed, as the linearised problem
        has them, until they agree.

        Parameters
        ----------
        values : array
            The best parameters.
        normal, gradient : array
            The normal equations there, prior included: free parameters first.
        free : sequence of int
            Which they are.
        """
        count = len(free)
        parts = [kind[np.ix_(free, free)] for kind in self._kinds]
        covariance = solve_damped(normal, np.eye(len(normal)), PUPIL_PRIOR.least_damping)
        information = np.linalg.pinv(covariance[:count, :count], hermitian=True)
        found = values[list(free)]
        told = information @ (found + (covariance @ gradient)[:count])
        information = information - _weighted(self.prior_scale, parts)
        times = list(self.prior_scale)
        for _ in range(PUPIL_PRIOR.rescalings):
            precision = information + _weighted(times, parts)
            both = np.column_stack([told, np.eye(count)])
            answer = solve_damped(precision, both, PUPIL_PRIOR.least_damping)
            times = [
                _likeliest(now, part, answer[:, 0], answer[:, 1:])
                for now, part in zip(times, parts, strict=True)
            ]
        return PriorScale(*times)


def _weighted(times: Sequence[float], parts: Sequence[Floats]) -> Floats:
    return np.asarray(np.sum([each * part for each, part in zip(times, parts, strict=True)], 0))


def _likeliest(now: float, part: Floats, found: Floats, covariance: Floats) -> float:
    """Return MacKay's prior scale for one kind of term."""
    if not part.any():
        return now
    told = np.linalg.matrix_rank(part, hermitian=True) - now * (part * covariance).sum()
    power = max(float(found @ part @ found), 1e-300)
    return float(np.clip(told / power, 1, PUPIL_PRIOR.largest_scale))


def _kinds(model: PupilModel, na: float) -> tuple[Floats, ...]:
    """The precision of each kind of term, in the order of `PriorScale`."""
    size, last = model.size, FIRST_MODE + len(model.modes)
    phases, amplitudes, oval, fine_phases, fine_amplitudes = (
        np.zeros((size, size)) for _ in range(5)
    )
    for place, (n, m) in enumerate(model.modes, FIRST_MODE):
        kind = fine_phases if n > FINE_ORDER and m else phases
        kind[place, place] = (n / PUPIL_PRIOR.phase) ** 2
    for place in range(last, size):
        kind = amplitudes if place < last + LIKELIEST else fine_amplitudes
        kind[place, place] = PUPIL_PRIOR.amplitude**-2
    unit = (PUPIL_PRIOR.oval / na**2) ** -2
    pair = np.ix_((BLUR_Y, BLUR_X), (BLUR_Y, BLUR_X))
    oval[pair] = unit / 2 * np.array([[1, -1], [-1, 1]])
    oval[BLUR_YX, BLUR_YX] = 2 * unit
    return phases, amplitudes, oval, fine_phases, fine_amplitudes
