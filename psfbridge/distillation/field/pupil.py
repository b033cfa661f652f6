"""The field-dependent pupil, whose parameters are polynomials of position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from psfbridge.distillation.field.polynomials import CONSTANT, FieldPolynomial, monomials
from psfbridge.distillation.joint.bead_state import Floats
from psfbridge.distillation.joint.pupil_fit import PupilFit
from psfbridge.optics.propagation import samples_for
from psfbridge.optics.pupil import (
    BLUR_X,
    BLUR_Y,
    BLUR_YX,
    FIRST_MODE,
    INDEX,
    NA,
    SHEET,
    PupilModel,
)

__all__ = ["FieldPupil"]


@dataclass(frozen=True, eq=False)
class FieldPupil:
    """A pupil at every place.

    Parameters
    ----------
    model : PupilModel
        On the box of the fit.
    scale : float
        The light of a bead over the model's.
    polynomial : FieldPolynomial
        The polynomial.
    coefficients : array
        The parameters for each of its terms, the constant one first; the array has shape
        (1 + terms, parameters).
    """

    model: PupilModel
    scale: float
    polynomial: FieldPolynomial
    coefficients: Floats

    @classmethod
    def of(cls, pupil: PupilFit, shape: Sequence[int]) -> FieldPupil:
        """Return a pupil that is the same everywhere, focus in the middle, on another box."""
        z, y, x = (int(n) for n in shape)
        samples = samples_for((z, y, x), pupil.model.voxel_um, *pupil.values[[NA, INDEX]])
        model = replace(pupil.model, shape=(z, y, x), samples=samples, vectorial=False)
        return cls(model, pupil.scale, CONSTANT, pupil.centred().values[np.newaxis])

    def with_polynomial(self, polynomial: FieldPolynomial) -> FieldPupil:
        """Return the same pupil as a richer polynomial, the new terms 0."""
        coefficients = np.zeros((1 + len(polynomial.terms), self.model.size))
        for old, row in zip(((0, 0, 0), *self.polynomial.terms), self.coefficients, strict=True):
            coefficients[[(0, 0, 0), *polynomial.terms].index(old)] = row
        return replace(self, polynomial=polynomial, coefficients=coefficients)

    @property
    def middle(self) -> PupilFit:
        """The pupil in the middle of the field."""
        basis = np.eye(len(self.coefficients))[0]
        return PupilFit(self.model, self.values(basis), (), self.scale, 0.0)

    def values(self, basis: Floats) -> Floats:
        """Return the parameters for the values `basis` of the polynomial terms."""
        values = np.asarray(basis @ self.coefficients, float)
        values[[BLUR_Y, BLUR_X]] = np.maximum(values[[BLUR_Y, BLUR_X]], 0)
        most = np.sqrt(values[BLUR_Y] * values[BLUR_X])
        values[BLUR_YX] = np.clip(values[BLUR_YX], -most, most)
        values[SHEET] = max(values[SHEET], 0)
        return values

    def phases(self, where: Floats) -> dict[tuple[int, int], float]:
        """Return the phase terms at a place in radians rms, by order and azimuthal frequency."""
        values = self.values(monomials(where[np.newaxis], self.polynomial.terms)[0])
        pairs = zip(self.model.modes, values[FIRST_MODE:], strict=False)
        return {mode: float(value) for mode, value in pairs}

    def volume(self, where: Floats, shape: Sequence[int], *, bead: bool) -> Floats:
        """Return what is seen of a bead at a place, or the PSF itself; axes (z, y, x)."""
        basis = monomials(where[np.newaxis], self.polynomial.terms)[0]
        fit = PupilFit(self.model, self.values(basis), (), self.scale, 0.0)
        seen, sharp = fit.volumes(shape)
        return np.asarray(seen if bead else sharp, float)
