"""The chromatic shift between channels, measured from common beads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from psfbridge.detection.beads import USED, Beads
from psfbridge.detection.find import with_known_beads
from psfbridge.distillation.joint.bead_fit import background, light
from psfbridge.distillation.joint.bead_state import BeadState
from psfbridge.distillation.joint.fixed_psf import fitted_beads
from psfbridge.distillation.result import Distillation
from psfbridge.distillation.settings import CHROMATIC
from psfbridge.errors import NoBeadsError
from psfbridge.numerics.fourier import peak_position, shift_volume
from psfbridge.numerics.robust import MEDIAN_SQUARE, robust_sd
from psfbridge.psf.psf import PSF

__all__ = ["ChromaticShift", "chromatic_shift"]

Floats = NDArray[np.float64]
Zyx = tuple[float, float, float]


NAN: Zyx = (float("nan"),) * 3


@dataclass(frozen=True, kw_only=True)
class ChromaticShift:
    """The position of the PSF peak of a channel relative to that of the reference.

    Parameters
    ----------
    channel, reference : int
        Channels, counted from 0.
    shift_nm : tuple of float
        In z, y and x, in nm: the same bead is so far towards higher indices in `channel`. NaN
        where it cannot be told, as z of a plane.
    se_nm : tuple of float
        Standard error of `shift_nm`, the PSFs' peaks included; NaN for fewer than three beads.
    scatter_nm : tuple of float
        Standard deviation of the shift from bead to bead: noise, and how the shift changes over
        the field.
    beads : int
        How many beads were seen in both channels.
    places_um, bead_shifts_nm : tuple of tuple of float
        Of each of these beads: its place in the reference, and its own shift; z, y and x.
    """

    channel: int
    reference: int
    shift_nm: Zyx = (0.0, 0.0, 0.0)
    se_nm: Zyx = (0.0, 0.0, 0.0)
    scatter_nm: Zyx = (0.0, 0.0, 0.0)
    beads: int = 0
    places_um: tuple[Zyx, ...] = ()
    bead_shifts_nm: tuple[Zyx, ...] = ()

    def sentence(self, first: int = 0) -> str:
        """Return the shift in words, with channels counted from `first`."""
        channel, reference = self.channel + first, self.reference + first
        if not self.beads:
            return (
                f"channel {channel}: no bead is also visible in channel {reference}, so its shift "
                "is unknown."
            )
        named = zip("zyx", self.shift_nm, self.se_nm, strict=True)
        parts = [
            f"{axis} {shift:+.1f}" + (f" ± {sd:.1f}" if np.isfinite(sd) else "")
            for axis, shift, sd in named
            if np.isfinite(shift)
        ]
        return (
            f"channel {channel} is shifted by {', '.join(parts)} nm relative to channel "
            f"{reference} ({self.beads} common beads)"
        )


@dataclass(frozen=True, eq=False)
class _Places:
    """Beads of one image: positions in nm, and the pull of each on the PSF's peak.

    Both arrays have shape (beads, 3) with z, y, x in a row.
    """

    position: Floats
    pull: Floats


def chromatic_shift(
    channel: Distillation, reference: Distillation, numbers: tuple[int, int]
) -> ChromaticShift:
    """Measure the shift between two channels from the beads that both show.

    The beads of each channel are fitted once more with its PSF, so that their places count from
    that PSF's peak. A peak has an error of its own, common to all beads: it is told from how far
    each bead's residual alone would move it.

    Parameters
    ----------
    channel, reference : Distillation
        Of the same images, in the same order.
    numbers : tuple of int
        Of the channel and of the reference.
    """
    pairs = [
        (_places(channel, number), _places(reference, number))
        for number in range(len(reference.images))
    ]
    near = _near_nm(reference)
    coarse = _coarse(pairs, near)
    difference, influence, place = _matched(pairs, coarse, near)
    kept = _alike(difference)
    difference, influence, place = difference[kept], influence[kept], place[kept]
    count = len(difference)
    if not count:
        return ChromaticShift(
            channel=numbers[0], reference=numbers[1], shift_nm=NAN, se_nm=NAN, scatter_nm=NAN
        )
    flat = np.array(reference.psf.data.shape) == 1
    return ChromaticShift(
        channel=numbers[0],
        reference=numbers[1],
        shift_nm=_zyx(np.where(flat, np.nan, difference.mean(axis=0))),
        se_nm=_zyx(np.where(flat, np.nan, _spread(difference + influence) / np.sqrt(count))),
        scatter_nm=_zyx(np.where(flat, np.nan, _spread(difference))),
        beads=count,
        places_um=tuple(_zyx(one / 1e3) for one in place),
        bead_shifts_nm=tuple(_zyx(np.where(flat, np.nan, one)) for one in difference),
    )


def _zyx(values: Floats) -> Zyx:
    z, y, x = (float(value) for value in values)
    return z, y, x


def _spread(values: Floats) -> Floats:
    if len(values) < 3:
        return np.full(3, np.nan)
    return np.asarray(values.std(axis=0, ddof=1))


def _places(result: Distillation, number: int) -> _Places:
    """Fit the used beads of one image with the channel's PSF."""
    image, psf = result.images[number], result.psf
    nm = 1e3 * np.array(psf.voxel_um)
    beads = Beads(bead for bead in result.beads if bead.image == image.name)
    if not len(beads.with_status(USED)):
        return _Places(np.zeros((0, 3)), np.zeros((0, 3)))
    try:
        states = fitted_beads(with_known_beads(image, beads), psf)
    except NoBeadsError:
        return _Places(np.zeros((0, 3)), np.zeros((0, 3)))
    middle = [length // 2 for length in psf.data.shape]
    peak = peak_position(psf.data, start=middle)
    position = np.array([one.fit.position for one in states]) + (peak - middle)
    return _Places(position * nm, _pulls(states, psf, peak) * nm)


def _pulls(states: Sequence[BeadState], psf: PSF, peak: Floats) -> Floats:
    """Return how far each bead's residual alone moves the PSF's peak, times the number of beads.

    The standard error of the peak is then that of a mean of these. A PSF that is the beads' mean
    has taken up all their noise; one that follows a model, little: the share is told from what is
    left of the residuals when they are averaged.
    """
    left = np.array([_residual(one, psf) for one in states])
    weight = np.array([one.fit.intensity for one in states])
    weight /= weight.sum()
    core = psf.data > CHROMATIC.core * psf.data.max()
    shares = left[:, core]
    # Pure noise gives squares of a normal variable; their median is blind to the few voxels at
    # which the PSF itself is a little wrong.
    squares = (weight @ shares) ** 2 / np.maximum(weight**2 @ shares**2, 1e-300)
    taken_up = np.sqrt(max(1 - float(np.median(squares)) / MEDIAN_SQUARE, 0))
    middle = [length // 2 for length in psf.data.shape]
    # To first order: a thousandth is added, and the move multiplied.
    moves = [peak_position(psf.data + 1e-3 * one, start=middle) - peak for one in left]
    pulls: Floats = 1e3 * np.array(moves) * weight[:, np.newaxis] * len(states)
    return np.asarray(taken_up * pulls)


def _residual(state: BeadState, psf: PSF) -> Floats:
    """Return the residual of a bead relative to its light, aligned with the PSF."""
    seen = state.seen
    left = seen.counts - state.others - background(state) - light(state, psf.data)
    share = np.where(seen.usable, left, 0) / state.fit.intensity
    return shift_volume(share, -seen.offset(state.fit.position))


def _near_nm(result: Distillation) -> Floats:
    """Two places within this distance may be one bead: the PSF's FWHM."""
    width = np.array(result.measures.fwhm_um)
    return np.asarray(1e3 * np.where(np.isfinite(width), width, 1.0))


def _coarse(pairs: Sequence[tuple[_Places, _Places]], near: Floats) -> Floats:
    """Find the shift that most pairs of beads agree on; of equals, the least."""
    every = [(one.position[:, None] - other.position[None]).reshape(-1, 3) for one, other in pairs]
    differences = np.concatenate(every)
    differences = differences[(np.abs(differences) <= 1e3 * CHROMATIC.reach_um).all(axis=1)]
    if not len(differences):
        return np.zeros(3)
    tree = cKDTree(differences / near)
    contributes = np.array([len(group) for group in tree.query_ball_point(differences / near, 0.5)])
    best = np.nonzero(contributes == contributes.max())[0]
    least = best[np.argmin(np.linalg.norm(differences[best], axis=1))]
    group = tree.query_ball_point(differences[least] / near, 0.5)
    return np.asarray(np.median(differences[group], axis=0))


def _matched(
    pairs: Sequence[tuple[_Places, _Places]], coarse: Floats, near: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return, for each bead seen in both channels, its shift, pull on the two peaks, and place."""
    differences, influences, places = ([np.zeros((0, 3))] for _ in range(3))
    for one, other in pairs:
        if not len(one.position) or not len(other.position):
            continue
        mine, theirs = (one.position - coarse) / near, other.position / near
        far, partner = cKDTree(theirs).query(mine)
        _, back = cKDTree(mine).query(theirs)
        mutual = (far < 1) & (back[partner] == np.arange(len(mine)))
        theirs_at = partner[mutual]
        differences.append(one.position[mutual] - other.position[theirs_at])
        influences.append(one.pull[mutual] - other.pull[theirs_at])
        places.append(other.position[theirs_at])
    return np.concatenate(differences), np.concatenate(influences), np.concatenate(places)


def _alike(differences: Floats) -> NDArray[np.bool_]:
    """Remove outlying pairs: mismatched beads, or beads with a neighbour."""
    if len(differences) < 3:
        return np.ones(len(differences), bool)
    off = np.abs(differences - np.median(differences, axis=0))
    limit = np.maximum(CHROMATIC.clip * robust_sd(differences, axis=0), CHROMATIC.least_clip_nm)
    return np.asarray((off <= limit).all(axis=1))
