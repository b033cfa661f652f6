"""The complexity of the field dependence, chosen by cross-validation on held-out beads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from psfbridge._util.threads import workers
from psfbridge.distillation.field.fit import FieldFit, fitted_field
from psfbridge.distillation.field.polynomials import ACROSS, FieldPolynomial, with_depth
from psfbridge.distillation.field.pupil import FieldPupil
from psfbridge.distillation.field.regions import (
    cropped,
    fitted_afresh,
    regions_of,
    samples_of,
    small_box,
)
from psfbridge.distillation.field.settings import FIELD_CHOICE
from psfbridge.distillation.joint.bead_fit import background, variance
from psfbridge.distillation.joint.bead_state import BeadState, Floats, Floats32
from psfbridge.distillation.joint.pupil_fit import PupilFit
from psfbridge.distillation.joint.settings import STACK
from psfbridge.distillation.joint.stack import deal_into_parts
from psfbridge.numerics.fourier import crop_or_pad

__all__ = ["FieldChoice", "Trial", "chosen_field"]


@dataclass(frozen=True, eq=False)
class Trial:
    """A polynomial, and what it makes of beads that were not used for it.

    Parameters
    ----------
    fit : FieldFit
        The fit to all beads.
    chi2 : array
        χ² per voxel of each bead against a PSF of the others, the bead's intensity, position and
        background fitted.
    """

    fit: FieldFit
    chi2: Floats

    @property
    def polynomial(self) -> FieldPolynomial:
        """The polynomial."""
        return self.fit.pupil.polynomial

    def surely_better_than(self, other: Trial) -> bool:
        """Whether beads not used are explained better, by more than chance."""
        gain, error = self.gain_over(other)
        return gain > FIELD_CHOICE.sure * error

    def gain_over(self, other: Trial) -> tuple[float, float]:
        """By what share χ² is lower than another's, and the standard error of that.

        The logarithm of a bead's χ² is its likelihood where the noise has an unknown scale; so
        one odd bead does not outvote the others.
        """
        gain = np.log(other.chi2 / self.chi2)
        return float(gain.mean()), float(gain.std(ddof=1) / np.sqrt(len(gain)))

    @property
    def score(self) -> float:
        """The geometric mean of χ²."""
        return float(np.exp(np.log(self.chi2).mean()))


@dataclass(frozen=True, eq=False)
class FieldChoice:
    """The selected model, all models that were tried, and what the beads lacked for others."""

    best: Trial
    tried: list[Trial]
    untried: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Return the χ² of beads not used by polynomial, ready for JSON."""
        first = self.tried[0]
        return {
            one.polynomial.name: {
                "held_out_chi2": one.score,
                "gain": one.gain_over(first)[0],
                "gain_se": one.gain_over(first)[1],
            }
            for one in self.tried
        }


def chosen_field(
    states: Sequence[BeadState], where: Floats, psf: Floats32, pupil: PupilFit, deepest: float
) -> FieldChoice:
    """Fit a pupil of growing richness, and keep what beads not used confirm.

    First the change across the field, then that with depth.

    Parameters
    ----------
    states : sequence of BeadState
        The beads, fitted to one PSF.
    where : array
        Their places; the array has shape (beads, 3).
    psf : array of float32
        That PSF, the bead included.
    pupil : PupilFit
        The pupil that explains all of them together.
    deepest : float
        The width of a bead in z, as a share of the depth of the image.
    """
    search = _Search(states, where, psf)
    best = search.trial(FieldPupil.of(pupil, search.box))
    tried, untried = [best], []
    for polynomial in (*ACROSS, None):
        richer = polynomial or with_depth(best.polynomial)
        lacking = richer.lacks(where, deepest)
        if lacking:
            untried.append(lacking)
            continue
        tried.append(search.trial(best.fit.pupil.with_polynomial(richer)))
        if tried[-1].surely_better_than(best):
            best = tried[-1]
    return FieldChoice(best, tried, untried)


class _Search:
    """The beads in smaller boxes, their parts and places, and their sums by region."""

    def __init__(self, states: Sequence[BeadState], where: Floats, psf: Floats32) -> None:
        shape = small_box(states[0].seen.counts.shape)
        self.states = [cropped(one, shape) for one in states]
        self.core, self.shape = shape, samples_of(shape, states[0].seen.factor)
        self.parts = deal_into_parts(states)
        self.where = where
        seen = np.asarray(crop_or_pad(psf, self.shape, [n // 2 for n in psf.shape]), np.float32)
        self.regions = regions_of(self.states, self.parts, where, lambda _: seen)

    @property
    def box(self) -> tuple[int, ...]:
        """Shape of the box that is fitted."""
        return self.regions[0].means.shape[1:]

    def trial(self, start: FieldPupil) -> Trial:
        """Fit from a start, and look at beads not used."""
        fit = fitted_field(self.regions, start)
        pupils = [fit.without(part) for part in range(STACK.parts)]
        with workers() as pool:
            chi2 = pool.map(
                lambda k: self._misfit(k, pupils[self.parts[k]]), range(len(self.states))
            )
            return Trial(fit, np.array(list(chi2)))

    def _misfit(self, k: int, pupil: FieldPupil) -> float:
        """χ² per voxel of a bead, fitted in intensity, position and background only."""
        seen = np.asarray(pupil.volume(self.where[k], self.shape, bead=True), np.float32)
        one, own = fitted_afresh(self.states[k], seen, self.core)
        rest = one.seen.counts - one.others - background(one) - own
        expected = variance(one, own, forgiving=False)
        return float(np.mean((rest**2 / expected)[one.seen.usable]))
