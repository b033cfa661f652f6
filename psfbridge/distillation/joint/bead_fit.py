"""The fit of one bead to a PSF: intensity, position and background by weighted least squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.threads import workers
from psfbridge.distillation.joint.bead_state import BeadFit, BeadState, Floats32
from psfbridge.distillation.joint.settings import BEAD_FIT
from psfbridge.numerics.background_plane import plane, plane_normal, plane_values
from psfbridge.numerics.cutouts import central
from psfbridge.numerics.fourier import apply_per_axis, apply_with_slopes
from psfbridge.numerics.least_squares import solve_normal_equations
from psfbridge.numerics.robust import MEDIAN_SQUARE

__all__ = ["background", "design_columns", "light", "misfit_scale", "refit_beads", "variance"]


def light(state: BeadState, psf: Floats32) -> Floats32:
    """Return the light of a bead in its box, for a centred PSF."""
    moved = apply_per_axis(psf, state.seen.matrices(psf.shape, state.fit.position))
    return np.asarray(state.fit.intensity * moved, np.float32)


def background(state: BeadState) -> Floats32:
    """Return the background in a bead's box: a level, slopes, and a curvature along z."""
    return plane(state.seen.counts.shape, (state.fit.background, *state.fit.slope))


def variance(state: BeadState, own: Floats32, *, forgiving: bool = True) -> Floats32:
    """Return the variance expected of each voxel, with the errors of the model or without."""
    bright = np.maximum(own, 0)
    noise = state.seen.noise.variance(state.fit.background + bright + np.maximum(state.others, 0))
    noise += (BEAD_FIT.neighbour_error * state.others) ** 2
    if forgiving:
        noise += (state.model_error * bright) ** 2
    return np.asarray(np.maximum(noise, 1e-9))


def refit_beads(
    states: Sequence[BeadState], psf: Floats32, core: Sequence[int]
) -> tuple[list[BeadState], list[Floats32]]:
    """Fit every bead to the PSF: a linearised step in its core, then the background around.

    A bead that was never fitted takes two steps, of which the first trusts every voxel.

    Returns the beads, and the light of each in its box.

    Parameters
    ----------
    states : sequence of BeadState
        The beads.
    psf : array of float32
        The array has axes (z, y, x), the shape of the boxes, and its peak at ``n // 2``.
    core : sequence of int
        Size of the central part that tells position and intensity.
    """
    with workers() as pool:
        pairs = list(pool.map(lambda one: _refit_bead(one, psf, core), states))
    return [state for state, _ in pairs], [own for _, own in pairs]


def _refit_bead(state: BeadState, psf: Floats32, core: Sequence[int]) -> tuple[BeadState, Floats32]:
    fitted_before = np.isfinite(state.fit.intensity_error)
    for robust in (True,) if fitted_before else (False, True):
        state = state.with_fit(_core_step(state, psf, core, robust=robust))
        if not np.isfinite(state.fit.misfit):
            return state, light(state, psf)
    own = light(state, psf)
    return state.with_fit(_background_step(state, own)), own


@dataclass(frozen=True, eq=False)
class _Core:
    """The middle of a box: the moved PSF, its derivatives, the data, and the level in these."""

    design: NDArray[Any]
    data: NDArray[Any]
    weight: NDArray[Any]
    level: float


def _core_step(state: BeadState, psf: Floats32, core: Sequence[int], *, robust: bool) -> BeadFit:
    """One linearised step (Anderson and King 2000, in three dimensions).

    The bead is ``a h - a d·grad(h) + b``; the unknowns are a, a d and, where it is not known, b.
    """
    fit = state.fit
    middle = _core(state, psf, core)
    weight = middle.weight
    if robust:
        first = middle.data - fit.intensity * middle.design[0] - middle.level
        squares = first**2 * weight
        limit = BEAD_FIT.clip**2 * misfit_scale(squares, middle.design[0], weight > 0)
        weight = np.where(squares > limit, 0, weight)
    weighted = middle.design * weight
    covariance = np.linalg.pinv((weighted @ middle.design.T).astype(float), hermitian=True)
    answer = covariance @ (weighted @ middle.data).astype(float)
    intensity = float(answer[0])
    if not intensity > 0:
        return replace(fit, intensity=1e-3, misfit=float("inf"))
    step, noise = np.zeros(3), np.zeros(3)
    told = np.array(psf.shape) > 1
    moves = slice(1, 1 + int(told.sum()))
    step[told] = np.clip(answer[moves] / intensity, -0.5, 0.5)
    noise[told] = np.diagonal(covariance)[moves] / intensity**2
    known = state.seen.background
    residual = middle.data - answer @ middle.design
    freedom = max(int((weight > 0).sum()) - len(answer), 1)
    return replace(
        fit,
        position=fit.position + step,
        intensity=intensity,
        background=float(answer[-1]) if known is None else known,
        intensity_error=float(np.sqrt(covariance[0, 0])),
        position_variance=(float(noise[0]), float(noise[1]), float(noise[2])),
        chi2=float((weight * residual**2).sum()) / freedom,
        misfit=_misfit(residual, weight > 0, intensity * middle.design[0]),
    )


def _core(state: BeadState, psf: Floats32, core: Sequence[int]) -> _Core:
    seen, fit = state.seen, state.fit
    inner = central(seen.counts.shape, core)
    design = design_columns(psf, state, inner)
    own = fit.intensity * design[0]
    middle = replace(
        state,
        seen=replace(seen, counts=seen.counts[inner], usable=seen.usable[inner]),
        others=state.others[inner],
    )
    level = fit.background
    slope = background(middle) - np.float32(level)
    weight = np.where(middle.seen.usable, 1 / variance(middle, own), 0)
    data = middle.seen.counts - middle.others - slope
    if seen.background is not None:
        design, data, level = design[:-1], data - np.float32(level), 0.0
    return _Core(design.reshape(len(design), -1), data.ravel(), weight.ravel(), level)


def design_columns(psf: Floats32, state: BeadState, inner: tuple[slice, ...]) -> NDArray[Any]:
    """Return the moved PSF, its derivatives by the shift, and a constant, in part of a box.

    Parameters
    ----------
    psf : array of float32
        The array has axes (z, y, x), the shape of the boxes, and its peak at ``n // 2``.
    state : BeadState
        The bead, whose position counts.
    inner : tuple of slice
        The part of the box.
    """
    seen, position = state.seen, state.fit.position
    still, slope = (
        [part[rows] for part, rows in zip(matrices, inner, strict=True)]
        for matrices in (seen.matrices(psf.shape, position), seen.slopes(psf.shape, position))
    )
    value, *slopes = apply_with_slopes(psf, still, slope)
    told = [part for part, length in zip(slopes, psf.shape, strict=True) if length > 1]
    return np.stack([value, *told, np.ones_like(value)])


def misfit_scale(squares: NDArray[Any], own: NDArray[Any], usable: NDArray[np.bool_]) -> float:
    """Return how far a bead is off its model at large: 1 is noise.

    Voxels are left out against that. Where the whole bead is off, it is the model that is wrong;
    without what contradicts it, it would stay so.

    Parameters
    ----------
    squares : array
        Squared residuals over their variance.
    own : array
        The bead's light there.
    usable : array of bool
        Which of them count.
    """
    told = squares[_bright(own) & usable]
    return max(float(np.median(told)) / MEDIAN_SQUARE, 1.0) if len(told) else 1.0


def _bright(own: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(own > BEAD_FIT.bright * own.max())


def _misfit(residual: NDArray[Any], usable: NDArray[np.bool_], own: NDArray[Any]) -> float:
    """Return the residual in the bright part of the bead, relative to its light."""
    core = usable & _bright(own)
    power = float((own[core] ** 2).sum())
    return float(np.sqrt((residual[core] ** 2).sum() / power)) if power > 0 else float("inf")


def _background_step(state: BeadState, own: Floats32) -> BeadFit:
    """The background from the whole box, the bead's light subtracted."""
    if state.seen.background is not None:
        return replace(state.fit, background=state.seen.background, slope=np.zeros(4))
    rest = state.seen.counts - state.others - own
    weight = np.where(state.seen.usable, 1 / variance(state, own), 0)
    off = np.abs(rest - background(state)) * np.sqrt(weight) > BEAD_FIT.clip
    weight[off] = 0
    answer = solve_normal_equations(plane_normal(weight), plane_values(weight * rest))
    return replace(state.fit, background=float(answer[0]), slope=answer[1:])
