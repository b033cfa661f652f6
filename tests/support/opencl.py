"""Where OpenCL is, PoCL's on the processor will do; what needs it is skipped, by name, without."""

from __future__ import annotations

import pytest

from psfbridge.engines.clij2fft_library import load_library
from psfbridge.engines.opencl_devices import list_devices
from psfbridge.errors import EngineError


def _here() -> bool:
    try:
        load_library()
        return bool(list_devices())
    except EngineError:
        return False


OPENCL = (
    pytest.mark.opencl,
    pytest.mark.skipif(not _here(), reason="no OpenCL device with clij2-fft here"),
)
