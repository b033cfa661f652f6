"""Richardson-Lucy engines: one protocol, a CPU reference, and OpenCL through clij2-fft."""

from __future__ import annotations

from psfbridge.engines.base import Engine, Estimate, Plan
from psfbridge.engines.cpu import CpuEngine
from psfbridge.engines.registry import open_engine

__all__ = ["CpuEngine", "Engine", "Estimate", "Plan", "open_engine"]
