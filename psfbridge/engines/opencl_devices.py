"""The OpenCL devices of this computer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psfbridge._util.extras import how_to_install
from psfbridge.errors import EngineError, OptionError

__all__ = ["Device", "chosen_device", "list_devices"]


@dataclass(frozen=True)
class Device:
    """An OpenCL device.

    Parameters
    ----------
    number : int
        Counted from 0 over all platforms.
    name, platform : str
        As the driver calls them.
    gpu : bool
        Whether it is a GPU; OpenCL can also run on the processor.
    memory_bytes, buffer_bytes : int
        All its memory, and the most that one buffer may take.
    handle : object
        pyopencl's own record of it.
    """

    number: int
    name: str
    platform: str
    gpu: bool
    memory_bytes: int
    buffer_bytes: int
    handle: Any = None

    def __str__(self) -> str:
        kind = "GPU" if self.gpu else "CPU"
        return f"{self.number}: {self.name} ({kind}, {self.platform})"


def list_devices() -> list[Device]:
    """Return every OpenCL device of every platform.

    Raises
    ------
    EngineError
        If pyopencl is not installed, or there is no OpenCL device.
    """
    try:
        import pyopencl
    except ImportError as fault:
        raise EngineError(
            f"pyopencl cannot be used: {fault}.",
            option="engine",
            remedy=f"Install it ({how_to_install('clij')}), or choose {{engine=cpu}}.",
        ) from fault
    found = [(platform, handle) for platform in _platforms(pyopencl) for handle in _of(platform)]
    if not found:
        raise _no_device()
    return [_device(number, *pair) for number, pair in enumerate(found)]


def _no_device() -> EngineError:
    return EngineError(
        "no OpenCL device was found.",
        option="engine",
        remedy="Install a GPU driver with OpenCL support (or PoCL, which runs on the CPU), or "
        "choose {engine=cpu}.",
    )


def _platforms(pyopencl: Any) -> list[Any]:
    try:
        return list(pyopencl.get_platforms())
    except pyopencl.LogicError as fault:
        # The loader's way to say that no driver is there.
        raise _no_device() from fault


def _of(platform: Any) -> list[Any]:
    import pyopencl

    try:
        return list(platform.get_devices())
    except pyopencl.RuntimeError:
        # CL_DEVICE_NOT_FOUND: a driver without its hardware.
        return []


def _device(number: int, platform: Any, handle: Any) -> Device:
    import pyopencl

    return Device(
        number,
        handle.name.strip(),
        platform.name.strip(),
        bool(handle.type & pyopencl.device_type.GPU),
        int(handle.global_mem_size),
        int(handle.max_mem_alloc_size),
        handle,
    )


def chosen_device(wanted: str | None, devices: list[Device]) -> Device:
    """Return the device that a user means by a number or a part of its name.

    Parameters
    ----------
    wanted : str, optional
        Number, or part of the name or of the platform's name; by default the GPU with the most
        memory, or the first device where there is no GPU.
    devices : list of Device
        What to choose from.

    Raises
    ------
    OptionError
        If none fits, or several do.
    """
    if wanted is None:
        gpus = [device for device in devices if device.gpu]
        return max(gpus, key=lambda device: device.memory_bytes, default=devices[0])
    text = wanted.strip().lower()
    fitting = [device for device in devices if text == str(device.number)]
    if not text.isdigit():
        fitting = [d for d in devices if text in f"{d.name} {d.platform}".lower()]
    if len(fitting) == 1:
        return fitting[0]
    found = "no device matches" if not fitting else "several devices match"
    raise OptionError(
        f"device is {wanted!r}: {found}; allowed are {', '.join(map(str, devices))}. "
        "Give its number: {{device=N}}."
    )
