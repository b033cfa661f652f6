"""The method ``average``: the joint fit of the beads without a pupil model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from psfbridge.detection.find import FoundBeads
from psfbridge.detection.statuses import Reason
from psfbridge.distillation.background import given_background
from psfbridge.distillation.joint.bead_state import BeadState, Floats, Floats32, observe
from psfbridge.distillation.joint.blending import smooth_power, wiener_gain
from psfbridge.distillation.joint.finish import bead_tables
from psfbridge.distillation.joint.iteration import JointProblem, Start, fit_and_stack
from psfbridge.distillation.joint.stack import bootstrap_means
from psfbridge.distillation.methods import Solution
from psfbridge.distillation.settings import AVERAGE
from psfbridge.progress import Progress, no_progress

__all__ = ["average"]

_STAGE = "averaging beads"


def average(
    found: Sequence[FoundBeads],
    shape: tuple[int, int, int],
    background: str | float = "auto",
    progress: Progress = no_progress,
) -> Solution:
    """Average the beads of all images after exact sub-voxel shifts.

    Rounds of: fit each bead to the average (intensity, background, position), subtract the beads
    from each other, bring them to one centre, and average them with inverse-variance weights.
    Each voxel counts for the bead that it is nearest to: without a model of the optics, light
    between two beads could be passed from one to the other without end.
    Voxels far off the mean are clipped; beads that fit much worse than the others are rejected.

    Parameters
    ----------
    found : sequence of FoundBeads
        The beads of each image.
    shape : tuple of int
        Size of the PSF in voxels.
    background : 'auto', 'mean' or float
        ``auto`` fits it around each bead; see `psfbridge.distillation.background.given_background`.
    progress : Progress, optional
        Called after each round.

    Returns
    -------
    Solution
        The mean with its standard error. Where it does not rise above that, it is shrunk to zero.

    Raises
    ------
    NoBeadsError
        If no bead fits a common PSF.
    """
    problem = JointProblem(found, shape, bead_diameter_um=0.0)
    states = _with_background(observe(found, problem.box), found, background)
    states = [_nearest_only(one, found[one.seen.image]) for one in states]
    start = Start(states, problem.gaussian())
    for done in range(AVERAGE.rounds):
        progress(_STAGE, done, AVERAGE.rounds)
        fitted = fit_and_stack(problem, start)
        stack = fitted.stack
        gain = wiener_gain(stack.mean, stack.error)
        start = Start(fitted.states, np.asarray(stack.mean * gain, np.float32))
    progress(_STAGE, AVERAGE.rounds, AVERAGE.rounds)
    used = [fitted.states[k] for k in fitted.contributing]
    error = _error(used, start.psf, stack.error)
    gain = wiener_gain(stack.mean, error)
    volume = stack.mean * gain
    # The mean square error of Wiener's estimate is that of the mean, times the factor.
    error = error * np.sqrt(gain)
    # Intensities are those of a PSF whose sum is 1.
    states = fitted.in_unit(float(volume.sum(dtype=float)))
    tables = bead_tables(states, fitted.contributing, found)
    return Solution(
        problem.on_voxels(volume), tables, problem.on_voxels(error), {"rounds": AVERAGE.rounds}
    )


def _with_background(
    states: Sequence[BeadState], found: Sequence[FoundBeads], background: str | float
) -> list[BeadState]:
    """Return the beads with the background that the user gave, if any."""
    given = [given_background(one.image.data, background, one.values) for one in found]
    return [
        replace(one, seen=replace(one.seen, background=given[one.seen.image])) for one in states
    ]


def _nearest_only(state: BeadState, found: FoundBeads) -> BeadState:
    """Leave out the voxels that are nearer to another candidate, in FWHM."""
    widths = np.maximum(found.scale.fwhm, 1.0)
    candidates = found.beads.positions[found.beads.column("reason") != Reason.HOT_PIXEL]
    others = candidates[
        np.abs(candidates - state.fit.position).max(axis=1) > AVERAGE.same_bead_voxels
    ]
    seen = state.seen
    axes = [corner + np.arange(n) for corner, n in zip(seen.corner, seen.counts.shape, strict=True)]
    own = _distance(axes, state.fit.position, widths)
    nearest = seen.usable.copy()
    for other in others[_in_reach(others, axes, state.fit.position)]:
        nearest &= own <= _distance(axes, other, widths)
    return replace(state, seen=replace(seen, usable=nearest))


def _in_reach(others: Floats, axes: Sequence[Floats], position: Floats) -> NDArray[np.bool_]:
    """Return which positions are the nearest to at least one voxel of the box."""
    reach = np.array(
        [max(abs(axis - at).max(), 1.0) for axis, at in zip(axes, position, strict=True)]
    )
    return np.asarray((np.abs(others - position) < 2 * reach).all(axis=1))


def _distance(axes: Sequence[Floats], position: Floats, widths: Floats) -> Floats32:
    """Return the squared distance of every voxel of a box from a position, in FWHM."""
    z, y, x = (
        np.asarray(((axis - at) / width) ** 2, np.float32)
        for axis, at, width in zip(axes, position, widths, strict=True)
    )
    return z[:, None, None] + y[None, :, None] + x[None, None, :]


def _error(used: Sequence[BeadState], psf: Floats32, noise: Floats) -> Floats:
    """Return the standard error of the mean, by the scatter of the beads or the noise model."""
    drawn = bootstrap_means(used, psf, AVERAGE.draws, np.random.default_rng(0))
    scatter = smooth_power(drawn.var(axis=0, ddof=1, dtype=float))
    # Where no bead, or hardly one, is seen nothing is known: an error as large as the PSF says so.
    known = np.minimum(noise, float(np.abs(psf).max()))
    return np.asarray(np.sqrt(np.maximum(scatter, known**2)))
