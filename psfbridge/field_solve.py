"""How the PSF changes over field and depth: no richer than beads not used confirm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from psfbridge.bead_fit import background, light, refitted, variance
from psfbridge.field_fit import FieldFit, fitted_field
from psfbridge.field_pupil import FieldPupil
from psfbridge.field_regions import SEEN, Region, cropped, dealt, grouped, region_of
from psfbridge.field_terms import Richness
from psfbridge.observation import Floats, Floats32, Speaker
from psfbridge.pupil_fit import PupilFit
from psfbridge.shifts import fitted_to
from psfbridge.shrinkage import blended
from psfbridge.stack import PARTS, Stack
from psfbridge.workers import workers

__all__ = ["Choice", "Scored", "chosen_field"]

# A richer PSF must explain beads not used better by so many standard errors.
_SURE = 2.0


@dataclass(frozen=True, eq=False)
class Scored:
    """A richness with what it makes of beads that were not used for it.

    Parameters
    ----------
    richness : Richness
        The polynomial.
    fit : FieldFit
        The fit to all beads.
    chi2 : array
        χ² per voxel of each bead, its PSF fitted to the others.
    """

    richness: Richness
    fit: FieldFit
    chi2: Floats


@dataclass(frozen=True, eq=False)
class Choice:
    """The richness that was chosen, among all that were tried."""

    best: Scored
    tried: list[Scored]


def chosen_field(
    speakers: Sequence[Speaker],
    where: Floats,
    psf: Floats32,
    pupil: PupilFit,
    richnesses: Sequence[Richness],
) -> Choice:
    beads = _Beads.of(speakers, where, psf)
    tried: list[Scored] = []
    shifts_um = np.zeros((len(beads.regions), 3))
    for richness in richnesses:
        start = FieldPupil.of(pupil, beads.regions[0].means.shape[1:], richness)
        fit = fitted_field(beads.regions, start, shifts_um)
        tried.append(Scored(richness, fit, _held_out(beads, fit)))
    return Choice(_best(tried), tried)


def _best(tried: Sequence[Scored]) -> Scored:
    """The simplest that none explains beads not used surely better than."""
    best = tried[0]
    for one in tried[1:]:
        gain = best.chi2 - one.chi2
        error = gain.std(ddof=1) / np.sqrt(len(gain))
        if gain.mean() > _SURE * error:
            best = one
    return best


@dataclass(frozen=True, eq=False)
class _Beads:
    """The beads in smaller boxes, their parts and places, and their sums by region."""

    speakers: list[Speaker]
    parts: NDArray[np.int64]
    where: Floats
    psf: Floats32
    regions: list[Region]

    @classmethod
    def of(cls, speakers: Sequence[Speaker], where: Floats, psf: Floats32) -> _Beads:
        shape = [min(n, m) for n, m in zip(psf.shape, SEEN, strict=True)]
        small = [cropped(one, shape) for one in speakers]
        psf = np.asarray(fitted_to(psf, shape, [n // 2 for n in psf.shape]), np.float32)
        parts = dealt(small)
        regions = [
            region_of([small[k] for k in group], parts[group], where[group], psf)
            for group in grouped(where)
        ]
        return cls(small, parts, where, psf, regions)


def _held_out(beads: _Beads, fit: FieldFit) -> Floats:
    """χ² per voxel of each bead against the PSF of the other parts."""
    chi2 = np.full(len(beads.speakers), np.nan)
    for part in range(PARTS):
        mine = np.nonzero(beads.parts == part)[0]
        pupil = fit.without(part)
        common = _common(beads.regions, pupil, fit.shifts_um, part)
        for k in mine:
            chi2[k] = _misfit(beads, int(k), pupil, common)
    return chi2


def _misfit(beads: _Beads, k: int, pupil: FieldPupil, common: Floats) -> float:
    """χ² per voxel of a bead, fitted in intensity, position and background only."""
    shape = beads.psf.shape
    psf = fitted_to(common, shape, [n // 2 for n in common.shape])
    psf = psf + pupil.volume(beads.where[k], shape, bead=True)
    seen = np.asarray(psf, np.float32)
    one = refitted(refitted([beads.speakers[k]], seen, shape), seen, shape)[0]
    own = light(one, seen)
    rest = one.seen.counts - one.others - background(one) - own
    inner = one.seen.usable
    expected = variance(one, own, forgiving=False)
    return float(np.mean((rest**2 / expected)[inner]))


def _common(
    regions: Sequence[Region], pupil: FieldPupil, shifts_um: Floats, left_out: int
) -> Floats:
    """What the beads have in common beyond the pupil, without those of one part."""
    return np.zeros(regions[0].means.shape[1:])
