"""ICS, the Image Cytometry Standard of Huygens, Nikon and others, read and written by DIPlib."""

from __future__ import annotations

import locale
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import diplib
import numpy as np
from numpy.typing import NDArray

from psfbridge._util.units import positive_length, unit_um
from psfbridge.imaging.formats.stored_image import Index, Lengths, Stored

__all__ = ["locale_kept", "read", "write_ics"]

#: ICS has x first; beyond z comes time, which has a unit of time, or channels, which have none.
_SPACE = "XYZ"


@contextmanager
def locale_kept() -> Iterator[None]:
    """Restore the locale, which libics leaves as C: Python would then read and write ASCII."""
    before = locale.setlocale(locale.LC_ALL)
    try:
        yield
    finally:
        locale.setlocale(locale.LC_ALL, before)


def read(path: Path, series: int | str | None) -> Stored:  # noqa: ARG001 - ICS holds one image
    """Return what an ICS file says of itself; one that names ``.ids`` has its voxels there."""
    with locale_kept():
        told = diplib.ImageReadICSInfo(str(path))
    lengths = list(told["sizes"])
    if told["tensorElements"] > 1:
        # What has no colour is read with the channels as an axis, see `_voxels`.
        lengths.append(told["tensorElements"])
    sizes = [told["pixelSize"][axis] for axis in range(len(lengths))]
    units = [str(size.units) for size in sizes]
    letters = [_letter(axis, unit) for axis, unit in enumerate(units)]
    return Stored(
        path.name,
        tuple(reversed(lengths)),
        _dtype(str(told["dataType"])),
        "".join(reversed(letters)),
        lambda index: _part(path, index),
        _voxel_um(letters, sizes),
    )


#: DIPlib's names of types that NumPy calls otherwise; it reads bits as bytes.
_TYPES = {"SFLOAT": "float32", "DFLOAT": "float64", "SCOMPLEX": "complex64",
          "DCOMPLEX": "complex128", "BIN": "bool"}  # fmt: skip


def _dtype(name: str) -> np.dtype[Any]:
    return np.dtype(_TYPES.get(name, name.lower().replace("sint", "int")))


def _letter(axis: int, unit: str) -> str:
    if axis < len(_SPACE):
        return _SPACE[axis]
    return "T" if unit.endswith("s") else "C"


def _voxels(path: Path) -> NDArray[Any]:
    with locale_kept():
        image = diplib.ImageReadICS(str(path))
    if image.TensorElements() > 1:
        image.TensorToSpatial()
    return np.asarray(image)


def _part(path: Path, index: Index) -> NDArray[Any]:
    return np.asarray(_voxels(path)[index])


def _voxel_um(letters: list[str], sizes: list[Any]) -> Lengths:
    found = {
        letter: positive_length(size.magnitude, unit_um(str(size.units)))
        for letter, size in zip(letters, sizes, strict=True)
    }
    return found.get("Z"), found.get("Y"), found.get("X")


def write_ics(path: Path, data: NDArray[Any], voxel_um: tuple[float, float, float]) -> None:
    """Write a volume as ICS 2.0: one file, with its voxels in it.

    Parameters
    ----------
    path : Path
        The file, with the ending ``.ics``.
    data : array
        The array has axes (z, y, x).
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    """
    image = diplib.Image(np.ascontiguousarray(data), None)
    lengths = [diplib.PhysicalQuantity(length, "um") for length in reversed(voxel_um)]
    image.SetPixelSize(diplib.PixelSize(lengths))
    with locale_kept():
        diplib.ImageWriteICS(image, str(path))
