"""The CPU engine: Richardson-Lucy by SciPy's FFT in float32 on all cores; the reference."""

from __future__ import annotations

import math

import numpy as np

from psfbridge.engines.base import LOOK_EVERY, Engine, Plan, Solution
from psfbridge.engines.blur import Blur, cores, over_slabs
from psfbridge.engines.extrapolation import Extrapolation
from psfbridge.engines.problem import LEAST_SEEN, Problem, Shape
from psfbridge.engines.variation import divide_by_variation
from psfbridge.image import Volume
from psfbridge.memory import free_bytes
from psfbridge.noise import Noise
from psfbridge.progress import Progress, no_progress

__all__ = ["CpuEngine", "mismatch"]


class CpuEngine(Engine):
    """Richardson-Lucy on the processor; it needs nothing but NumPy and SciPy."""

    name = "cpu"

    def __init__(self) -> None:
        self.device = f"{cores()} CPU cores"

    def solve(self, problem: Problem, plan: Plan, progress: Progress = no_progress) -> Solution:
        """Run Richardson-Lucy; each iteration costs four real FFTs of the frame."""
        run = _Run(problem, plan)
        for done in range(plan.iterations):
            progress("Richardson-Lucy", done, plan.iterations)
            if run.iterate(look=done % LOOK_EVERY == 0):
                return Solution(run.estimate, done, "discrepancy")
        progress("Richardson-Lucy", plan.iterations, plan.iterations)
        return Solution(run.estimate, plan.iterations)

    def room_bytes(self) -> int:
        """Return the memory that is free now."""
        return free_bytes()

    def needed_bytes(self, frame: Shape, plan: Plan) -> int:
        """Estimate the memory: six float32 copies of the frame, eight if accelerated."""
        return (8 if plan.accelerate else 6) * 4 * math.prod(frame)


class _Run:
    """One problem being solved: what the iterations share."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self._image, self._plan = problem.image, plan
        self._weight = _weight(problem.seen()) if problem.open_edges else None
        self._blur = Blur(problem.wrapped_psf())
        self._extrapolation = Extrapolation() if plan.accelerate else None
        self.estimate = problem.start()
        if self._weight is not None:
            self.estimate *= self._weight > 0

    def iterate(self, look: bool) -> bool:
        """Improve the estimate once; or return True if it explains the image already."""
        start = self.estimate
        if self._extrapolation is not None:
            start = self._extrapolation.start(self.estimate)
        volume = self._blur.convolved(self._blur.spectrum(start))
        noise = self._plan.noise
        if look and noise is not None and mismatch(self._image, volume, noise) <= 1:
            self.estimate = start
            return True
        _into_ratio(volume, self._image)
        spectrum = self._blur.spectrum(volume)
        del volume  # six volumes are the most there are at once, because of this
        update = self._blur.correlated(spectrum)
        self._advance(start, update)
        return False

    def _advance(self, start: Volume, update: Volume) -> None:
        """Make `update`, the adjoint of image / blurred, the new estimate."""
        if self._plan.tv > 0:
            divide_by_variation(update, start, self._plan.tv)
        weights = [] if self._weight is None else [self._weight]
        over_slabs(_multiply, update, start, *weights)
        if self._extrapolation is not None:
            self._extrapolation.learn(self.estimate, start, update)
        self.estimate = update


def mismatch(image: Volume, blurred: Volume, noise: Noise) -> float:
    """Return the mean squared residual over the noise's variance: about 1 for the truth.

    Parameters
    ----------
    image, blurred : array
        The image, and the blurred estimate over its frame; the arrays have axes (z, y, x).
    noise : Noise
        The image's noise.
    """

    def residual(image: Volume, blurred: Volume) -> float:
        variance = noise.variance(blurred)
        return float(np.sum((image - blurred) ** 2 / np.maximum(variance, 1e-12)))

    return math.fsum(over_slabs(residual, image, _measured(blurred, image))) / image.size


def _weight(seen: Volume) -> Volume:
    """Turn the light seen into its reciprocal; 0 where too little is seen to say anything."""

    def invert(seen: Volume) -> None:
        enough = seen >= LEAST_SEEN
        np.divide(1, seen, out=seen, where=enough)
        seen *= enough

    over_slabs(invert, seen)
    return seen


def _measured(volume: Volume, image: Volume) -> Volume:
    nz, ny, nx = image.shape
    return volume[:nz, :ny, :nx]


def _into_ratio(blurred: Volume, image: Volume) -> None:
    """Put image / blurred into `blurred`; what was not measured has no say."""

    def divide(blurred: Volume, image: Volume) -> None:
        # Rounding leaves values at or below 0 where there is no light.
        lit = blurred > 0
        np.divide(image, blurred, out=blurred, where=lit)
        blurred *= lit

    over_slabs(divide, _measured(blurred, image), image)
    for axis, length in enumerate(image.shape):
        np.moveaxis(blurred, axis, 0)[length:] = 0


def _multiply(update: Volume, *factors: Volume) -> None:
    # The transform leaves tiny negative values; an estimate stays at or above 0.
    np.maximum(update, 0, out=update)
    for factor in factors:
        update *= factor
