"""Huygens's HDF5 (``.h5``), read by h5py.

SVI's layout (svi.nl/HDF5): a group with ``ImageData/Image``, whose axes are channel, t, z, y, x,
and the distances of its samples beside it, in metres.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from psfbridge._util.units import positive_length
from psfbridge.errors import ImageError
from psfbridge.imaging.formats.series import chosen_series
from psfbridge.imaging.formats.stored_image import Index, Lengths, Stored

__all__ = ["read"]

_IMAGE = "ImageData/Image"
_AXES = "CTZYX"


def read(path: Path, series: int | str | None) -> Stored:
    """Return what an HDF5 file in SVI's layout says of one of its images."""
    with h5py.File(path, "r") as file:
        names = tuple(name for name in file if f"{name}/{_IMAGE}" in file)
        if _IMAGE in file:
            names = ("", *names)
        if not names:
            raise ImageError(
                f"{path.name} is an HDF5 file without {_IMAGE}, so it was not written by Huygens. "
                "Open it in Fiji, or in the program that wrote it, and save it as TIFF."
            )
        number, notes = chosen_series(path.name, names, series)
        place = f"{names[number]}/{_IMAGE}".lstrip("/")
        image = file[place]
        _check_axes(path.name, image)
        return Stored(
            path.name,
            tuple(image.shape),
            np.dtype(image.dtype),
            _AXES[-image.ndim :],
            lambda index: _part(path, place, index),
            _voxel_um(image.parent),
            notes=notes,
            series_names=names,
        )


def _check_axes(name: str, image: Any) -> None:
    if image.ndim > len(_AXES):
        raise ImageError(f"{name} has {image.ndim} axes; allowed are channel, t, z, y and x.")


def _part(path: Path, place: str, index: Index) -> NDArray[Any]:
    with h5py.File(path, "r") as file:
        return np.asarray(file[place][index])


def _voxel_um(group: Any) -> Lengths:
    """Return the distance of samples: of a scale of one value that value, of several their step."""
    found: dict[str, float | None] = {}
    for axis in "ZYX":
        scale = np.ravel(group.get(f"DimensionScale{axis}", ()))
        if scale.size:
            step = float(scale[0]) if scale.size == 1 else float(np.ptp(scale)) / (scale.size - 1)
            found[axis] = positive_length(abs(step), 1e6)
    return found.get("Z"), found.get("Y"), found.get("X")
