"""The CPU engine and reference: Richardson-Lucy with SciPy's FFT in float32 on all cores."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from psfbridge._util.memory import free_bytes
from psfbridge._util.threads import cores
from psfbridge.engines.acceleration import Extrapolation, Products, note_step
from psfbridge.engines.base import Engine, Estimate, Plan
from psfbridge.engines.convolution import Blur
from psfbridge.engines.problem import Problem, Shape
from psfbridge.engines.settings import BLOCKS, ITERATION
from psfbridge.engines.slabs import on_slabs
from psfbridge.engines.total_variation import divide_by_variation, variation_bytes
from psfbridge.engines.visible_light import Places
from psfbridge.imaging.image import Volume
from psfbridge.imaging.noise import Noise
from psfbridge.progress import Progress, no_progress

__all__ = ["CpuEngine", "mismatch"]


#: Calls a step with each part of the update, and the same part of other arrays.
OnParts = Callable[..., list[Any]]


class CpuEngine(Engine):
    """Richardson-Lucy on the CPU, using only NumPy and SciPy."""

    name = "cpu"

    def __init__(self) -> None:
        self.device = f"{cores()} CPU cores"

    def solve(self, problem: Problem, plan: Plan, progress: Progress = no_progress) -> Estimate:
        """Run Richardson-Lucy; each iteration costs four real FFTs of the frame."""
        run = _Run(problem, plan)
        for done in range(plan.iterations):
            progress("Richardson-Lucy", done, plan.iterations)
            if run.iterate(look=done % ITERATION.look_every == 0):
                return Estimate(run.estimate, done, "discrepancy")
        progress("Richardson-Lucy", plan.iterations, plan.iterations)
        return Estimate(run.estimate, plan.iterations)

    def room_bytes(self) -> int:
        """Return the memory that is free now."""
        return free_bytes()

    def needed_bytes(self, frame: Shape, plan: Plan) -> int:
        """Estimate the memory: four float32 copies of the frame, six if accelerated.

        They are the image, the PSF's spectrum, the estimate and
        the buffer of the transforms; accelerated also the last estimate and the last step.
        """
        planes, rows, columns = frame
        # In slabs it is at most as many again.
        copies = 6 if plan.accelerate else 4
        slab = min(cores() * max(BLOCKS.slab_voxels, rows * columns), planes * rows * columns)
        helpers = 4 * copies * slab + (variation_bytes(frame) if plan.tv > 0 else 0)
        return copies * 4 * planes * rows * (columns + 2) + helpers


class _Run:
    """One problem being solved: what the iterations share."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self._image, self._plan = problem.image, plan
        self._least_variance = _least_variance(problem.image)
        self._weight = (
            problem.light().reciprocal(ITERATION.least_seen) if problem.open_edges else None
        )
        self._blur = Blur(problem.wrapped_psf())
        self.estimate = problem.start()
        if self._weight is not None:
            on_slabs(self._darken_unseen, self.estimate, self._weight.planes)
        self._extrapolation = Extrapolation(self.estimate) if plan.accelerate else None

    def iterate(self, look: bool) -> bool:
        """Improve the estimate once; or return True if it explains the image already."""
        start = self.estimate
        if self._extrapolation is not None:
            start = self._extrapolation.start(self.estimate)
        self._blur.enter(start)
        self._blur.convolve()
        noise = self._plan.noise if look else None
        step = partial(_into_ratio, noise, self._least_variance)
        residuals = self._blur.exchange(step, self._image)
        if noise is not None and math.fsum(residuals) <= self._image.size:
            self.estimate = start
            return True
        self._blur.correlate()
        self._advance(start, self._regularised(start) if self._plan.tv > 0 else self._blur.leave)
        return False

    def _regularised(self, start: Volume) -> OnParts:
        """Divide what is in the buffer by the variation; return how to go through its parts."""
        update = self._blur.left()
        divide_by_variation(update, start, self._plan.tv)
        return lambda step, *arrays: on_slabs(step, update, *arrays)

    def _advance(self, start: Volume, on_parts: OnParts) -> None:
        """Multiply `start` by the adjoint of image / blurred, and make it the estimate."""
        planes = [] if self._weight is None else [self._weight.planes]
        if self._extrapolation is None:
            on_parts(self._improve, start, *planes)
        else:
            products = on_parts(self._improve_and_note, start, self._extrapolation.step, *planes)
            self._extrapolation.learn(self.estimate, products)
        self.estimate = start

    def _improve_and_note(
        self, update: Volume, start: Volume, step: Volume, *planes: Places
    ) -> Products:
        before = start.copy()
        self._improve(update, start, *planes)
        return note_step(before, start, step)

    def _improve(self, update: Volume, start: Volume, *planes: Places) -> None:
        # The transform leaves tiny negative values; an estimate stays at or above 0.
        np.maximum(update, 0, out=update)
        start *= update
        if self._weight is not None:
            start *= self._weight.of_planes(*planes)

    def _darken_unseen(self, estimate: Volume, planes: Places) -> None:
        if self._weight is not None:
            estimate *= self._weight.of_planes(planes) > 0


def mismatch(image: Volume, blurred: Volume, noise: Noise) -> float:
    """Return the mean squared residual over the noise's variance: about 1 for the truth.

    Parameters
    ----------
    image, blurred : array
        The image, and the blurred estimate over its frame; the arrays have axes (z, y, x).
    noise : Noise
        The image's noise.
    """
    measured = blurred[: len(image)]
    step = partial(_residual, noise, _least_variance(image))
    return math.fsum(on_slabs(step, measured, image)) / image.size


def _least_variance(image: Volume) -> float:
    """Return the least variance of a voxel's noise; it follows the brightness of the image."""
    least = (ITERATION.least_noise * float(image.max())) ** 2
    return max(least, ITERATION.least_light)


def _residual(noise: Noise, least: float, blurred: Volume, image: Volume) -> float:
    """Return the sum of the squared residuals of some planes, over the noise's variance."""
    inside = _measured(blurred, image)
    variance = np.maximum(noise.variance(inside), least)
    return float(np.sum((image - inside) ** 2 / variance))


def _measured(blurred: Volume, image: Volume) -> Volume:
    nz, ny, nx = image.shape
    return blurred[:nz, :ny, :nx]


def _into_ratio(noise: Noise | None, least: float, blurred: Volume, image: Volume) -> float:
    """Put image / blurred into `blurred`; return the residual, if the noise is known.

    What was not measured has no say.
    """
    residual = 0.0 if noise is None else _residual(noise, least, blurred, image)
    inside = _measured(blurred, image)
    # Rounding leaves values at or below 0 where there is no light.
    lit = inside > 0
    np.maximum(inside, ITERATION.least_light, out=inside)
    np.divide(image, inside, out=inside)
    inside *= lit
    for axis, length in enumerate(image.shape):
        np.moveaxis(blurred, axis, 0)[length:] = 0
    return residual
