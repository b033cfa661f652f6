"""The common base of the engines that call the native code of clij2-fft."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from psfbridge._util.memory import free_bytes, readable_bytes
from psfbridge.engines.base import ON_THE_CPU, Engine, Estimate, Plan
from psfbridge.engines.clij2fft_library import captured_output
from psfbridge.engines.convolution import Blur
from psfbridge.engines.cpu import mismatch
from psfbridge.engines.opencl_devices import Device
from psfbridge.engines.problem import Problem, Shape
from psfbridge.engines.selfcheck import check_answers
from psfbridge.engines.settings import ITERATION, OPENCL
from psfbridge.errors import EngineError, OptionError
from psfbridge.imaging.image import Volume
from psfbridge.progress import Progress, no_progress

__all__ = ["NativeEngine"]


class NativeEngine(Engine):
    """Richardson-Lucy by clij2-fft's native code on an OpenCL device.

    The frame lies on the device throughout; native code is called for a few iterations at a time,
    what it prints is caught, and its answers are not believed before it has solved a small
    problem rightly.

    Parameters
    ----------
    chosen : Device
        Where it runs.
    """

    def __init__(self, chosen: Device) -> None:
        self.chosen = chosen
        self.device = str(chosen)
        self._checked_tv = False
        check_answers(self, tv=0.0)

    @abstractmethod
    def _put(self, volume: Volume) -> Any:
        """Return a buffer on the device with these voxels.

        Raises
        ------
        MemoryError
            If the device has no room for it.
        """

    @abstractmethod
    def _get(self, buffer: Any, volume: Volume) -> None:
        """Copy a buffer into a volume."""

    @abstractmethod
    def _free(self, buffer: Any) -> None:
        """Release a buffer."""

    @abstractmethod
    def _run(self, frame: Shape, iterations: int, tv: float, buffers: list[Any]) -> int:
        """Call native code with image, PSF, estimate and light seen; return its status."""

    def solve(self, problem: Problem, plan: Plan, progress: Progress = no_progress) -> Estimate:
        """Run Richardson-Lucy; acceleration is not in clij2-fft and is refused."""
        if plan.accelerate:
            raise OptionError(
                f"{{accelerate}} is set and the engine is {self.name}, which cannot accelerate.",
                option="accelerate",
                remedy="Choose {engine=cpu}, or omit {accelerate}.",
            )
        if plan.tv > 0 and not self._checked_tv:
            self._checked_tv = True
            check_answers(self, tv=0.01)
        self._check_room(problem.frame, plan)
        with self._buffers(problem) as buffers:
            return self._iterated(problem, plan, progress, buffers)

    def room_bytes(self) -> int:
        """Return the device's memory, or what its largest buffer allows, or the host's."""
        room = min(self.chosen.memory_bytes, OPENCL.copies * self.chosen.buffer_bytes)
        return room if self.chosen.gpu else min(room, free_bytes())

    def needed_bytes(self, frame: Shape, plan: Plan) -> int:  # noqa: ARG002 - the same for all
        """Estimate the device memory: eleven float32 copies of the frame."""
        nz, ny, nx = frame
        return OPENCL.copies * 4 * nz * ny * (nx + 2)

    def _check_room(self, frame: Shape, plan: Plan) -> None:
        needed, room = self.needed_bytes(frame, plan), self.room_bytes()
        if needed > room:
            raise EngineError(
                f"{self.device} has too little memory: a block of {frame} needs "
                f"{readable_bytes(needed)}, {readable_bytes(room)} are available.",
                remedy="Choose smaller tiles, {tile_um=Z Y X}, or {engine=cpu}.",
            )

    @contextmanager
    def _buffers(self, problem: Problem) -> Iterator[list[Any]]:
        """Put image, PSF, first estimate and light seen onto the device; free them afterwards."""
        with ExitStack() as stack:
            buffers = []
            for volume in _volumes(problem):
                try:
                    buffer = self._put(volume)
                except MemoryError as fault:
                    raise self._out_of_memory(problem.frame, fault) from fault
                stack.callback(self._free, buffer)
                buffers.append(buffer)
            yield buffers

    def _out_of_memory(self, frame: Shape, fault: Exception) -> EngineError:
        needed = readable_bytes(OPENCL.copies * 4 * math.prod(frame))
        return EngineError(
            f"a block of {frame} does not fit into the memory of {self.device}: {fault}; about "
            f"{needed} are needed.",
            remedy="Close other programs that use the device, choose smaller tiles, {tile_um=Z Y "
            "X}, or {engine=cpu}.",
        )

    def _iterated(
        self, problem: Problem, plan: Plan, progress: Progress, buffers: list[Any]
    ) -> Estimate:
        blur = Blur(problem.wrapped_psf()) if plan.noise else None
        done, bunch, every = 0, 1, ITERATION.look_every
        while done < plan.iterations:
            progress("Richardson-Lucy", done, plan.iterations)
            if done % every == 0 and self._explained(problem, plan, blur, buffers):
                return Estimate(self._estimate(problem, buffers), done, "discrepancy")
            until_look = every - done % every if blur else plan.iterations
            count = min(bunch, until_look, plan.iterations - done)
            began = time.perf_counter()
            self._call(problem.frame, count, plan.tv, buffers)
            done += count
            if count == bunch:
                more = OPENCL.call_s / (time.perf_counter() - began)
                bunch = max(bunch, int(bunch * min(more, OPENCL.most_growth)))
        progress("Richardson-Lucy", done, plan.iterations)
        return Estimate(self._sound_estimate(problem, buffers), done)

    def _call(self, frame: Shape, iterations: int, tv: float, buffers: list[Any]) -> None:
        """Call native code; raise what it would only have printed."""
        with captured_output() as faults:
            status = self._run(frame, iterations, tv, buffers)
        if faults or status != 0:
            raise EngineError(
                f"clij2-fft failed on {self.device} with a block of {frame}: "
                f"{faults[0] if faults else f'it returned {status}'}.",
                remedy=ON_THE_CPU,
            )

    def _estimate(self, problem: Problem, buffers: list[Any]) -> Volume:
        estimate = np.empty(problem.frame, np.float32)
        self._get(buffers[2], estimate)
        return estimate

    def _explained(
        self, problem: Problem, plan: Plan, blur: Blur | None, buffers: list[Any]
    ) -> bool:
        if plan.noise is None or blur is None:
            return False
        blurred = blur.convolved(self._estimate(problem, buffers))
        return mismatch(problem.image, blurred, plan.noise) <= 1

    def _sound_estimate(self, problem: Problem, buffers: list[Any]) -> Volume:
        """Return the estimate, after a look for the faults that clij2-fft does not report."""
        estimate = self._estimate(problem, buffers)
        if not np.isfinite(estimate).all():
            raise EngineError(
                f"clij2-fft returned NaN or infinite voxels on {self.device}.", remedy=ON_THE_CPU
            )
        start = problem.start()
        if np.ptp(problem.image) > 0 and np.array_equal(estimate, start):
            raise EngineError(
                f"clij2-fft returned the starting image unchanged on {self.device}.",
                remedy=ON_THE_CPU,
            )
        return estimate


def _volumes(problem: Problem) -> Iterator[Volume]:
    """Yield image, PSF, first estimate and light seen over the frame, one in memory at a time."""
    image = np.zeros(problem.frame, np.float32)
    nz, ny, nx = problem.image.shape
    image[:nz, :ny, :nx] = problem.image
    yield image
    yield problem.wrapped_psf()
    start, seen = problem.start(), np.ones(problem.frame, np.float32)
    if problem.open_edges:
        seen = problem.light().whole()
        enough = seen >= ITERATION.least_seen
        start *= enough
        seen[~enough] = 1
    yield start
    yield seen
