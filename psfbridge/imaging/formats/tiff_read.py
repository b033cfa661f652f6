"""TIFF in its dialects (plain, ImageJ, OME), read by tifffile."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from psfbridge.errors import ImageError
from psfbridge.imaging.formats.file_optics import FileOptics
from psfbridge.imaging.formats.ome_optics import ome_optics
from psfbridge.imaging.formats.series import chosen_series
from psfbridge.imaging.formats.stored_image import Index, Stored
from psfbridge.imaging.formats.tiff_dialects import frames_per_plane
from psfbridge.imaging.formats.tiff_scale import (
    ome_channel_names,
    ome_image,
    ome_pixels,
    time_step_of,
    voxel_size_of,
)
from psfbridge.imaging.formats.tiff_write import ATTACHMENT_TAG
from psfbridge.imaging.formats.value_calibration import calibrated

__all__ = ["attachment_of_tiff", "dates_of_tiff", "info_of_tiff", "read_tiff"]

#: A line of an Info text that names the date of acquisition.
_INFO_DATE = re.compile(r"acquisition\s*date[^=:]*[=:]\s*(\S[^\r\n]*)", re.IGNORECASE)

#: What tifffile's log says of a file whose pages cannot all be found.
_DAMAGE = (
    "corrupt",
    "invalid page offset",
    "invalid offset",
    "circular",
    "missing data",
    # An OME-TIFF may spread over several files.
    "ome series failed to read",
)


#: What it says where an OME-TIFF lists fewer planes than it has.
_UNLISTED = "missing data are zeroed"


def read_tiff(path: Path, wanted: int | str | None = None) -> Stored:
    """Return what a TIFF says of itself; its voxels are mapped where they lie uncompressed.

    Parameters
    ----------
    path : Path
        The file.
    wanted : int or str, optional
        Which image of several, by its number from 0 or by its name.

    Raises
    ------
    ImageError
        If the file is damaged, cut off, or coded in a way that cannot be read.
    """
    with _opened(path) as file:
        names = tuple(str(one.name) for one in _images(file))
        number, said = chosen_series(path.name, names, wanted)
        series = _images(file)[number]
        _check_whole(path, file, series, number)
        voxel_um, faults = voxel_size_of(file, number)
        offset = _offset(file, series)
        if offset is not None and series.dataoffset is None:
            said = (
                *said,
                (f"{path.name} lists fewer planes than it contains; all of them were read."),
            )
        stored = Stored(
            path.name,
            tuple(series.shape),
            np.dtype(series.dtype),
            series.axes,
            _Pages(path, number) if offset is None else _mapping(path, file, series, offset),
            voxel_um,
            faults,
            (*said, *_notes(path.name, file, series)),
            offset is not None,
            ome_channel_names(file, number) if file.is_ome else (),
            series_names=names,
            optics=ome_optics(file.ome_metadata, number) if file.is_ome else FileOptics(),
            chunks=None if offset is not None else _pieces(series),
            time_step_s=time_step_of(file, number),
        )
        stored = frames_per_plane(stored, file)
        return calibrated(stored, file.imagej_metadata or {})


#: What scanners call the small pictures that they add.
_EXTRAS = ("thumbnail", "label", "macro")


def _images(file: Any) -> list[Any]:
    """Return the images of a file, without thumbnails and labels."""
    alike = [one for one in file.series if one.kind == file.series[0].kind]
    return [one for one in alike if str(one.name).lower() not in _EXTRAS] or alike


def info_of_tiff(path: Path) -> str:
    """Return ImageJ's Info text of a TIFF, the OME description, or nothing."""
    with _opened(path) as file:
        if file.is_ome:
            return str(ome_image(file).get("Description", ""))
        return str((file.imagej_metadata or {}).get("Info", ""))


def attachment_of_tiff(path: Path) -> bytes:
    """Return the bytes that `write_imagej` or `write_ome` attached, or none."""
    with _opened(path) as file:
        return bytes(file.pages.first.tags.valueof(ATTACHMENT_TAG, default=b""))


def dates_of_tiff(path: Path) -> list[str]:
    """Return the dates that a TIFF names as those of its acquisition, the likeliest first.

    The OME description's, what Bio-Formats and microscopes write into ImageJ's Info text, and
    TIFF's own tag, which some programs set to the date of saving.
    """
    with _opened(path) as file:
        ome = str(ome_image(file).get("AcquisitionDate", "")) if file.is_ome else ""
        info = str((file.imagej_metadata or {}).get("Info", ""))
        tag = str(file.pages.first.tags.valueof("DateTime", default=""))
    return [date for date in (ome, *_INFO_DATE.findall(info), tag) if date]


@contextmanager
def _opened(path: Path) -> Iterator[tifffile.TiffFile]:
    """Open a TIFF; whatever tifffile says of damage becomes one clear error."""
    # Prairie View writes distances of 0/0.
    with _log_of_tifffile() as said, np.errstate(divide="ignore", invalid="ignore"):
        try:
            with tifffile.TiffFile(path) as file:
                whole = all(_offset(file, one) is not None for one in file.series)
                told = [line for line in said if not (whole and _UNLISTED in line.lower())]
                damage = [line for line in told if any(word in line.lower() for word in _DAMAGE)]
                if damage:
                    raise _damaged(path.name, damage[0].split("> ", 1)[-1])
                yield file
        except (ImageError, MemoryError):
            raise
        # On damaged files tifffile and its decoders raise nearly every kind of exception.
        except Exception as fault:
            raise _damaged(path.name, str(fault) or type(fault).__name__) from fault


def _damaged(name: str, reason: str) -> ImageError:
    return ImageError(
        f"{name} is damaged or cut off: {reason[:200]}. Copy it again, or open it in Fiji and "
        "save it as TIFF."
    )


class _Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self.lines.append(record.getMessage())


@contextmanager
def _log_of_tifffile() -> Iterator[list[str]]:
    """Collect tifffile's complaints, which would otherwise be printed."""
    logger, kept = logging.getLogger("tifffile"), _Kept()
    propagate = logger.propagate
    logger.addHandler(kept)
    logger.propagate = False
    try:
        yield kept.lines
    finally:
        logger.propagate = propagate
        logger.removeHandler(kept)


def _offset(file: Any, series: Any) -> int | None:
    """Return where all voxels of an image begin, if they lie uncompressed one behind the other."""
    if series.is_multifile or series.size == 0 or not series.keyframe.is_memmappable:
        return None
    if series.dataoffset is not None:
        return int(series.dataoffset)
    return _offset_of_unlisted(file, series) if series.kind == "ome" else None


def _offset_of_unlisted(file: Any, series: Any) -> int | None:
    """Return the same where an OME-TIFF lists only its first planes, and has room for all."""
    there = [page for page in series if page is not None]
    if len(there) == len(series) or any(page is None for page in series[: len(there)]):
        return None
    offsets = [page.dataoffsets[0] for page in there]
    plane = series.keyframe.nbytes
    if any(after - before != plane for before, after in pairwise(offsets)):
        return None
    enough = offsets[0] + series.nbytes <= file.filehandle.size
    return int(offsets[0]) if enough else None


def _mapping(path: Path, file: Any, series: Any, offset: int) -> Any:
    dtype = np.dtype(series.dtype).newbyteorder(file.byteorder)
    return np.memmap(path, dtype, "r", offset, tuple(series.shape)).__getitem__


class _Pages:
    """Reads the pages that an index needs, decoding nothing else."""

    def __init__(self, path: Path, number: int) -> None:
        self._path, self._number = path, number

    def __call__(self, index: Index) -> NDArray[Any]:
        with _opened(self._path) as file:
            series = _images(file)[self._number]
            page_axes = len(series.shape) - _leading(series)
            pages = np.arange(len(series)).reshape(series.shape[: _leading(series)])
            wanted = pages[index[: _leading(series)]]
            shape = wanted.shape + tuple(series.shape[len(series.shape) - page_axes :])
            data = file.asarray(key=wanted.ravel().tolist(), series=series).reshape(shape)
            inner = (slice(None),) * wanted.ndim + index[_leading(series) :]
            part: NDArray[Any] = data[inner]
            return part


def _pieces(series: Any) -> tuple[int, ...]:
    """Lengths of what is decoded together: a page."""
    leading = _leading(series)
    return (*(1 for _ in series.shape[:leading]), *series.shape[leading:])


def _leading(series: Any) -> int:
    """Return how many of the first axes are indexed by pages; the others lie within a page."""
    count = 0
    while math.prod(series.shape[:count]) < len(series):
        count += 1
    return count


def _check_whole(path: Path, file: Any, series: Any, number: int) -> None:
    """Refuse a file that lacks voxels: what is missing would otherwise be read as zeros."""
    declared = _declared_planes(file, number)
    planes = math.prod(
        length for length, axis in zip(series.shape, series.axes, strict=True) if axis not in "YX"
    )
    if planes < declared:
        raise _damaged(path.name, f"it declares {declared} planes but contains {planes}")
    size = path.stat().st_size
    if series.dataoffset is not None and not series.is_multifile:
        needed = series.dataoffset + series.nbytes
        if needed > size and series.keyframe.is_memmappable:
            raise _damaged(path.name, f"it has {size} bytes, but its voxels need {needed}")
        return
    if _offset(file, series) is not None:
        return
    for plane, page in enumerate(series):
        if page is None:
            raise _damaged(path.name, f"plane {plane} of {len(series)} is missing")
        _check_segments(path.name, plane, page)


def _check_segments(name: str, number: int, page: Any) -> None:
    size = page.parent.filehandle.size
    ends = (o + n for o, n in zip(page.dataoffsets, page.databytecounts, strict=False))
    if max(ends, default=0) > size:
        raise _damaged(name, f"plane {number} extends beyond the end of the file")
    if not any(page.databytecounts):
        raise _damaged(name, f"plane {number} has no data")


def _declared_planes(file: Any, number: int) -> int:
    if file.is_ome:
        return math.prod(int(ome_pixels(file, number).get(f"Size{axis}", 1)) for axis in "ZCT")
    meta = file.imagej_metadata or {}
    return math.prod(int(meta.get(name, 1)) for name in ("channels", "slices", "frames"))


def _notes(name: str, file: Any, series: Any) -> tuple[str, ...]:
    notes = []
    photometric = series.keyframe.photometric
    if photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        notes.append(f"{name} is marked as 0 = white; its values were used unchanged.")
    if photometric == tifffile.PHOTOMETRIC.PALETTE and not file.is_imagej:
        notes.append(f"{name} has a colour table; its indices were used as counts.")
    return tuple(notes)
