"""Writing of ImageJ and OME-TIFF files with the correct calibration, by tifffile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from psfbridge.errors import OutputError
from psfbridge.imaging.formats.stored_image import NOTHING_KEPT, Kept

__all__ = ["ATTACHMENT_TAG", "write_imagej", "write_ome"]

#: A private tag, of TIFF's reusable range (65000 to 65535); ImageJ passes over it.
ATTACHMENT_TAG = 65321

#: The types of ImageJ's grey images.
_IMAGEJ_TYPES = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32))

#: Less a little for the header and what ImageJ keeps at the end.
_FOUR_GIB = 2**32 - 2**25

#: The real types of OME-TIFF: neither 64-bit integers nor 16-bit floats.
_OME_TYPES = tuple(np.dtype(code) for code in ("u1", "u2", "u4", "i1", "i2", "i4", "f4", "f8"))


def write_imagej(
    path: Path,
    data: NDArray[Any],
    voxel_um: tuple[float, float, float],
    info: str,
    attachment: bytes = b"",
    kept: Kept = NOTHING_KEPT,
) -> None:
    """Write an ImageJ TIFF: unit micron, z step as spacing, display range from least to most.

    Parameters
    ----------
    path : Path
        The file.
    data : array
        The array has axes (z, y, x), (c, z, y, x) or (t, c, z, y, x). Types other than
        uint8, uint16 and float32 are written as float32.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    info : str
        ImageJ's Info text.
    attachment : bytes
        Kept in a tag that other programs pass over.
    kept : Kept
        Its time between frames is ImageJ's frame interval; ImageJ names no channels.

    Raises
    ------
    OutputError
        If float32 cannot hold the voxels exactly.
    """
    stack = data.reshape((1,) * (5 - data.ndim) + data.shape)
    dtype = data.dtype.newbyteorder("=")
    dtype = dtype if dtype in _IMAGEJ_TYPES else np.dtype(np.float32)
    low, high = _range_checked(stack, dtype)
    frames, channels, slices, height, width = stack.shape
    metadata: dict[str, Any] = {"axes": "TZCYXS", "spacing": voxel_um[0], "unit": "micron"}
    if low < high:
        metadata |= {"min": low, "max": high}
    if channels > 1:
        metadata |= {"mode": "grayscale"}
    if info:
        metadata |= {"Info": info}
    if kept.time_step_s:
        metadata |= {"finterval": kept.time_step_s}
    tifffile.imwrite(
        path,
        _planes(stack, dtype),
        shape=(frames, slices, channels, height, width, 1),
        dtype=dtype,
        imagej=True,
        resolution=(1 / voxel_um[2], 1 / voxel_um[1]),
        metadata=metadata,
        extratags=_extra_tags(attachment),
        # Beyond the reach of TIFF's 32-bit offsets ImageJ counts on voxels that lie together.
        truncate=stack.size * dtype.itemsize > _FOUR_GIB,
    )


def _extra_tags(attachment: bytes) -> list[tuple[int, int, int, bytes, bool]]:
    return [(ATTACHMENT_TAG, 7, len(attachment), attachment, True)] if attachment else []


def _planes(stack: NDArray[Any], dtype: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    """ImageJ's order of planes: channels fastest; one at a time, so that maps stay on disk."""
    for frame in stack:
        for z in range(stack.shape[2]):
            for channel in frame:
                yield np.ascontiguousarray(channel[z], dtype)


def _range_checked(stack: NDArray[Any], dtype: np.dtype[Any]) -> tuple[float, float]:
    """Least and greatest finite voxel; refuses voxels that would change."""
    low, high = np.inf, -np.inf
    for plane in stack.reshape(-1, *stack.shape[-2:]):
        _check_exact(plane, dtype)
        finite = plane[np.isfinite(plane)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return low, high


def _check_exact(plane: NDArray[Any], dtype: np.dtype[Any]) -> None:
    if np.can_cast(plane.dtype, dtype):
        return
    with np.errstate(over="ignore", invalid="ignore"):
        back = plane.astype(dtype).astype(plane.dtype)
    if not np.array_equal(back, plane, equal_nan=plane.dtype.kind == "f"):
        raise OutputError(
            f"voxels of type {plane.dtype} do not fit ImageJ's 32-bit floats exactly. Convert "
            "them to float32 first, or write .ome.tif or .zarr, which keep the type."
        )


def write_ome(
    path: Path,
    data: NDArray[Any],
    voxel_um: tuple[float, float, float],
    info: str,
    attachment: bytes = b"",
    kept: Kept = NOTHING_KEPT,
) -> None:
    """Write an OME-TIFF; the array has axes (z, y, x), (c, z, y, x) or (t, c, z, y, x).

    Raises
    ------
    OutputError
        If OME-TIFF has no such type of voxels.
    """
    if data.dtype.newbyteorder("=") not in _OME_TYPES:
        raise OutputError(
            f"OME-TIFF has no voxels of type {data.dtype}. Write .zarr, which keeps the type, or "
            "convert them to float32 or float64 first."
        )
    metadata: dict[str, Any] = {"axes": "TCZYX"[-data.ndim :]}
    for axis, length in zip("ZYX", voxel_um, strict=True):
        metadata |= {f"PhysicalSize{axis}": length, f"PhysicalSize{axis}Unit": "µm"}
    if info:
        metadata |= {"Description": info}
    if kept.channel_names:
        metadata |= {"Channel": {"Name": list(kept.channel_names)}}
    if kept.time_step_s:
        metadata |= {"TimeIncrement": kept.time_step_s, "TimeIncrementUnit": "s"}
    tifffile.imwrite(
        path,
        data,
        ome=True,
        photometric="minisblack",
        metadata=metadata,
        extratags=_extra_tags(attachment),
    )
