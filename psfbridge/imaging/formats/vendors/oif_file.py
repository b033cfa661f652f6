"""Olympus's OIB and OIF, read by oiffile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import oiffile
from numpy.typing import NDArray

from psfbridge._util.units import positive_length, unit_um
from psfbridge.imaging.formats.series import chosen_series
from psfbridge.imaging.formats.stored_image import Index, Lengths, Stored

__all__ = ["read"]


def read(path: Path, series: int | str | None) -> Stored:
    """Return what an OIB or OIF file says of itself."""
    with oiffile.OifFile(path) as file:
        found = list(file.series)
        number, notes = chosen_series(path.name, [""] * len(found), series)
        image = found[number]
        axes = str(image.axes) + "YX"[-max(len(image.shape) - len(image.axes), 0) :]

        def read(index: Index) -> NDArray[Any]:
            with oiffile.OifFile(path) as again:
                part: NDArray[Any] = np.asarray(again.series[number].asarray())[index]
                return part

        shape = tuple(file.shape)
        return Stored(
            path.name,
            shape,
            np.dtype(file.dtype),
            str(file.axes) if len(file.axes) == len(shape) else axes,
            read,
            _voxel_um(file.mainfile),
            notes=notes,
            series_names=("",) * len(found),
        )


def _voxel_um(settings: Any) -> Lengths:
    """Return the size of the pixels and the distance of the planes from the file's settings."""
    image = settings.get("Reference Image Parameter", {})
    y, x = (
        positive_length(image.get(f"{name}ConvertValue"), unit_um(image.get(f"{name}Unit", "um")))
        for name in ("Height", "Width")
    )
    z = None
    for section, values in settings.items():
        if section.startswith("Axis ") and str(values.get("AxisCode", "")) == "Z":
            z = positive_length(values.get("Interval"), unit_um(values.get("UnitName", "nm")))
    return z, y, x
