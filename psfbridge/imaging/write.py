"""Writing of images; the file extension selects the format."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from psfbridge._util.atomic_files import check_folder, check_writable, whole_file, whole_folder
from psfbridge.errors import MissingPartError, OutputError
from psfbridge.hosts import Host
from psfbridge.imaging.formats.stored_image import NOTHING_KEPT, Kept
from psfbridge.imaging.image import Image, VoxelUm

__all__ = ["Kept", "check_ending", "check_image_output", "write_image", "write_volumes"]


def write_image(
    path: str | os.PathLike[str], image: Image, *, info: str = "", attachment: bytes = b""
) -> None:
    """Write an image; the file extension selects the format.

    Parameters
    ----------
    path : path
        ``.tif`` is an ImageJ TIFF that opens calibrated in µm and with its whole range
        displayed; ``.ome.tif`` is an OME-TIFF, ``.zarr`` an OME-Zarr 0.4 folder, ``.ics`` ICS
        (one channel, without `info` and `attachment`; needs DIPlib).
    image : Image
        The image; its array has axes (z, y, x) or (c, z, y, x). An ImageJ TIFF keeps uint8,
        uint16 and float32; others become float32 where that changes no voxel.
    info : str
        Text to store with the image; `read_info` returns it.
    attachment : bytes
        Bytes to store with the image; `read_attachment` returns them, other programs ignore them.

    Raises
    ------
    OutputError
        If the extension is unknown, the voxels do not fit the format, or the file cannot be
        written.
    """
    _check_order(path, image)
    names = image.channel_names if len(image.channel_names) == image.channels else ()
    kept = Kept(image.name, names)
    write_volumes(path, image.data, image.voxel_um, info=info, attachment=attachment, kept=kept)


def _check_order(path: Any, image: Any) -> None:
    """Refuse what is no path and no image, such as the two in each other's place."""
    if isinstance(path, str | os.PathLike) and isinstance(image, Image):
        return
    raise OutputError(
        f"path is {type(path).__name__}, image is {type(image).__name__}; a path and an Image are "
        "needed, in this order.",
        option="image" if isinstance(path, str | os.PathLike) else "path",
        remedy={Host.PYTHON: "Call write_image(path, image); to save a PSF, call psf.save(path)."},
    )


def write_volumes(
    path: str | os.PathLike[str],
    data: NDArray[Any],
    voxel_um: VoxelUm,
    *,
    info: str = "",
    attachment: bytes = b"",
    kept: Kept = NOTHING_KEPT,
) -> None:
    """Write one volume, or a time series of them, as `write_image` does.

    Parameters
    ----------
    path : path
        The file; its ending chooses the format.
    data : array
        The array has axes (z, y, x), (c, z, y, x) or (t, c, z, y, x); it may be a memory map and
        is read plane by plane.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    info : str
        A text to keep with it.
    attachment : bytes
        See `write_image`.
    kept : Kept
        What is known of channels and time; formats keep what they can.

    Raises
    ------
    OutputError
        If the extension is unknown, the voxels do not fit the format, or the file cannot be
        written.
    """
    ending = check_ending(path)
    if ending == ".ics":
        _write_ics(path, data, voxel_um)
        return
    if ending == ".zarr":
        from psfbridge.imaging.formats.ome_zarr import write_zarr

        with whole_folder(path) as folder:
            write_zarr(folder, data, voxel_um, info, attachment, kept)
        return
    from psfbridge.imaging.formats.tiff_write import write_imagej, write_ome

    write = write_ome if ending == ".ome.tif" else write_imagej
    with whole_file(path) as temporary:
        write(temporary, data, voxel_um, info, attachment, kept)


def _write_ics(path: str | os.PathLike[str], data: NDArray[Any], voxel_um: VoxelUm) -> None:
    if find_spec("diplib") is None:
        raise MissingPartError(
            f"writing {path} needs diplib, which is not installed. Install it (pip install "
            "diplib), or write .tif."
        )
    if data.ndim > 3:
        raise OutputError(
            f"cannot write {path}: ICS output is limited to one channel. Write .ome.tif."
        )
    from psfbridge.imaging.formats.vendors.ics_file import write_ics

    with whole_file(path) as temporary:
        write_ics(temporary, data, voxel_um)


def check_ending(path: str | os.PathLike[str]) -> str:
    """Return ``.tif``, ``.ome.tif``, ``.zarr`` or ``.ics``; refuse another ending."""
    name = Path(path).name.lower()
    if name.endswith(".zarr"):
        return ".zarr"
    if name.endswith((".ome.tif", ".ome.tiff")):
        return ".ome.tif"
    if name.endswith((".tif", ".tiff")):
        return ".tif"
    if name.endswith(".ics"):
        return ".ics"
    raise OutputError(f"cannot write {path}: allowed endings are .tif, .ome.tif, .zarr and .ics.")


def check_image_output(path: str | os.PathLike[str]) -> None:
    """Refuse a place where an image could not be written; ask before long work."""
    if Path(path).name.lower().endswith(".zarr"):
        check_folder(path)
        return
    check_writable(path)
    check_ending(path)
