"""Detection of unresolved doublets by their excess width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from psfbridge._util.threads import cores
from psfbridge.distillation.joint.bead_state import Floats, Floats32
from psfbridge.distillation.joint.settings import DOUBLETS
from psfbridge.distillation.joint.stack import Aligned
from psfbridge.numerics.cutouts import central
from psfbridge.numerics.fourier import slope_factors
from psfbridge.numerics.robust import FWHM_PER_SIGMA, robust_sd

__all__ = ["Spread", "Widening"]

# The spreads that are looked for: along z, y and x, and across y and x.
_SPREADS = ((0, 0), (1, 1), (2, 2), (1, 2))

#: The spread of a bead's light beyond the PSF, in samples², and its covariance.
Spread = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class Widening:
    """Tells beads that are wider or narrower than most: doublets, clumps.

    A bead whose light is spread by a covariance `V` looks like ``h + Σ V_ij h_ij / 2``, whatever
    spreads it: two like beads at a distance `d` spread it by ``d dᵀ / 4``. The spread of each bead
    is fitted beside its intensity, position and background. What all beads have in common is the
    PSF's own affair; so is what they differ by at large.

    Parameters
    ----------
    psf : array of float32
        The PSF; the array has axes (z, y, x).
    core : sequence of int
        Size of the central part that is looked at, in samples of the PSF.
    fwhm : array
        Width of a bead in z, y and x, in samples.
    """

    psf: Floats32
    core: Sequence[int]
    fwhm: Floats

    def spread(self, bead: Aligned) -> Spread:
        """Return how much wider a bead is."""
        weight, beyond = np.zeros_like(self.psf), np.zeros_like(self.psf)
        weight[bead.at] = bead.weight
        beyond[bead.at] = bead.share - self.psf[bead.at]
        weighted = self._columns * weight[self._inner].ravel()
        covariance = np.linalg.pinv((weighted @ self._columns.T).astype(float), hermitian=True)
        answer = covariance @ (weighted @ beyond[self._inner].ravel()).astype(float)
        count = len(_SPREADS)
        return answer[:count], covariance[:count, :count]

    def odd(self, spreads: Sequence[Spread]) -> NDArray[np.bool_]:
        """Return which beads differ in width; at least five are needed."""
        if len(spreads) < DOUBLETS.least_beads:
            return np.zeros(len(spreads), bool)
        found = np.array([spread for spread, _ in spreads])
        noise = np.array([covariance for _, covariance in spreads])
        off = found - np.median(found, axis=0)
        usual = robust_sd(off, axis=0) ** 2
        usual -= np.median(np.diagonal(noise, axis1=1, axis2=2), axis=0)
        sigma = self.fwhm / FWHM_PER_SIGMA
        tolerated = np.array([DOUBLETS.tolerated * sigma[i] * sigma[j] for i, j in _SPREADS])
        noise += np.diag(np.maximum(usual, tolerated**2))
        chi2 = np.einsum("ki,kij,kj->k", off, np.linalg.inv(noise), off)
        return np.asarray(chi2 > DOUBLETS.unlikely)

    @cached_property
    def _inner(self) -> tuple[slice, ...]:
        return central(self.psf.shape, self.core)

    @cached_property
    def _columns(self) -> Floats32:
        """Return the design matrix for spread and bead parameters; axes (column, voxel)."""
        spectrum = fft.rfftn(self.psf, workers=cores())
        turns = slope_factors(self.psf.shape)
        curved = [turns[i] * turns[j] * (0.5 if i == j else 1) for i, j in _SPREADS]
        parts = [
            fft.irfftn(spectrum * turn, s=self.psf.shape, workers=cores())[self._inner]
            for turn in (*curved, *turns)
        ]
        own = self.psf[self._inner]
        return np.array([*parts, own, np.ones_like(own)], np.float32).reshape(9, -1)
