"""Images written, whole or not at all; the name's ending chooses the format."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from psfbridge._util.atomic_files import check_folder, check_writable, whole_file, whole_folder
from psfbridge.errors import OutputError
from psfbridge.hosts import Host
from psfbridge.imaging.image import Image, VoxelUm

__all__ = ["check_ending", "check_image_output", "write_image", "write_volumes"]


def write_image(
    path: str | os.PathLike[str], image: Image, *, info: str = "", attachment: bytes = b""
) -> None:
    """Write an image, whole or not at all; the name's ending chooses the format.

    Parameters
    ----------
    path : path
        ``.tif`` is an ImageJ TIFF that opens calibrated in µm and with its whole range
        displayed; ``.ome.tif`` is an OME-TIFF, ``.zarr`` an OME-Zarr 0.4 folder.
    image : Image
        The image; its array has axes (z, y, x) or (c, z, y, x). An ImageJ TIFF keeps uint8,
        uint16 and float32; others become float32 where that changes no voxel.
    info : str
        A text to keep with it; `read_info` gives it back.
    attachment : bytes
        Anything else to keep with it; `read_attachment` gives it back, other programs pass over it.

    Raises
    ------
    OutputError
        If the ending is unknown, the voxels do not fit the format, or the file cannot be written.
    """
    _check_order(path, image)
    write_volumes(
        path, image.data, image.voxel_um, name=image.name, info=info, attachment=attachment
    )


def _check_order(path: Any, image: Any) -> None:
    """Refuse what is no path and no image, such as the two in each other's place."""
    if isinstance(path, str | os.PathLike) and isinstance(image, Image):
        return
    raise OutputError(
        f"path is {type(path).__name__}, image is {type(image).__name__}; allowed are a path and "
        "an Image, in this order.",
        option="image" if isinstance(path, str | os.PathLike) else "path",
        remedy={Host.PYTHON: "Write write_image(path, image); a PSF has save(path)."},
    )


def write_volumes(
    path: str | os.PathLike[str],
    data: NDArray[Any],
    voxel_um: VoxelUm,
    *,
    name: str = "array",
    info: str = "",
    attachment: bytes = b"",
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
    name, info : str
        The image's name, and a text to keep with it.
    attachment : bytes
        See `write_image`.

    Raises
    ------
    OutputError
        If the ending is unknown, the voxels do not fit the format, or the file cannot be written.
    """
    ending = check_ending(path)
    if ending == ".zarr":
        from psfbridge.imaging.formats.ome_zarr import write_zarr

        with whole_folder(path) as folder:
            write_zarr(folder, data, voxel_um, name, info, attachment)
        return
    from psfbridge.imaging.formats.tiff_write import write_imagej, write_ome

    write = write_ome if ending == ".ome.tif" else write_imagej
    with whole_file(path) as temporary:
        write(temporary, data, voxel_um, info, attachment)


def check_ending(path: str | os.PathLike[str]) -> str:
    """Return ``.tif``, ``.ome.tif`` or ``.zarr``; refuse another ending of an image's file."""
    name = Path(path).name.lower()
    if name.endswith(".zarr"):
        return ".zarr"
    if name.endswith((".ome.tif", ".ome.tiff")):
        return ".ome.tif"
    if name.endswith((".tif", ".tiff")):
        return ".tif"
    raise OutputError(f"cannot write {path}: allowed endings are .tif, .ome.tif and .zarr.")


def check_image_output(path: str | os.PathLike[str]) -> None:
    """Refuse a place where an image could not be written; ask before long work."""
    if Path(path).name.lower().endswith(".zarr"):
        check_folder(path)
        return
    check_writable(path)
    check_ending(path)
