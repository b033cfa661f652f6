"""A Gaussian fitted to every candidate at once: position, width, height, background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from psfbridge.cutouts import Cutouts
from psfbridge.noise import Noise
from psfbridge.scale import BeadScale

__all__ = ["GaussianFits", "fit_gaussians"]

Floats = NDArray[np.float64]

_ROUNDS = 25
_BATCH_NUMBERS = 12_000_000
_PARAMETERS = 8
# The core's true shape is no Gaussian: a share of the model counts as error, so that the
# brightest voxels do not rule the fit.
_MODEL_ERROR = 0.05


@dataclass(frozen=True, eq=False)
class GaussianFits:
    """One fitted Gaussian for each bead.

    Parameters
    ----------
    position : array
        In voxels of the image; the array has shape (beads, 3) with z, y, x in a row.
    sigma : array
        Standard deviations in voxels, of the same shape.
    height, background : array
        In counts.
    height_error : array
        Standard error of the height, in counts.
    misfit : array
        Root mean square of the residual over the height, the noise's own share taken off.
    """

    position: Floats
    sigma: Floats
    height: Floats
    background: Floats
    height_error: Floats
    misfit: Floats

    @property
    def intensity(self) -> Floats:
        """Sum of the Gaussian's counts; a plane has no z width."""
        widths = np.where(self.sigma > 0, np.sqrt(2 * np.pi) * self.sigma, 1.0)
        intensity: Floats = self.height * widths.prod(axis=1)
        return intensity


def fit_gaussians(cutouts: Cutouts, noise: Noise, scale: BeadScale) -> GaussianFits:
    """Fit ``b + a exp(-((z-z0)²/σz² + (y-y0)²/σy² + (x-x0)²/σx²)/2)`` to each cut-out.

    Levenberg-Marquardt over all beads at once, weighted by the noise of the model.

    Parameters
    ----------
    cutouts : Cutouts
        Boxes of about one FWHM to each side of a bead.
    noise : Noise
        The noise of the image.
    scale : BeadScale
        The width to start from.

    Returns
    -------
    GaussianFits
        In the order of the cut-outs.
    """
    size = max(int(np.prod(cutouts.counts.shape[1:])), 1)
    batch = max(_BATCH_NUMBERS // (size * _PARAMETERS), 1)
    parts = [
        _fit_batch(
            Cutouts(
                cutouts.counts[i : i + batch],
                cutouts.inside[i : i + batch],
                cutouts.corner[i : i + batch],
            ),
            noise,
            scale,
        )
        for i in range(0, max(len(cutouts), 1), batch)
    ]
    fields = zip(*(vars(part).values() for part in parts), strict=True)
    return GaussianFits(*(np.concatenate(values) for values in fields))


class _Problem:
    """The weighted least squares of one batch; parameters b, a, z, y, x, ln σz, ln σy, ln σx."""

    def __init__(self, cutouts: Cutouts, noise: Noise, scale: BeadScale) -> None:
        shape = cutouts.counts.shape[1:]
        self.noise = noise
        self.flat = np.array(shape) == 1
        self.counts = cutouts.counts.reshape(len(cutouts), -1).astype(float)
        self.inside = cutouts.inside.reshape(self.counts.shape)
        grid = np.indices(shape).reshape(3, -1) - cutouts.half[:, np.newaxis]
        self.grid = grid.astype(float)
        self.widest = np.log(np.maximum(np.array(shape), 2.0))
        self.start_sigma = np.maximum(scale.sigma, 0.5)

    def start(self) -> Floats:
        values = np.where(self.inside, self.counts, np.nan)
        low = np.nanpercentile(values, 20, axis=1)
        centre = self.counts.shape[1] // 2
        height = np.maximum(self.counts[:, centre] - low, 1e-3)
        start = np.zeros((len(low), _PARAMETERS))
        start[:, 0], start[:, 1] = low, height
        start[:, 5:] = np.log(self.start_sigma)
        return start

    def model(self, at: Floats) -> tuple[Floats, Floats]:
        """Counts and their derivatives; axes (bead, voxel) and (bead, voxel, parameter)."""
        apart = self.grid[np.newaxis] - at[:, 2:5, np.newaxis]
        scaled = apart * np.exp(-at[:, 5:, np.newaxis])
        scaled[:, self.flat] = 0
        shape = np.exp(-0.5 * (scaled**2).sum(axis=1))
        light = at[:, 1:2] * shape
        slopes = np.empty((*shape.shape, _PARAMETERS))
        slopes[..., 0] = 1
        slopes[..., 1] = shape
        for axis in range(3):
            slopes[..., 2 + axis] = light * scaled[:, axis] * np.exp(-at[:, 5 + axis, np.newaxis])
            slopes[..., 5 + axis] = light * scaled[:, axis] ** 2
        return at[:, :1] + light, slopes

    def weights(self, model: Floats, at: Floats) -> Floats:
        light = np.maximum(model - at[:, :1], 0)
        variance = self.noise.variance(model) + (_MODEL_ERROR * light) ** 2
        return np.asarray(self.inside / np.maximum(variance, 1e-12))

    def limited(self, at: Floats) -> Floats:
        at = at.copy()
        half = np.abs(self.grid).max(axis=1)
        at[:, 2:5] = np.clip(at[:, 2:5], -half, half)
        at[:, 5:] = np.clip(at[:, 5:], np.log(0.25), self.widest)
        return at


def _fit_batch(cutouts: Cutouts, noise: Noise, scale: BeadScale) -> GaussianFits:
    if len(cutouts) == 0:
        none = np.zeros(0)
        return GaussianFits(np.zeros((0, 3)), np.zeros((0, 3)), none, none, none, none)
    problem = _Problem(cutouts, noise, scale)
    at = problem.limited(problem.start())
    damping = np.full(len(at), 1e-2)
    for _ in range(_ROUNDS):
        at, damping, moved = _round(problem, at, damping)
        if moved < 1e-4:
            break
    return _fits(problem, cutouts, at)


def _round(problem: _Problem, at: Floats, damping: Floats) -> tuple[Floats, Floats, float]:
    """One damped step of every bead; those that got worse stay and are damped more."""
    model, slopes = problem.model(at)
    weights = problem.weights(model, at)
    residual = problem.counts - model
    normal = np.einsum("kvi,kv,kvj->kij", slopes, weights, slopes, optimize=True)
    pull = np.einsum("kvi,kv->ki", slopes, weights * residual, optimize=True)
    diagonal = np.einsum("kii->ki", normal)
    normal = normal + np.einsum(
        "ki,ij->kij", damping[:, np.newaxis] * diagonal + 1e-9, np.eye(_PARAMETERS)
    )
    trial = problem.limited(at + np.linalg.solve(normal, pull[..., np.newaxis])[..., 0])
    change = problem.counts - problem.model(trial)[0]
    better = (weights * change**2).sum(axis=1) <= (weights * residual**2).sum(axis=1)
    moved = np.abs(trial - at)[better, 2:].max(initial=0.0 if better.all() else 1.0)
    at = np.where(better[:, np.newaxis], trial, at)
    return at, np.where(better, damping * 0.3, damping * 10).clip(1e-9, 1e6), float(moved)


def _fits(problem: _Problem, cutouts: Cutouts, at: Floats) -> GaussianFits:
    model, slopes = problem.model(at)
    weights = problem.weights(model, at)
    normal = np.einsum("kvi,kv,kvj->kij", slopes, weights, slopes, optimize=True)
    covariance = np.linalg.pinv(normal + 1e-12 * np.eye(_PARAMETERS), hermitian=True)
    inside = problem.inside
    square = np.where(inside, (problem.counts - model) ** 2 - problem.noise.variance(model), 0)
    mean = square.sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
    sigma = np.exp(at[:, 5:])
    sigma[:, problem.flat] = 0
    return GaussianFits(
        position=cutouts.corner + cutouts.half + at[:, 2:5],
        sigma=sigma,
        height=at[:, 1],
        background=at[:, 0],
        height_error=np.sqrt(np.maximum(covariance[:, 1, 1], 0)),
        misfit=np.sqrt(np.maximum(mean, 0)) / np.maximum(np.abs(at[:, 1]), 1e-12),
    )
