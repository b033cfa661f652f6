"""Detection of the file format from the first bytes."""

from __future__ import annotations

import math
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.errors import ImageError
from psfbridge.imaging.formats.colour import grey_of_one_colour
from psfbridge.imaging.formats.sequence import (
    is_pattern,
    open_sequence,
    sequence_files,
    sibling_note,
)
from psfbridge.imaging.formats.stored_image import Stored
from psfbridge.imaging.formats.vendors import open_vendor_file, vendor_of

__all__ = ["FORMATS", "attachment_of", "dates_of", "info_of", "open_stored", "stored_array"]

FORMATS = "TIFF, ImageJ TIFF, OME-TIFF, OME-Zarr, ND2, LIF, CZI, OIB, ICS, Huygens HDF5 and .npy"

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NPY = b"\x93NUMPY"

#: First bytes of formats that are not read here, and their names.
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "a JPEG"),
    (b"\x89PNG", "a PNG"),
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 file"),
    (b"\x89HDF", "an HDF5 file (such as Imaris .ims or .h5)"),
    (b"\xd0\xcf\x11\xe0", "an OLE file (such as Olympus .oib or Zeiss .zvi)"),
    (b"PK\x03\x04", "a ZIP file (such as .npz or a zipped folder)"),
    (b"\x1f\x8b", "a gzip file"),
    (b"SIMPLE", "a FITS file"),
    (b"NRRD", "an NRRD file"),
)

_REMEDY = "Open it in Fiji and save it as TIFF."


def open_stored(path: str | os.PathLike[str], series: int | str | None = None) -> Stored:
    """Return what the file or Zarr folder at `path` says of itself.

    Parameters
    ----------
    path : path
        A file, an OME-Zarr folder, a folder of planes, or a pattern that names planes.
    series : int or str, optional
        Which image of a file that holds several: a number, counted from 0, or a name.

    Raises
    ------
    ImageError
        If it is not there, cannot be read, is damaged, or is of another format.
    """
    if not isinstance(path, str | os.PathLike):
        raise ImageError(f"cannot read a {type(path).__name__}; a path or an array is needed.")
    if is_pattern(path):
        files = sequence_files(path)
        return grey_of_one_colour(open_sequence(files, Path(path).name))
    path = Path(path)
    mode = _mode(path)
    if stat.S_ISDIR(mode):
        return _folder(path, series)
    if not stat.S_ISREG(mode):
        raise ImageError(f"{path} is not a file; allowed are {FORMATS}.")
    return _file(path, series)


def _file(path: Path, series: int | str | None) -> Stored:
    head = _head(path)
    vendor = vendor_of(path, head)
    if vendor is not None:
        return open_vendor_file(path, vendor, series)
    if head.startswith(_TIFF):
        from psfbridge.imaging.formats.tiff_read import read_tiff

        stored = grey_of_one_colour(read_tiff(path, series))
        if math.prod(stored.shape[:-2]) == 1:
            stored = replace(stored, notes=(*stored.notes, *sibling_note(path)))
        return stored
    if head.startswith(_NPY):
        return _npy(path)
    raise ImageError(f"{path.name} is {_described(head)}; allowed are {FORMATS}. {_REMEDY}")


def dates_of(path: str | os.PathLike[str]) -> list[str]:
    """Return the dates of acquisition that a TIFF names, the likeliest first; others name none."""
    path = _first_file(path)
    if stat.S_ISDIR(_mode(path)) or not _head(path).startswith(_TIFF):
        return []
    from psfbridge.imaging.formats.tiff_read import dates_of_tiff

    return dates_of_tiff(path)


def info_of(path: str | os.PathLike[str]) -> str:
    """Return the text that a TIFF or OME-Zarr keeps beside its voxels, or nothing."""
    path = _first_file(path)
    if stat.S_ISDIR(_mode(path)):
        if not _is_zarr(path):
            return ""
        from psfbridge.imaging.formats.ome_zarr import info_of_zarr

        return info_of_zarr(path)
    if not _head(path).startswith(_TIFF):
        return ""
    from psfbridge.imaging.formats.tiff_read import info_of_tiff

    return info_of_tiff(path)


def attachment_of(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes that were attached to a TIFF or OME-Zarr when it was written, or none."""
    path = _first_file(path)
    if stat.S_ISDIR(_mode(path)):
        if not _is_zarr(path):
            return b""
        from psfbridge.imaging.formats.ome_zarr import attachment_of_zarr

        return attachment_of_zarr(path)
    if not _head(path).startswith(_TIFF):
        return b""
    from psfbridge.imaging.formats.tiff_read import attachment_of_tiff

    return attachment_of_tiff(path)


def stored_array(array: NDArray[Any], name: str = "array") -> Stored:
    """Return an array as if it were a file; its axes are the last of (t, c, z, y, x)."""
    if array.ndim not in (2, 3, 4, 5):
        raise ImageError(
            f"{name} has {array.ndim} axes {array.shape}; allowed are 2 to 5: the last of "
            "(t, c, z, y, x)."
        )
    axes = "TCZYX"[-array.ndim :]
    if _looks_rgb(array):
        axes = "TCZYX"[1 - array.ndim :] + "S"
    words = ", ".join(axes.lower())
    notes = (f"The axes of {name}, shape {array.shape}, were interpreted as ({words}).",)
    return Stored(
        name,
        array.shape,
        array.dtype,
        axes,
        array.__getitem__,
        notes=notes if array.ndim > 2 else (),
        mapped=True,
    )


def _looks_rgb(array: NDArray[Any]) -> bool:
    """Bytes whose last axis is 3 or 4 long, and the others much longer, are colours."""
    samples_last = array.ndim >= 3 and array.shape[-1] in (3, 4)
    return samples_last and array.dtype == np.uint8 and min(array.shape[-3:-1]) > 16


def _first_file(path: str | os.PathLike[str]) -> Path:
    return sequence_files(path)[0] if is_pattern(path) else Path(path)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        raise ImageError(f"{path} does not exist. Check the path.") from None
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise ImageError(f"cannot open {str(path)!r}: {reason}. Check the path.") from None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(32)
    except PermissionError:
        raise ImageError(
            f"{path} cannot be read: permission denied. Ask for read access."
        ) from None
    except OSError as fault:
        raise ImageError(f"{path} cannot be read: {fault.strerror or fault}.") from None


def _described(head: bytes) -> str:
    if not head:
        return "empty (0 bytes)"
    return next((name for magic, name in _OTHERS if head.startswith(magic)), "not a TIFF")


def _is_zarr(path: Path) -> bool:
    names = ("zarr.json", ".zgroup", ".zarray", ".zattrs")
    return any((path / name).is_file() for name in names)


def _folder(path: Path, series: int | str | None) -> Stored:
    if not _is_zarr(path):
        return grey_of_one_colour(open_sequence(sequence_files(path), path.name))
    from psfbridge.imaging.formats.ome_zarr import read_zarr

    return read_zarr(path, series)


def _npy(path: Path) -> Stored:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except MemoryError:
        raise
    # NumPy evaluates the header: damaged ones raise nearly every kind of exception.
    except Exception as fault:
        raise ImageError(f"{path.name} is damaged or not a numeric array: {fault}.") from None
    return stored_array(array, path.name)
