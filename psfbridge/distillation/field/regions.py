"""Groups of neighbouring beads, aligned and summed for the fit of the field dependence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from psfbridge.distillation.field.polynomials import monomials
from psfbridge.distillation.field.settings import FIELD
from psfbridge.distillation.joint.bead_fit import light, refit_beads
from psfbridge.distillation.joint.bead_state import BeadState, Floats, Floats32
from psfbridge.distillation.joint.settings import STACK
from psfbridge.distillation.joint.stack import stack_beads
from psfbridge.numerics.fourier import crop_or_pad

__all__ = [
    "Region",
    "cropped",
    "fitted_afresh",
    "regions_of",
    "samples_of",
    "small_box",
]


@dataclass(frozen=True, eq=False)
class Region:
    """Weighted means of aligned beads, one for each part of them.

    Parameters
    ----------
    means, weights : array
        Light over intensity, and its inverse variance; the arrays have axes (part, z, y, x).
    where : array
        The places of the beads; the array has shape (beads, 3).
    shares : array
        How much each bead counts in the means; the sum is 1.
    """

    means: Floats32
    weights: Floats32
    where: Floats
    shares: Floats

    def basis(self, terms: Sequence[tuple[int, int, int]]) -> Floats:
        """The mean of each term of a polynomial over the beads."""
        return np.asarray(self.shares @ monomials(self.where, terms))


def _grouped(where: Floats) -> list[NDArray[np.int64]]:
    """Return the numbers of the beads of each region, 16 regions at most of about equal size.

    The largest group is halved along its longest side until there are enough.
    """
    groups = [np.arange(len(where))]
    while len(groups) < min(FIELD.most_regions, len(where)):
        largest = groups.pop(int(np.argmax([len(group) for group in groups])))
        axis = int(np.argmax(np.ptp(where[largest], axis=0)))
        order = largest[np.argsort(where[largest, axis])]
        groups += [order[: len(order) // 2], order[len(order) // 2 :]]
    return groups


def cropped(state: BeadState, shape: Sequence[int]) -> BeadState:
    """Return a bead with a smaller box around it."""
    seen = state.seen
    margins = [(n - m) // 2 for n, m in zip(seen.counts.shape, shape, strict=True)]
    z, y, x = (slice(a, a + m) for a, m in zip(margins, shape, strict=True))
    smaller = replace(
        seen,
        counts=seen.counts[z, y, x],
        usable=seen.usable[z, y, x],
        corner=seen.corner + np.array(margins),
    )
    return replace(state, seen=smaller, others=state.others[z, y, x])


def fitted_afresh(
    state: BeadState, psf: Floats32, core: Sequence[int]
) -> tuple[BeadState, Floats32]:
    """Fit a bead to another PSF than before; return it with its light.

    The first step trusts every voxel: what an older PSF made of the bead would have it leave out
    those that tell the difference.
    """
    state = state.with_fit(replace(state.fit, intensity_error=float("inf")))
    for _ in range(FIELD.afresh_steps):
        (state,), (own,) = refit_beads([state], psf, core)
    return state, own


def small_box(shape: Sequence[int]) -> list[int]:
    """Return the part of a bead box that is sensitive to changes of the PSF."""
    return [min(n, m) for n, m in zip(shape, FIELD.seen, strict=True)]


def samples_of(shape: Sequence[int], factor: Sequence[int]) -> list[int]:
    """Return how many samples of the PSF a box of voxels takes."""
    return [times * (n - 1) + 1 for n, times in zip(shape, factor, strict=True)]


def regions_of(
    states: Sequence[BeadState],
    parts: NDArray[np.int64],
    where: Floats,
    psf_at: Callable[[Floats], Floats32],
) -> list[Region]:
    """Align and sum the beads of each region.

    Parameters
    ----------
    states : sequence of BeadState
        The beads, in boxes of one shape.
    parts : array
        The part of each bead, see `psfbridge.distillation.joint.stack.deal_into_parts`.
    where : array
        The place of each bead; the array has shape (beads, 3).
    psf_at : callable
        Gives the PSF at a place, of the boxes' shape.
    """
    return [
        _region([states[k] for k in group], parts[group], where[group], psf_at)
        for group in _grouped(where)
    ]


def _region(
    states: Sequence[BeadState],
    parts: NDArray[np.int64],
    where: Floats,
    psf_at: Callable[[Floats], Floats32],
) -> Region:
    psf = psf_at(where.mean(axis=0))
    finer = max(states[0].seen.factor) > 1
    largest = FIELD.fitted_finer if finer else FIELD.fitted
    shape = [min(n, m) for n, m in zip(psf.shape, largest, strict=True)]
    middle = [n // 2 for n in psf.shape]
    means, weights = (np.zeros((STACK.parts, *shape), np.float32) for _ in range(2))
    free = [replace(one, model_error=FIELD.may_differ) for one in states]
    for part in sorted(set(parts.tolist())):
        mine = [one for one, its in zip(free, parts, strict=True) if its == part]
        stack = stack_beads(mine, psf, [light(one, psf) for one in mine])
        means[part] = crop_or_pad(stack.mean, shape, middle)
        weights[part] = crop_or_pad(stack.weight, shape, middle)
    shares = np.array([(one.fit.intensity / one.fit.intensity_error) ** 2 for one in states])
    return Region(means, weights, where, shares / shares.sum())
