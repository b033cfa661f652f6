"""Where Richardson-Lucy runs: one protocol, the CPU as the reference, OpenCL through clij2-fft."""

from __future__ import annotations

from psfbridge.engines.base import Engine, Plan, Solution
from psfbridge.engines.cpu import CpuEngine

__all__ = ["CpuEngine", "Engine", "Plan", "Solution", "open_engine"]


def open_engine(name: str = "auto") -> Engine:
    """Return the engine called `name`."""
    from psfbridge.checks import choice

    choice("engine", name, ("auto", "cpu"))
    return CpuEngine()
