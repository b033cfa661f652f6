"""The self-check of engines: a small problem with a known answer."""

from __future__ import annotations

import numpy as np

from psfbridge.engines.base import ON_THE_CPU, Engine, Plan
from psfbridge.engines.cpu import CpuEngine
from psfbridge.engines.problem import Problem, circulant_problem
from psfbridge.engines.settings import SELF_CHECK
from psfbridge.errors import EngineError

__all__ = ["check_answers"]


def check_answers(engine: Engine, tv: float) -> None:
    """Let an engine solve a small problem, and compare with the CPU engine.

    Nothing in the problem is symmetric: an axis turned or swapped, a shift by a voxel, a
    correlation taken for a convolution, a start returned unchanged, all show.

    Raises
    ------
    EngineError
        If the answer is wrong.
    """
    problem = _problem()
    plan = Plan(iterations=SELF_CHECK.iterations, tv=tv)
    right = CpuEngine().solve(problem, plan).estimate
    found = engine.solve(problem, plan).estimate
    error = float(np.abs(found - right).max() / right.max())
    if error <= SELF_CHECK.tolerance:
        return
    kind = "the input unchanged" if np.array_equal(found, problem.start()) else "a wrong answer"
    raise EngineError(
        f"{engine.name} returned {kind} in its self-check (device: {engine.device}; error "
        f"{error:.2g}, at most {SELF_CHECK.tolerance:g} is allowed).",
        option="engine",
        remedy=ON_THE_CPU,
    )


def _problem() -> Problem:
    rng = np.random.default_rng(20061)
    image = (rng.random((6, 10, 12)) ** 2 + 0.1).astype(np.float32)
    psf = rng.random((3, 5, 5)).astype(np.float32) ** 3
    return circulant_problem(image, psf)
