"""The stack of aligned beads: their weighted mean, in parts for cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from psfbridge._util.threads import cores, workers
from psfbridge.distillation.joint.bead_fit import background, light, misfit_scale, variance
from psfbridge.distillation.joint.bead_state import BeadState, Floats, Floats32, Observation
from psfbridge.distillation.joint.settings import STACK
from psfbridge.numerics.background_plane import plane_normal, plane_values
from psfbridge.numerics.fourier import apply_per_axis, shift_matrices, slope_factors

__all__ = [
    "Aligned",
    "Stack",
    "bootstrap_means",
    "deal_into_parts",
    "stack_and_measure",
    "stack_beads",
]


_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class Stack:
    """Weighted sums of aligned beads, one for each part of the beads.

    Parameters
    ----------
    sums : array
        Sum of weight times light over intensity; the array has axes (part, z, y, x).
    weights : array
        Sum of the weights, which are inverse variances; the same axes.
    """

    sums: Floats32
    weights: Floats32

    @cached_property
    def weight(self) -> Floats32:
        """Inverse variance of `mean`; the array has axes (z, y, x)."""
        return np.asarray(self.weights.sum(axis=0))

    @cached_property
    def plane_normal(self) -> Floats:
        """Normal matrix of `psfbridge.numerics.background_plane.plane_normal` for the weight."""
        return plane_normal(self.weight)

    @cached_property
    def plane_values(self) -> Floats:
        """Values of `psfbridge.numerics.background_plane.plane_values` for weight times mean."""
        return plane_values(self.sums.sum(axis=0))

    @cached_property
    def mean(self) -> Floats32:
        """The weighted mean of all beads; 0 without data."""
        return _ratio(self.sums.sum(axis=0), self.weight)

    @property
    def error(self) -> Floats:
        """Standard error of `mean` by the noise model; infinite without data."""
        weight = self.weight
        result = np.full(weight.shape, np.inf)
        np.divide(1, np.sqrt(np.maximum(weight, 1e-300)), out=result, where=weight > 0)
        return result

    @cached_property
    def part_means(self) -> Floats32:
        """The weighted mean of each part; the array has axes (part, z, y, x)."""
        return _ratio(self.sums, self.weights)

    def of(self, parts: Sequence[int]) -> Stack:
        """Return the stack of some parts only."""
        chosen = list(parts)
        return Stack(self.sums[chosen], self.weights[chosen])

    @cached_property
    def filled(self) -> NDArray[np.int64]:
        """The numbers of the parts that hold a bead."""
        return np.nonzero(self.weights.any(axis=(1, 2, 3)))[0]


def _ratio(sums: Floats32, weights: Floats32) -> Floats32:
    return np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0)


@dataclass(frozen=True, eq=False)
class Aligned:
    """One bead at the common centre, over its intensity.

    Parameters
    ----------
    at : tuple of slice
        Which samples of the PSF its voxels have come to.
    share, weight : array
        Its light there, and the inverse variance of that; axes (z, y, x).
    """

    at: tuple[slice, ...]
    share: Floats32
    weight: Floats32


def stack_beads(states: Sequence[BeadState], psf: Floats32, lights: Sequence[Floats32]) -> Stack:
    """Bring beads to the centre by exact shifts and sum them with their inverse variances.

    Voxels that cannot be used, or are far off the model, weigh nothing; they are filled with the
    model before the shift, so that their edge does not ring into the others. Where the PSF is
    sampled more finely than the image, many beads at many phases fill its samples.

    Parameters
    ----------
    states : sequence of BeadState
        The beads that take part.
    psf : array of float32
        The present PSF, which gives variances and fills gaps.
    lights : sequence of array
        The light of each bead in its box, by this PSF.
    """
    return stack_and_measure(states, psf, lights, lambda _: None)[0]


def stack_and_measure(
    states: Sequence[BeadState],
    psf: Floats32,
    lights: Sequence[Floats32],
    measure: Callable[[Aligned], _T],
) -> tuple[Stack, list[_T]]:
    """Stack beads as `stack_beads` does, and return what `measure` says of each one on its way.

    The aligned beads are not kept: there may be thousands.
    """
    curved = _curvatures(psf)

    def seen(one: BeadState, own: Floats32) -> tuple[Aligned, _T]:
        bead = _aligned(one, psf, own)
        bias = np.tensordot(_position_noise_bias(one), curved[:, *bead.at], 1)
        return replace(bead, share=bead.share + bias), measure(bead)

    sums = np.zeros((STACK.parts, *psf.shape), np.float32)
    weights = np.zeros_like(sums)
    said = []
    with workers() as pool:
        results = pool.map(seen, states, lights)
        for part, (bead, word) in zip(deal_into_parts(states), results, strict=True):
            sums[part][bead.at] += bead.weight * bead.share
            weights[part][bead.at] += bead.weight
            said.append(word)
    return Stack(sums, weights), said


def _position_noise_bias(state: BeadState) -> Floats32:
    """Return the loss of curvature caused by fitting each position to its own noise.

    A position that is off by `d` blurs the bead by half of `d²` of the curvature. But it is off
    towards the noise that looks like a shift, which so comes to the same place in all beads: that
    takes away twice as much.
    """
    share = 0.5 * np.array(state.fit.position_variance) * np.square(state.seen.factor)
    return np.asarray(np.minimum(share, STACK.most_position_variance), np.float32)


def _curvatures(psf: Floats32) -> Floats32:
    """The second derivatives of a PSF along z, y and x, by its samples."""
    spectrum = fft.rfftn(psf, workers=cores())
    curved = [
        fft.irfftn(spectrum * turn**2, s=psf.shape, workers=cores())
        for turn in slope_factors(psf.shape)
    ]
    return np.array(curved, np.float32)


def bootstrap_means(
    states: Sequence[BeadState], psf: Floats32, times: int, random: np.random.Generator
) -> Floats32:
    """Return weighted means of beads drawn again, the Bayesian way (Rubin 1981).

    Each bead counts by a random share instead of being in or out, so that few beads will do. Fewer
    than four say nothing of their own scatter: then noise is drawn as the noise model has it.

    Parameters
    ----------
    states : sequence of BeadState
        The beads that take part.
    psf : array of float32
        The present PSF.
    times : int
        How many means.
    random : Generator
        Where chance comes from.

    Returns
    -------
    array
        The array has axes (time, z, y, x).
    """
    if len(states) < STACK.parts:
        stack = stack_beads(states, psf, [light(one, psf) for one in states])
        error = np.where(np.isfinite(stack.error), stack.error, 0).astype(np.float32)
        return stack.mean + error * random.standard_normal((times, *psf.shape), np.float32)
    shares = random.exponential(size=(times, len(states)))
    sums = np.zeros((times, *psf.shape), np.float32)
    weights = np.zeros_like(sums)
    with workers() as pool:
        results = pool.map(lambda one: _aligned(one, psf, light(one, psf)), states)
        for column, bead in zip(shares.T.astype(np.float32), results, strict=True):
            counts = column[:, None, None, None]
            sums[:, *bead.at] += counts * (bead.weight * bead.share)
            weights[:, *bead.at] += counts * bead.weight
    return _ratio(sums, weights)


def deal_into_parts(states: Sequence[BeadState]) -> NDArray[np.int64]:
    """Return the part of each bead, assigned by intensity so that the parts are alike."""
    order = np.argsort([-one.fit.intensity for one in states])
    turn = np.arange(len(states))
    place = turn % STACK.parts
    part = np.empty(len(states), np.int64)
    part[order] = np.where((turn // STACK.parts) % 2 == 0, place, STACK.parts - 1 - place)
    return part


def _aligned(state: BeadState, psf: Floats32, own: Floats32) -> Aligned:
    """One bead over its intensity at the common centre.

    The PSF is the first guess; what the bead has beyond it is added (Anderson and King 2000).
    """
    seen, fit = state.seen, state.fit
    beyond = seen.counts - state.others - background(state) - own
    squares = beyond**2 / variance(state, own)
    usable = seen.usable & (squares <= STACK.clip**2 * misfit_scale(squares, own, seen.usable))
    weight = np.where(usable, fit.intensity**2 / variance(state, own, forgiving=False), 0)
    shift = seen.offset(fit.position)
    # Along a finely sampled axis each voxel goes to the nearest sample; it must not be moved.
    moved = np.where(np.array(seen.factor) == 1, -shift, 0)
    beyond = apply_per_axis(np.where(usable, beyond, 0), shift_matrices(beyond.shape, moved))
    step = np.round(moved).astype(int)
    if step.any():
        weight = np.roll(weight, tuple(int(n) for n in step), (0, 1, 2))
    samples, voxels = _places(seen, psf.shape, shift)
    share = psf[samples] + beyond[voxels] / fit.intensity
    return Aligned(samples, share.astype(np.float32), weight[voxels].astype(np.float32))


def _places(
    seen: Observation, fine_shape: Sequence[int], shift: Floats
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return the PSF samples on which the voxels of a box fall, and the indices of these voxels."""
    samples, voxels = [], []
    sizes = zip(seen.counts.shape, fine_shape, seen.factor, shift, strict=True)
    for length, fine, times, offset in sizes:
        move = 0 if times == 1 else -round(times * float(offset))
        first = fine // 2 - times * (length // 2) + move
        low = max(-(first // times), 0)
        high = min((fine - 1 - first) // times, length - 1)
        samples.append(slice(first + times * low, first + times * high + 1, times))
        voxels.append(slice(low, high + 1))
    return tuple(samples), tuple(voxels)
