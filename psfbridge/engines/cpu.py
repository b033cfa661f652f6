"""The CPU engine: Richardson-Lucy by SciPy's FFT in float32 on all cores; the reference."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from psfbridge.engines.base import Engine, Plan, Solution
from psfbridge.engines.blur import Blur, cores, over_slabs
from psfbridge.engines.problem import LEAST_SEEN, Problem
from psfbridge.image import Volume
from psfbridge.progress import Progress, no_progress

__all__ = ["CpuEngine"]


class CpuEngine(Engine):
    """Richardson-Lucy on the processor; it needs nothing but NumPy and SciPy."""

    name = "cpu"

    def __init__(self) -> None:
        self.device = f"{cores()} CPU cores"

    def solve(self, problem: Problem, plan: Plan, progress: Progress = no_progress) -> Solution:
        """Run Richardson-Lucy; each iteration costs four real FFTs of the frame."""
        blur = Blur(problem.wrapped_psf())
        estimate, weight = problem.start(), None
        if problem.open_edges:
            weight = _weight(problem.seen())
            estimate *= weight > 0
        for done in range(plan.iterations):
            progress("Richardson-Lucy", done, plan.iterations)
            update = _correction(blur, problem.image, estimate)
            _multiply(estimate, update, weight)
        progress("Richardson-Lucy", plan.iterations, plan.iterations)
        return Solution(estimate, plan.iterations)

    def room_bytes(self) -> int:
        """Return the memory that is free now."""
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")

    def needed_bytes(self, frame: tuple[int, int, int], plan: Plan) -> int:
        """Estimate the memory: six float32 copies of the frame, nine if accelerated."""
        copies = 9 if plan.accelerate else 6
        return copies * 4 * int(np.prod(frame, dtype=np.int64))


def _weight(seen: Volume) -> Volume:
    """Return the reciprocal of the light seen; 0 where too little is seen to say anything."""
    weight = np.zeros_like(seen)
    np.divide(1, seen, out=weight, where=seen >= LEAST_SEEN)
    return weight


def _correction(blur: Blur, image: Volume, estimate: Volume) -> Volume:
    """Return the factor of Richardson-Lucy: the PSF's adjoint of (image / blurred estimate)."""
    ratio = blur.forward(estimate)
    measured = tuple(slice(0, length) for length in image.shape)
    over_slabs(_divide, ratio[measured], image)
    for axis, length in enumerate(image.shape):
        # What was not measured has no say.
        np.moveaxis(ratio, axis, 0)[length:] = 0
    return blur.adjoint(ratio)


def _divide(blurred: NDArray[np.float32], image: NDArray[np.float32]) -> None:
    """Put image / blurred into `blurred`; 0 where rounding made it not positive."""
    lit = blurred > 0
    np.divide(image, blurred, out=blurred, where=lit)
    blurred *= lit


def _multiply(estimate: Volume, update: Volume, weight: Volume | None) -> None:
    # The transform leaves tiny negative values; an estimate stays at or above zero.
    def step(estimate: Volume, update: Volume, *weight: Volume) -> None:
        np.maximum(update, 0, out=update)
        for factor in (update, *weight):
            np.multiply(estimate, factor, out=estimate)

    over_slabs(step, estimate, update, *([] if weight is None else [weight]))
