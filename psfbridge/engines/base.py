"""The protocol of Richardson-Lucy engines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from psfbridge.engines.problem import Problem, circulant_problem
from psfbridge.errors import ImageError
from psfbridge.imaging.image import Volume
from psfbridge.imaging.noise import Noise
from psfbridge.progress import Progress, no_progress

__all__ = ["ON_THE_CPU", "Engine", "Estimate", "Plan", "checked_volume"]

#: What to do where an OpenCL engine fails.
ON_THE_CPU = "Choose {engine=cpu}; psfbridge doctor lists the OpenCL devices."


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan for solving a problem.

    Parameters
    ----------
    iterations : int
        How many iterations, at most.
    tv : float
        Strength of the total variation; 0 is none.
    accelerate : bool
        Whether each step is extrapolated from the last two (Biggs and Andrews 1997).
    noise : Noise, optional
        The image's noise; with it the iterations end where the residual is as small as the noise,
        which is looked at every few iterations.
    """

    iterations: int
    tv: float = 0.0
    accelerate: bool = False
    noise: Noise | None = None


@dataclass(frozen=True, eq=False)
class Estimate:
    """An estimate over the whole frame of its problem, and how it was reached."""

    estimate: Volume
    iterations: int
    ended: str = "iterations"


class Engine(ABC):
    """The protocol of Richardson-Lucy engines.

    All engines get the same `Problem`, already padded, so that they differ in rounding only: the
    CPU engine defines the right answer, and the others agree with it to 1e-3 relative.
    """

    #: What the user calls the engine.
    name: str
    #: Where it runs, in words.
    device: str
    #: Why it was taken, in words.
    reason: str = "as asked"

    def __str__(self) -> str:
        return f"{self.name} on {self.device}: {self.reason}"

    @abstractmethod
    def solve(self, problem: Problem, plan: Plan, progress: Progress = no_progress) -> Estimate:
        """Run Richardson-Lucy on a prepared problem."""

    @abstractmethod
    def room_bytes(self) -> int:
        """Return how many bytes the engine may use."""

    @abstractmethod
    def needed_bytes(self, frame: tuple[int, int, int], plan: Plan) -> int:
        """Estimate how many bytes a problem with this frame needs."""

    def richardson_lucy(
        self,
        image: ArrayLike,
        psf: ArrayLike,
        iterations: int,
        *,
        progress: Progress = no_progress,
    ) -> Volume:
        """Run plain circulant Richardson-Lucy, as ``clij2fft.richardson_lucy`` does.

        Where a length has a prime factor above 7 the image is extended by reflection and the PSF
        by zeros, half on each side, to the next length that has none. The PSF is taken as centred
        on index ``n // 2`` of the extended frame. The estimate starts as the image; its sum is
        the image's in every iteration, whatever the sum of the PSF.

        Parameters
        ----------
        image : array
            The array has axes (z, y, x). The units are counts, not negative.
        psf : array
            The array has axes (z, y, x); any size up to the image's, or larger. For PSF
            distilling with the roles swapped it is the image of points.
        iterations : int
            How many iterations.
        progress : Progress
            Called after each iteration; may raise `psfbridge.errors.Cancelled`.

        Returns
        -------
        array of float32
            The estimate, of the image's shape.
        """
        measured = checked_volume(image, "the image")
        problem = circulant_problem(measured, checked_volume(psf, "the PSF"))
        solution = self.solve(problem, Plan(iterations=iterations), progress)
        return problem.cut(solution.estimate)


def checked_volume(data: ArrayLike, name: str) -> Volume:
    """Return `data` as a float32 volume that Richardson-Lucy can work on."""
    volume = np.ascontiguousarray(data, np.float32)
    if volume.ndim != 3 or volume.size == 0:
        raise ImageError(f"{name} has shape {volume.shape}; three axes z, y, x are needed.")
    least, sound = float(volume.min()), bool(np.isfinite(volume).all())
    if not sound:
        raise ImageError(f"{name} contains NaN or infinite voxels. Replace them first.")
    if least < 0:
        raise ImageError(
            f"{name} contains negative voxels (minimum {least:g}), which Richardson-Lucy cannot "
            "handle. Add a constant first."
        )
    if not volume.any():
        raise ImageError(f"{name} is zero everywhere; there is nothing to deconvolve.")
    return volume
