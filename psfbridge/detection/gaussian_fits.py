"""Gaussian fits of all candidates: position, width, height and background."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.threads import workers
from psfbridge.detection.bead_width import BeadScale
from psfbridge.detection.gaussian_kernel import settle_fits
from psfbridge.detection.settings import GAUSSIAN_FITS
from psfbridge.imaging.noise import Noise
from psfbridge.numerics.cutouts import Cutouts
from psfbridge.numerics.levenberg_marquardt import Rule

__all__ = ["GaussianFits", "fit_gaussians"]

Floats = NDArray[np.float64]

_PARAMETERS = 8


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

    def __getitem__(self, chosen: NDArray[Any]) -> GaussianFits:
        return GaussianFits(*(values[chosen] for values in vars(self).values()))

    @classmethod
    def joined(cls, parts: Iterable[GaussianFits]) -> GaussianFits:
        """Return the fits of several groups of beads, one group after the other."""
        fields = zip(*(vars(part).values() for part in parts), strict=True)
        return cls(*(np.concatenate(values) for values in fields))


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
    batch = max(GAUSSIAN_FITS.batch_numbers // (size * _PARAMETERS), 1)
    starts = range(0, max(len(cutouts), 1), batch)
    with workers() as pool:
        parts = list(pool.map(lambda i: _fit_batch(cutouts[i : i + batch], noise, scale), starts))
    return GaussianFits.joined(parts)


class _Problem:
    """The weighted least squares of one batch; parameters b, a, z, y, x, ln σz, ln σy, ln σx."""

    def __init__(self, cutouts: Cutouts, noise: Noise, scale: BeadScale) -> None:
        self.shape = cutouts.counts.shape[1:]
        self.noise = noise
        self.flat = np.array(self.shape) == 1
        self.counts = cutouts.counts.reshape(len(cutouts), -1).astype(float)
        self.inside = cutouts.inside.reshape(self.counts.shape)
        self.half = cutouts.half.astype(float)
        self.widest = np.log(np.maximum(np.array(self.shape), 2.0))
        self.start_sigma = np.maximum(scale.sigma, 0.5)

    @property
    def limits(self) -> Floats:
        """Half sizes of the box, the least and the largest logarithms of the widths."""
        return np.concatenate(
            [self.half, np.full(3, np.log(GAUSSIAN_FITS.least_sigma)), self.widest]
        )

    def start(self) -> Floats:
        values = np.where(self.inside, self.counts, np.nan)
        low = np.nanpercentile(values, 20, axis=1)
        centre = self.counts.shape[1] // 2
        height = np.maximum(self.counts[:, centre] - low, 1e-3)
        start = np.zeros((len(low), _PARAMETERS))
        start[:, 0], start[:, 1] = low, height
        start[:, 5:] = np.log(self.start_sigma)
        return start

    def _scaled(self, at: Floats) -> list[Floats]:
        """Distances from the centre along each axis, in standard deviations: (bead, sample)."""
        scaled = []
        for axis, length in enumerate(self.shape):
            steps = np.arange(length) - self.half[axis]
            apart = (steps - at[:, 2 + axis, np.newaxis]) * np.exp(-at[:, 5 + axis, np.newaxis])
            scaled.append(np.zeros_like(apart) if self.flat[axis] else apart)
        return scaled

    def model(self, at: Floats) -> Floats:
        """Counts; axes (bead, voxel). A Gaussian is a product of one along each axis."""
        z, y, x = (np.exp(-0.5 * scaled**2) for scaled in self._scaled(at))
        plane = (y[:, :, np.newaxis] * x[:, np.newaxis, :]).reshape(len(at), 1, -1)
        light = (at[:, 1:2] * z)[:, :, np.newaxis] * plane
        counts: Floats = at[:, :1] + light.reshape(len(at), -1)
        return counts

    def slopes(self, at: Floats, model: Floats) -> Floats:
        """Derivatives of the counts; axes (bead, parameter, voxel)."""
        light = (model - at[:, :1]).reshape(len(at), *self.shape)
        slopes = np.empty((len(at), _PARAMETERS, *self.shape))
        slopes[:, 0] = 1
        slopes[:, 1] = light / at[:, 1, np.newaxis, np.newaxis, np.newaxis]
        for axis, scaled in enumerate(self._scaled(at)):
            form = [-1 if other == axis else 1 for other in range(3)]
            move = scaled * np.exp(-at[:, 5 + axis, np.newaxis])
            slopes[:, 2 + axis] = light * move.reshape(len(at), *form)
            slopes[:, 5 + axis] = light * (scaled**2).reshape(len(at), *form)
        return slopes.reshape(len(at), _PARAMETERS, -1)

    def weights(self, model: Floats, at: Floats) -> Floats:
        light = np.maximum(model - at[:, :1], 0)
        variance = self.noise.variance(model) + (GAUSSIAN_FITS.model_error * light) ** 2
        return np.asarray(self.inside / np.maximum(variance, 1e-12))

    def limited(self, at: Floats) -> Floats:
        at = at.copy()
        at[:, 1] = np.where(np.abs(at[:, 1]) < 1e-9, 1e-9, at[:, 1])
        at[:, 2:5] = np.clip(at[:, 2:5], -self.half, self.half)
        at[:, 5:] = np.clip(at[:, 5:], np.log(GAUSSIAN_FITS.least_sigma), self.widest)
        return at


def _fit_batch(cutouts: Cutouts, noise: Noise, scale: BeadScale) -> GaussianFits:
    if len(cutouts) == 0:
        none = np.zeros(0)
        return GaussianFits(np.zeros((0, 3)), np.zeros((0, 3)), none, none, none, none)
    problem = _Problem(cutouts, noise, scale)
    at = problem.limited(problem.start())
    rule = Rule(
        steps=GAUSSIAN_FITS.steps, least_gain=GAUSSIAN_FITS.least_gain, trials=GAUSSIAN_FITS.trials
    )
    settle_fits(cutouts.counts, cutouts.inside, at, problem.limits, _noise_of(noise), rule)
    return _fits(problem, cutouts, at)


def _noise_of(noise: Noise) -> tuple[float, float, float, float]:
    return (
        float(noise.offset),
        float(noise.gain),
        float(noise.read_noise) ** 2,
        GAUSSIAN_FITS.model_error,
    )


def _normal(slopes: Floats, weights: Floats) -> Floats:
    """The matrix of the normal equations of each bead."""
    return np.asarray((slopes * weights[:, np.newaxis]) @ slopes.transpose(0, 2, 1))


def _fits(problem: _Problem, cutouts: Cutouts, at: Floats) -> GaussianFits:
    model = problem.model(at)
    normal = _normal(problem.slopes(at, model), problem.weights(model, at))
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
