"""Storage of the standard error in the file of a PSF."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from psfbridge.imaging.image import Volume
from psfbridge.psf.light_share import checksum

__all__ = ["packed", "unpacked"]

_HEAD = struct.Struct("<I")


def packed(error: Volume | None, psf: Volume) -> bytes:
    """Return the error, compressed, with a checksum of the PSF that it belongs to."""
    if error is None:
        return b""
    voxels = np.ascontiguousarray(error, "<f4").tobytes()
    return _HEAD.pack(checksum(psf)) + zlib.compress(voxels)


def unpacked(data: bytes, psf: Volume) -> Volume | None:
    """Return the error that `packed` wrote, or None where it is of another PSF.

    A program that changes the voxels may keep the bytes: they say nothing of what it wrote.
    """
    if len(data) < _HEAD.size or _HEAD.unpack_from(data)[0] != checksum(psf):
        return None
    try:
        error = np.frombuffer(zlib.decompress(data[_HEAD.size :]), "<f4")
    except zlib.error:
        return None
    return error.reshape(psf.shape).astype(np.float32) if error.size == psf.size else None
