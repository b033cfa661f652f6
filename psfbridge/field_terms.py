"""How rich a change of the PSF over field and depth may be: polynomials of a bead's place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BEADS_PER_TERM", "RICHNESSES", "Richness", "monomials", "places", "possible"]

Floats = NDArray[np.float64]
Term = tuple[int, int, int]

#: So many beads are needed for each term, the constant one included.
BEADS_PER_TERM = 4

# Along an axis on which the beads do not spread so far, as a share of the image, nothing is fitted;
# nor in depth if they spread less than the width of a bead there.
_LEAST_SPREAD = 0.25
_Z, _Y, _X = (1, 0, 0), (0, 1, 0), (0, 0, 1)
_SQUARES = ((0, 2, 0), (0, 1, 1), (0, 0, 2))


@dataclass(frozen=True)
class Richness:
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
        """How many beads it needs."""
        return BEADS_PER_TERM * (1 + len(self.terms))


#: From the simplest to the richest.
RICHNESSES = (
    Richness("one PSF", ()),
    Richness("linear in z", (_Z,)),
    Richness("linear in y and x", (_Y, _X)),
    Richness("linear in z, y and x", (_Z, _Y, _X)),
    Richness("quadratic in y and x", (_Y, _X, *_SQUARES)),
    Richness("quadratic in y and x, linear in z", (_Z, _Y, _X, *_SQUARES)),
)


def possible(where: Floats, deepest: float) -> list[Richness]:
    """Return the richnesses that so many beads at such places may carry, the simplest first.

    Parameters
    ----------
    where : array
        The places of the beads, see `places`; the array has shape (beads, 3).
    deepest : float
        The width of a bead in z, as a share of the depth of the image.

    Examples
    --------
    >>> [one.name for one in possible(np.zeros((40, 3)), 0.1)]
    ['one PSF']
    """
    spread = (np.percentile(where, 90, axis=0) - np.percentile(where, 10, axis=0)) / 2
    wide = spread > np.array([max(_LEAST_SPREAD, deepest), _LEAST_SPREAD, _LEAST_SPREAD])
    return [
        one
        for one in RICHNESSES
        if one.beads <= len(where) or not one.terms
        if all(wide[axis] for term in one.terms for axis in range(3) if term[axis])
    ]


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
