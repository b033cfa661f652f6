"""Polynomials of position that describe the field dependence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from psfbridge.distillation.field.settings import FIELD_CHOICE

__all__ = ["ACROSS", "CONSTANT", "FieldPolynomial", "monomials", "places", "with_depth"]

Floats = NDArray[np.float64]
Term = tuple[int, int, int]


@dataclass(frozen=True)
class FieldPolynomial:
    """A polynomial of the place.

    Parameters
    ----------
    name : str
        What a person calls it.
    terms : tuple
        The powers of z, y and x of each term beyond the constant one.
    """

    name: str
    terms: tuple[Term, ...]

    @property
    def beads(self) -> int:
        """Number of beads needed."""
        return FIELD_CHOICE.beads_per_term * (1 + len(self.terms))

    def lacks(self, where: Floats, deepest: float = 0.0) -> str:
        """Return what the beads lack for this polynomial, or an empty string.

        Parameters
        ----------
        where : array
            The places of the beads, see `places`; the array has shape (beads, 3).
        deepest : float
            The width of a bead in z, as a share of the depth of the image: beads in one plane do
            not tell what changes with depth.
        """
        if len(where) < self.beads:
            return f"{self.name} needs {self.beads} beads but there are {len(where)}"
        spread = (np.percentile(where, 90, axis=0) - np.percentile(where, 10, axis=0)) / 2
        across = FIELD_CHOICE.least_spread
        least = (max(across, deepest), across, across)
        for axis, name in enumerate("zyx"):
            if spread[axis] < least[axis] and any(term[axis] for term in self.terms):
                return f"{self.name} needs beads that spread over more of the image in {name}"
        return ""


_Z, _Y, _X = (1, 0, 0), (0, 1, 0), (0, 0, 1)
_SQUARES = ((0, 2, 0), (0, 1, 1), (0, 0, 2))

#: No change at all.
CONSTANT = FieldPolynomial("one PSF", ())

#: Changes across the field, the simpler first.
ACROSS = (
    FieldPolynomial("linear in y and x", (_Y, _X)),
    FieldPolynomial("quadratic in y and x", (_Y, _X, *_SQUARES)),
)


def with_depth(polynomial: FieldPolynomial) -> FieldPolynomial:
    """Return a polynomial with a linear change with depth too.

    Examples
    --------
    >>> with_depth(CONSTANT).name, with_depth(ACROSS[0]).name
    ('linear in z', 'linear in y and x, and in z')
    """
    name = "linear in z"
    if polynomial.terms:
        name = polynomial.name + (", and in z" if polynomial == ACROSS[0] else ", linear in z")
    return FieldPolynomial(name, (*polynomial.terms, _Z))


def places(positions: Floats, shape: Sequence[int]) -> Floats:
    """Return positions in voxels as places: -1 at the first voxel of an image, 1 at the last.

    Examples
    --------
    >>> places(np.array([[0.0, 2.0, 4.0]]), (1, 5, 5)).tolist()
    [[0.0, 0.0, 1.0]]
    """
    last = np.array(shape, float) - 1
    middle = last / 2
    return np.asarray((np.asarray(positions, float) - middle) / np.where(last > 0, middle, 1))


def monomials(where: Floats, terms: Sequence[Term]) -> Floats:
    """Return the constant and each term at places; the array has shape (places, 1 + terms).

    Examples
    --------
    >>> monomials(np.array([[0.5, -1.0, 2.0]]), [(1, 0, 0), (0, 1, 1)]).tolist()
    [[1.0, 0.5, -2.0]]
    """
    powers = np.array([(0, 0, 0), *terms])
    return np.asarray(np.prod(where[:, np.newaxis, :] ** powers, axis=2))
