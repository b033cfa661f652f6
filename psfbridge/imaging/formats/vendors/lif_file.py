"""Leica's LIF and LOF, read by liffile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import liffile
import numpy as np
from numpy.typing import NDArray

from psfbridge._util.units import positive_length
from psfbridge.imaging.formats.file_optics import FileOptics
from psfbridge.imaging.formats.series import chosen_series
from psfbridge.imaging.formats.stored_image import Index, Lengths, Stored
from psfbridge.imaging.formats.vendors.optics_note import optics_note

__all__ = ["read"]


def read(path: Path, series: int | str | None) -> Stored:
    """Return what a LIF file says of one of its images."""
    with liffile.LifFile(path) as file:
        images = list(file.images)
        names = tuple(str(one.name) for one in images)
        number, notes = chosen_series(path.name, names, series)
        image = images[number]
        optics = _optics(image)
        return Stored(
            path.name,
            tuple(image.shape),
            np.dtype(image.dtype),
            "".join(str(axis)[:1] for axis in image.dims),
            _reader(path, number),
            _voxel_um(image),
            notes=(*notes, *optics_note(path.name, optics)),
            optics=optics,
            series_names=names,
        )


def _reader(path: Path, number: int) -> Any:
    def read(index: Index) -> NDArray[Any]:
        with liffile.LifFile(path) as file:
            part: NDArray[Any] = np.asarray(file.images[number].asarray())[index]
            return part

    return read


def _voxel_um(image: Any) -> Lengths:
    """Return the spacing of the coordinates, which are in metres."""
    found: dict[str, float] = {}
    for axis, places in image.coords.items():
        if axis in ("X", "Y", "Z") and len(places) > 1:
            found[axis] = abs(float(places[-1] - places[0])) / (len(places) - 1) * 1e6
    return found.get("Z"), found.get("Y"), found.get("X")


#: Names of the hardware settings, and of the facts that they are.
_FACTS = {
    "SystemTypeName": "stand",
    "ObjectiveName": "name",
    "NumericalAperture": "na",
    "RefractionIndex": "index",
    "PinholeAiry": "pinhole_au",
    "EmissionWavelengthForPinholeAiryCalculation": "emission_nm",
}

#: Which settings a microscope has.
_MODES = {
    "ATLConfocalSettingDefinition": "LaserScanningConfocalMicroscopy",
    "ATLCameraSettingDefinition": "WideField",
}


def _optics(image: Any) -> FileOptics:
    """Return what the hardware settings of the image say, wherever they lie in their tree."""
    found: dict[str, Any] = {}
    _collect(dict(image.attrs), found)
    confocal = found.get("mode") == _MODES["ATLConfocalSettingDefinition"]
    light = {
        "mode": found.get("mode"),
        "emission_um": positive_length(found.get("emission_nm"), 1e-3),
        "pinhole_au": found.get("pinhole_au") if confocal else None,
    }
    told = [light] if any(light.values()) else []
    return FileOptics.of(found, told)


def _collect(tree: Any, found: dict[str, Any]) -> None:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        if key in _MODES:
            found.setdefault("mode", _MODES[str(key)])
        if isinstance(value, dict | list | tuple):
            _collect(value, found)
        elif key in _FACTS:
            found.setdefault(_FACTS[key], value)
