"""How much wider a bead is than the PSF: what two beads in one place cannot hide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from psfbridge.bead_fit import Core, core_of
from psfbridge.interpolation import applied
from psfbridge.observation import Floats, Floats32, Speaker
from psfbridge.workers import workers

__all__ = ["widened"]

# The spreads that are looked for: along z, y and x, and across y and x.
_SPREADS = ((0, 0), (1, 1), (2, 2), (1, 2))
# A bead is another thing than the others where its spread is so unlikely: χ² of four unknowns.
_UNLIKELY = 18.0
# Beads' spreads may differ by this share of the PSF's own; optics are not the same everywhere.
_TOLERATED = 0.02
_LEAST_BEADS = 5
_FWHM_PER_SIGMA = 2.3548


def widened(
    speakers: Sequence[Speaker], psf: Floats32, core: Sequence[int], fwhm: Floats
) -> NDArray[np.bool_]:
    """Return which beads are wider, or narrower, than most: doublets, clumps, hot voxels.

    A bead whose light is spread by a covariance `V` looks like ``h + Σ V_ij h_ij / 2``, whatever
    spreads it: two beads at a distance `d` spread it by ``d dᵀ / 4``. The spread of each bead is
    fitted beside its intensity, position and background. What all beads have in common is the
    PSF's own affair; so is what they differ by at large.

    Parameters
    ----------
    speakers : sequence of Speaker
        The beads, fitted to the PSF; fewer than five are too few to tell.
    psf : array of float32
        The PSF; the array has axes (z, y, x).
    core : sequence of int
        Size of the central part that is looked at, in voxels.
    fwhm : array
        Width of a bead in z, y and x, in voxels.
    """
    if len(speakers) < _LEAST_BEADS:
        return np.zeros(len(speakers), bool)
    with workers() as pool:
        pairs = list(pool.map(lambda one: _spread(one, psf, core), speakers))
    spread = np.array([found for found, _ in pairs])
    noise = np.array([covariance for _, covariance in pairs])
    off = spread - np.median(spread, axis=0)
    usual = (1.4826 * np.median(np.abs(off), axis=0)) ** 2
    usual -= np.median(np.diagonal(noise, axis1=1, axis2=2), axis=0)
    sigma = np.asarray(fwhm) / _FWHM_PER_SIGMA
    tolerated = np.array([_TOLERATED * sigma[i] * sigma[j] for i, j in _SPREADS])
    noise += np.diag(np.maximum(usual, tolerated**2))
    chi2 = np.einsum("ki,kij,kj->k", off, np.linalg.inv(noise), off)
    return np.asarray(chi2 > _UNLIKELY)


def _spread(speaker: Speaker, psf: Floats32, core: Sequence[int]) -> tuple[Floats, Floats]:
    """The spread of a bead's light beyond the PSF, in voxels², and its covariance."""
    middle = core_of(speaker, psf, core).robust(speaker.fit)
    columns = np.concatenate([_curvatures(speaker, psf, middle), middle.design])
    weighted = columns * middle.weight
    covariance = np.linalg.pinv((weighted @ columns.T).astype(float), hermitian=True)
    answer = covariance @ (weighted @ middle.data).astype(float)
    count, intensity = len(_SPREADS), max(speaker.fit.intensity, 1e-9)
    return answer[:count] / intensity, covariance[:count, :count] / intensity**2


def _curvatures(speaker: Speaker, psf: Floats32, middle: Core) -> NDArray[np.float32]:
    """What each spread adds to a bead of intensity 1."""
    seen, position = speaker.seen, speaker.fit.position
    orders = [
        [
            part[rows]
            for part, rows in zip(seen.matrices(psf.shape, position, k), middle.rows, strict=True)
        ]
        for k in range(3)
    ]
    result = []
    for first, second in _SPREADS:
        order = [(axis == first) + (axis == second) for axis in range(3)]
        curved = applied(psf, [orders[k][axis] for axis, k in enumerate(order)])
        result.append(curved.ravel() * np.float32(0.5 if first == second else 1))
    return np.array(result)
