"""Loading and calling of the native libraries of clij2-fft."""

from __future__ import annotations

import atexit
import ctypes
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from psfbridge._util.extras import how_to_install
from psfbridge.errors import EngineError

__all__ = ["captured_output", "load_library"]

#: The libraries' files by platform, the one that the other needs first.
_FILES = {
    "linux": ("libclFFT.so.2", "libclij2fft.so"),
    "darwin": ("libclFFT.2.dylib", "libclij2fft.dylib"),
    "win32": ("clFFT.dll", "clij2fft.dll"),
}

_REMEDY = "pip install --force-reinstall clij2-fft, or choose {engine=cpu}."


@cache
def load_library() -> Any:
    """Load clij2-fft's native code, the same that Fiji's CLIJ2-fft plug-in calls.

    The wheel puts it where the loader does not look (``lib`` or ``Library/bin`` beside Python), so
    it is loaded by its path, after clFFT, which it needs.

    Raises
    ------
    EngineError
        If clij2-fft is not installed, or its libraries cannot be loaded.
    """
    try:
        names = _FILES[sys.platform]
    except KeyError:
        raise EngineError(
            f"clij2-fft has no library for {sys.platform}; it supports {', '.join(_FILES)}.",
            option="engine",
            remedy="Choose {engine=cpu}.",
        ) from None
    # ctypes keeps what it has loaded.
    library = [_load(name) for name in names][-1]
    _declare(library)
    atexit.register(_tear_down, library)
    return library


def _load(name: str) -> ctypes.CDLL:
    path = _installed(name)
    try:
        return ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    except OSError as fault:
        raise EngineError(
            f"clij2-fft's library {name} cannot be loaded: {fault}.",
            option="engine",
            remedy="Install OpenCL's loader (Debian: ocl-icd-libopencl1) if it is missing; "
            f"otherwise {_REMEDY}",
        ) from fault


def _installed(name: str) -> Path:
    """Find a file of the wheel by the list of files that pip keeps."""
    try:
        files = metadata.distribution("clij2-fft").files or []
    except metadata.PackageNotFoundError:
        raise EngineError(
            "clij2-fft is not installed.",
            option="engine",
            remedy=f"Install it ({how_to_install('clij')}), or choose {{engine=cpu}}.",
        ) from None
    for file in files:
        path = Path(str(file.locate())).resolve()
        if path.name == name and path.is_file():
            return path
    raise EngineError(f"the clij2-fft installation lacks its library {name}. {_REMEDY}")


def _declare(library: Any) -> None:
    """Declare the one function used: iterations, strength, nx, ny, nz and seven OpenCL handles."""
    handle = ctypes.c_longlong
    function = library.deconv3d_32f_lp_tv
    function.argtypes = [ctypes.c_int, ctypes.c_float, *[ctypes.c_size_t] * 3, *[handle] * 7]
    function.restype = ctypes.c_int


def _tear_down(library: Any) -> None:
    # Otherwise clFFT complains on stderr when Python ends.
    library.cleanup()


@contextmanager
def captured_output() -> Iterator[list[str]]:
    """Catch what native code prints to stdout and stderr, for all of the process.

    clij2-fft prints its progress and its errors and returns neither; the lines of the errors are
    in the list that this gives once the block has ended.
    """
    faults: list[str] = []
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [(stream, os.dup(stream)) for stream in (1, 2)]
    with tempfile.TemporaryFile() as file:
        try:
            for stream, _ in kept:
                os.dup2(file.fileno(), stream)
            yield faults
        finally:
            _flush_c()
            for stream, copy in kept:
                os.dup2(copy, stream)
                os.close(copy)
            file.seek(0)
            faults += _faults(file.read().decode(errors="replace"))


def _flush_c() -> None:
    ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None).fflush(None)


def _faults(printed: str) -> list[str]:
    """Return the lines that report errors, ignoring compiler warnings."""
    sign = re.compile(r"runtime error|failed to load|out of memory|cl_[a-z_]*(failure|invalid)")
    return [line.strip() for line in printed.splitlines() if sign.search(line.lower())]
