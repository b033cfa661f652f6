"""The registry of engines, and the choice among them."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module

from psfbridge._util.validate import choice
from psfbridge.engines.base import Engine
from psfbridge.engines.cpu import CpuEngine
from psfbridge.errors import EngineError
from psfbridge.options import ENGINES

__all__ = ["open_engine"]

#: Environment variables that choose where the user did not.
ENGINE_VARIABLE, DEVICE_VARIABLE = "PSFBRIDGE_ENGINE", "PSFBRIDGE_DEVICE"

#: Engines that are loaded when they are asked for: each needs a library, or Java, of its own.
_HOMES = {
    "clij2fft": "psfbridge.engines.clij2fft:Clij2FftEngine",
    "clij-java": "psfbridge.bridge.clij_engine:ClijJavaEngine",
}


def open_engine(name: str = "auto", device: str | None = None) -> Engine:
    """Open an engine; `Engine.reason` says why it was chosen.

    Parameters
    ----------
    name : {'auto', 'cpu', 'clij2fft', 'clij-java'}
        ``auto`` is ``clij2fft`` where it finds a GPU and passes its self-check there, else
        ``cpu``. ``clij-java`` runs inside the Java of an ImageJ that has the CLIJ2-fft plug-in.
        The environment variable ``PSFBRIDGE_ENGINE`` takes the place of ``auto``.
    device : str, optional
        Number or part of the name of an OpenCL device. The environment variable
        ``PSFBRIDGE_DEVICE`` takes its place where it is not given.

    Raises
    ------
    EngineError
        If an engine that was asked for by its name cannot run.
    OptionError
        If there is no engine or device of that name.

    Examples
    --------
    >>> open_engine("cpu").reason
    'as asked'
    """
    reason = "as asked"
    if name == "auto" and os.environ.get(ENGINE_VARIABLE):
        name, reason = os.environ[ENGINE_VARIABLE], f"set by {ENGINE_VARIABLE}"
    name = choice("engine", name, ENGINES)
    device = device or os.environ.get(DEVICE_VARIABLE) or None
    if name == "auto":
        return _best(device)
    engine = _named(name, device)
    engine.reason = reason
    return engine


def _best(device: str | None) -> Engine:
    """Take the GPU if it works; the processor's own engine beats OpenCL on the processor."""
    from psfbridge.engines.opencl_devices import chosen_device, list_devices

    try:
        found = chosen_device(device, list_devices())
        if not found.gpu and device is None:
            return _cpu(f"there is no GPU with OpenCL (only {found.name})")
        engine = _clij2fft(device)
    except EngineError as fault:
        return _cpu(str(fault).rstrip("."))
    engine.reason = (
        "a GPU was found and passed the self-check"
        if found.gpu
        else ("because of the device given")
    )
    return engine


def _named(name: str, device: str | None) -> Engine:
    return CpuEngine() if name == "cpu" else _engine(name)(device)


def _cpu(reason: str) -> Engine:
    engine = CpuEngine()
    engine.reason = reason
    return engine


def _clij2fft(device: str | None) -> Engine:
    return _engine("clij2fft")(device)


def _engine(name: str) -> Callable[[str | None], Engine]:
    module, _, its_class = _HOMES[name].partition(":")
    opened: Callable[[str | None], Engine] = getattr(import_module(module), its_class)
    return opened
