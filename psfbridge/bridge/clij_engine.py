"""The engine inside ImageJ: the clij2-fft Java plug-in."""

from __future__ import annotations

from typing import Any

import numpy as np

from psfbridge.bridge.java.find import java_class, need_scyjava, running
from psfbridge.engines.opencl_devices import Device, chosen_device
from psfbridge.engines.opencl_engine import NativeEngine
from psfbridge.engines.problem import Shape
from psfbridge.errors import BridgeError, EngineError
from psfbridge.imaging.image import Volume

__all__ = ["ClijJavaEngine"]

#: Java's direct buffers count their bytes by a signed 32-bit number.
MOST_BYTES = 2**31 - 1

#: How JOCL, through which CLIJ2 calls OpenCL, says that it is not there: at first, and then.
_NO_LOADER = ("native OpenCL library", "initialize class org.jocl")

_INSTEAD = "or choose {engine=clij2fft} (the same native code without Java) or {engine=cpu}."


class ClijJavaEngine(NativeEngine):
    """Richardson-Lucy inside the Java that runs ImageJ, by Fiji's own CLIJ2-fft plug-in.

    It shares CLIJ2's device, context and memory with the macros of the user, and calls
    ``clij2fftWrapper.deconv3d_32f_lp_tv`` of the clij2-fft jar.

    Parameters
    ----------
    device : str, optional
        Number or part of the name of the device, as CLIJ counts them; by default the one that
        CLIJ2 has open, or chooses.

    Raises
    ------
    EngineError
        If no ImageJ runs in this process, it has no CLIJ2-fft, or the device gives a wrong
        answer.
    OptionError
        If no device, or more than one, is called `device`.
    """

    name = "clij-java"

    def __init__(self, device: str | None = None) -> None:
        _need_java()
        self._wrapper = _plugin("net.haesleinhuepf.clijx.plugins.clij2fftWrapper")
        self._clij2 = _clij2(device)
        super().__init__(_device(self._clij2))

    def _put(self, volume: Volume) -> Any:
        import jpype

        kind = java_class("net.haesleinhuepf.clij.coremem.enums.NativeTypeEnum").Float
        sizes = jpype.JArray(jpype.JLong)(volume.shape[::-1])
        try:
            buffer = self._clij2.create(sizes, kind)
            buffer.readFrom(_direct(np.ascontiguousarray(volume)), True)
        except jpype.JException as fault:
            raise MemoryError(_reason(fault)) from fault
        return buffer

    def _get(self, buffer: Any, volume: Volume) -> None:
        buffer.writeTo(_direct(volume), True)

    def _free(self, buffer: Any) -> None:
        buffer.close()

    def _run(self, frame: Shape, iterations: int, tv: float, buffers: list[Any]) -> int:
        import jpype

        nz, ny, nx = frame
        context = self._clij2.getCLIJ().getClearCLContext()
        places = (context, context.getDefaultQueue(), context.getDevice())
        pointers = [_pointer(one) for one in (*buffers, *places)]
        try:
            status = self._wrapper.deconv3d_32f_lp_tv(iterations, tv, nx, ny, nz, *pointers)
        except jpype.JException as fault:
            raise EngineError(
                f"clij2-fft's plug-in failed on {self.device}: {_reason(fault)}.",
                remedy=f"Update it in Fiji, {_INSTEAD}",
            ) from fault
        return int(status)


def _need_java() -> None:
    try:
        there = running()
    except BridgeError as fault:
        raise EngineError(f"engine clij-java runs inside ImageJ, but {fault}") from fault
    if not there:
        raise EngineError(
            "engine clij-java runs inside ImageJ, but there is no Java in this process.",
            option="engine",
            remedy=f"Use it from a macro in Fiji, {_INSTEAD}",
        )


def _plugin(name: str) -> Any:
    """Return a class of the CLIJ plug-ins, or say which update sites bring it."""
    import jpype

    try:
        return need_scyjava().jimport(name)
    except (TypeError, ImportError, jpype.JException) as fault:
        _check_loader(fault)
        raise EngineError(
            f"the ImageJ that runs here has no CLIJ2-fft: {name} cannot be loaded "
            f"({_reason(fault)}). Turn on Fiji's update sites clij, clij2 and "
            f"clijx-assistant-extensions and restart it, {_INSTEAD}"
        ) from fault


def _clij2(device: str | None) -> Any:
    """Return CLIJ2 on a device; without a choice the instance that macros share."""
    import jpype

    clij2 = _plugin("net.haesleinhuepf.clij2.CLIJ2")
    try:
        if device is None:
            return clij2.getInstance()
        names = _plugin("net.haesleinhuepf.clij.CLIJ").getAvailableDeviceNames()
        found = [Device(n, str(name), "CLIJ", True, 0, 0) for n, name in enumerate(names)]
        return clij2.getInstance(chosen_device(device, found).name)
    except jpype.JException as fault:
        _check_loader(fault)
        raise EngineError(
            f"CLIJ2 opens no OpenCL device: {_reason(fault)}. Install a GPU driver with OpenCL "
            f"support, {_INSTEAD}"
        ) from fault


def _check_loader(fault: BaseException) -> None:
    """Distinguish a missing OpenCL loader from a missing plug-in or driver."""
    if any(words in str(fault) for words in _NO_LOADER):
        raise EngineError(
            "Java cannot find the OpenCL loader (libOpenCL.so, on Windows OpenCL.dll), which "
            "gives access to the GPU driver.",
            option="engine",
            remedy="Install it (Debian, Ubuntu: apt install ocl-icd-opencl-dev; libOpenCL.so.1 "
            f"alone is not enough for Java) and your GPU driver, {_INSTEAD}",
        ) from fault


def _device(clij2: Any) -> Device:
    device = clij2.getCLIJ().getClearCLContext().getDevice()
    return Device(
        number=0,
        name=str(device.getName()).strip(),
        platform="CLIJ2 in Java",
        gpu=str(device.getType()) == "GPU",
        memory_bytes=int(device.getGlobalMemorySizeInBytes()),
        buffer_bytes=min(int(device.getMaxMemoryAllocationSizeInBytes()), MOST_BYTES),
    )


def _pointer(owner: Any) -> int:
    """Return the native handle that a Java object holds."""
    return int(owner.getPeerPointer().getPointer().getNativePointer())


def _direct(volume: Volume) -> Any:
    """Return a Java buffer over the memory of a volume."""
    import jpype

    order = java_class("java.nio.ByteOrder").nativeOrder()
    return jpype.nio.convertToDirectBuffer(volume.reshape(-1).view(np.int8)).order(order)


def _reason(fault: BaseException) -> str:
    lines = str(fault).strip().splitlines()
    return lines[0][:300] if lines else type(fault).__name__
