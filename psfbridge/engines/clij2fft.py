"""The engine clij2fft: the native code of Fiji's CLIJ2-fft on an OpenCL device."""

from __future__ import annotations

from typing import Any

from psfbridge.engines.clij2fft_library import load_library
from psfbridge.engines.opencl_devices import Device, chosen_device, list_devices
from psfbridge.engines.opencl_engine import NativeEngine
from psfbridge.engines.problem import Shape
from psfbridge.errors import EngineError
from psfbridge.imaging.image import Volume

__all__ = ["Clij2FftEngine"]


class Clij2FftEngine(NativeEngine):
    """Richardson-Lucy by the entry point that Fiji's CLIJ2-fft plug-in calls, without Java.

    Parameters
    ----------
    device : str, optional
        Number or part of the name of the OpenCL device; by default the GPU with most memory.

    Raises
    ------
    EngineError
        If clij2-fft or OpenCL is absent, or the device gives a wrong answer.
    OptionError
        If no device, or more than one, is called `device`.
    """

    name = "clij2fft"

    def __init__(self, device: str | None = None) -> None:
        self._library = load_library()
        chosen = chosen_device(device, list_devices())
        self._context, self._queue = _opened(chosen)
        super().__init__(chosen)

    def _put(self, volume: Volume) -> Any:
        import pyopencl

        flags = pyopencl.mem_flags.READ_WRITE | pyopencl.mem_flags.COPY_HOST_PTR
        try:
            return pyopencl.Buffer(self._context, flags, hostbuf=volume)
        except (pyopencl.MemoryError, pyopencl.RuntimeError) as fault:
            raise MemoryError(str(fault)) from fault

    def _get(self, buffer: Any, volume: Volume) -> None:
        import pyopencl

        pyopencl.enqueue_copy(self._queue, volume, buffer)

    def _free(self, buffer: Any) -> None:
        buffer.release()

    def _run(self, frame: Shape, iterations: int, tv: float, buffers: list[Any]) -> int:
        nz, ny, nx = frame
        image, psf, estimate, seen = (buffer.int_ptr for buffer in buffers)
        places = (self._context.int_ptr, self._queue.int_ptr, self.chosen.handle.int_ptr)
        status: int = self._library.deconv3d_32f_lp_tv(
            iterations, tv, nx, ny, nz, image, psf, estimate, seen, *places
        )
        return status


def _opened(device: Device) -> tuple[Any, Any]:
    import pyopencl

    try:
        context = pyopencl.Context([device.handle])
        return context, pyopencl.CommandQueue(context)
    except pyopencl.Error as fault:
        raise EngineError(
            f"the OpenCL device {device} cannot be opened: {fault}.",
            option="device",
            remedy="Choose another, {device=NAME}, or {engine=cpu}.",
        ) from fault
