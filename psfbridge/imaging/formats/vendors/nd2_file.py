"""Nikon's ND2, read by nd2."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nd2
import numpy as np
from numpy.typing import NDArray

from psfbridge._util.units import positive_length
from psfbridge.imaging.formats.file_optics import FileOptics
from psfbridge.imaging.formats.series import chosen_series
from psfbridge.imaging.formats.stored_image import Index, Lengths, Stored
from psfbridge.imaging.formats.vendors.optics_note import optics_note

__all__ = ["read"]


def read(path: Path, series: int | str | None) -> Stored:
    """Return what an ND2 file says of one of its positions."""
    with nd2.ND2File(path) as file:
        sizes = dict(file.sizes)
        positions = sizes.pop("P", 1)
        names = tuple(_positions(file, positions))
        number, notes = chosen_series(path.name, names, series)
        channels = list(getattr(file.metadata, "channels", None) or ())
        optics = _optics(channels)
        return Stored(
            path.name,
            tuple(sizes.values()),
            np.dtype(file.dtype),
            "".join(sizes),
            _reader(path, file.sizes, number),
            _voxel_um(channels),
            notes=(*notes, *optics_note(path.name, optics)),
            channel_names=tuple(str(one.channel.name) for one in channels),
            optics=optics,
            series_names=names,
        )


def _positions(file: Any, count: int) -> list[str]:
    for loop in file.experiment or ():
        points = getattr(getattr(loop, "parameters", None), "points", None)
        if points and len(points) == count:
            return [str(point.name or "") for point in points]
    return [""] * count


def _reader(path: Path, sizes: Any, number: int) -> Any:
    order = list(sizes)

    def read(index: Index) -> NDArray[Any]:
        full: list[int | slice] = list(index)
        if "P" in order:
            full.insert(order.index("P"), number)
        with nd2.ND2File(path) as file:
            return np.asarray(file.to_dask()[tuple(full)])

    return read


def _voxel_um(channels: list[Any]) -> Lengths:
    """Return the calibration of those axes that are calibrated; the file has 1 for the others."""
    if not channels:
        return None, None, None
    volume = channels[0].volume
    known = zip(volume.axesCalibration, volume.axesCalibrated, strict=True)
    x, y, z = (positive_length(length) if there else None for length, there in known)
    return z, y, x


def _optics(channels: list[Any]) -> FileOptics:
    if not channels:
        return FileOptics()
    microscope = channels[0].microscope
    objective = {
        "name": microscope.objectiveName,
        "na": microscope.objectiveNumericalAperture,
        "index": microscope.immersionRefractiveIndex,
    }
    facts = [
        {
            "name": one.channel.name,
            "mode": _mode(one.microscope.modalityFlags),
            "emission_um": _nm(one.channel.emissionLambdaNm),
            "excitation_um": _nm(one.channel.excitationLambdaNm),
        }
        for one in channels
    ]
    return FileOptics.of(objective, facts)


#: Nikon's names of what an image was taken with that tell the kind of microscope.
_MODES = ("laserScanConfocal", "spinningDiskConfocal", "multiphoton", "SIM", "iSIM")


def _mode(flags: Sequence[str]) -> str:
    """Return the kind by the flags; a camera and fluorescence and nothing else is widefield."""
    named = next((one for one in _MODES if one in flags), "")
    plain = {"camera", "fluorescence"} <= {*flags} <= {"camera", "fluorescence", "remainder"}
    return named or ("widefield" if plain else "")


def _nm(length: float | None) -> float | None:
    return None if length is None else length / 1e3
