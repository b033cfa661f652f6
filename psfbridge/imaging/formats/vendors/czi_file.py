"""Zeiss's CZI, read by Zeiss's own pylibCZIrw."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from pylibCZIrw import czi

from psfbridge._util.units import positive_length
from psfbridge.errors import ImageError
from psfbridge.imaging.formats.file_optics import FileOptics
from psfbridge.imaging.formats.series import chosen_series
from psfbridge.imaging.formats.stored_image import Index, Lengths, Stored
from psfbridge.imaging.formats.vendors.optics_note import optics_note

__all__ = ["read"]

#: pylibCZIrw's names of grey pixels.
_TYPES = {"Gray8": np.uint8, "Gray16": np.uint16, "Gray32Float": np.float32}

#: Axes that are read here; others must have one place.
_AXES = "TCZ"


def read(path: Path, series: int | str | None) -> Stored:
    """Return what a CZI file says of one of its scenes."""
    with czi.open_czi(str(path)) as file:
        box = dict(file.total_bounding_box)
        _check_axes(path.name, box)
        _check_planes(path, box)
        scenes = dict(file.scenes_bounding_rectangle)
        names = ("",) * max(len(scenes), 1)
        number, notes = chosen_series(path.name, names, series)
        scene = sorted(scenes)[number] if scenes else None
        place = scenes[scene] if scenes else file.total_bounding_rectangle
        metadata = ElementTree.fromstring(file.raw_metadata)
        axes = [axis for axis in _AXES if axis in box]
        lengths = [box[axis][1] - box[axis][0] for axis in axes]
        channels = [
            dict(_channel(one)) for one in metadata.findall(f"{_IMAGE}Dimensions/Channels/Channel")
        ]
        optics = _optics(metadata, channels)
        return Stored(
            path.name,
            (*lengths, place.h, place.w),
            _type(path.name, file.pixel_types),
            "".join(axes) + "YX",
            _Reader(path, {axis: box[axis][0] for axis in axes}, scene),
            _voxel_um(metadata),
            notes=(*notes, *optics_note(path.name, optics)),
            optics=optics,
            series_names=names,
            channel_names=tuple(str(one["name"] or "") for one in channels),
        )


_IMAGE = "Metadata/Information/Image/"
_INSTRUMENT = "Metadata/Information/Instrument/"


def _check_axes(name: str, box: dict[str, Any]) -> None:
    others = [axis for axis, (first, last) in box.items() if last - first > 1]
    others = [axis for axis in others if axis not in (*_AXES, "X", "Y")]
    if others:
        raise ImageError(
            f"{name} has the axes {', '.join(others)} besides t, c, z, y and x. Save one part of "
            "it with Zeiss's software, or in Fiji."
        )


#: Each plane of a file takes at least so many bytes, for its header alone.
_PLANE_BYTES = 32


def _check_planes(path: Path, box: dict[str, Any]) -> None:
    """Refuse a file that claims more planes than it has room for: asking for each has no end."""
    planes = math.prod(last - first for axis, (first, last) in box.items() if axis in _AXES)
    if planes * _PLANE_BYTES > path.stat().st_size:
        raise ImageError(
            f"{path.name} is damaged: it claims {planes} planes but is too small for them. Copy "
            "it again."
        )


def _type(name: str, types: dict[int, str]) -> np.dtype[Any]:
    found = sorted(set(types.values()))
    if len(found) != 1 or found[0] not in _TYPES:
        raise ImageError(
            f"{name} has pixels of type {', '.join(found)}; only greyscale images of a single "
            "type can be used."
        )
    return np.dtype(_TYPES[found[0]])


class _Reader:
    """Reads planes as they are needed."""

    def __init__(self, path: Path, first: dict[str, int], scene: int | None) -> None:
        self._path, self._first, self._scene = path, first, scene

    def __call__(self, index: Index) -> NDArray[Any]:
        outer, inner = index[: len(self._first)], index[len(self._first) :]
        with czi.open_czi(str(self._path)) as file:
            lengths = [file.total_bounding_box[axis] for axis in self._first]
            counts = [
                np.arange(last - first)[at]
                for (first, last), at in zip(lengths, outer, strict=True)
            ]
            planes = [self._plane(file, places)[inner] for places in self._places(counts)]
        shape = [n for count in counts for n in np.shape(count)]
        stacked: NDArray[Any] = np.stack(planes).reshape(*shape, *planes[0].shape)
        return stacked

    def _places(self, counts: list[Any]) -> Iterator[dict[str, int]]:
        for at in np.ndindex(*[np.size(count) for count in counts]):
            yield {
                axis: self._first[axis] + int(np.ravel(count)[k])
                for axis, count, k in zip(self._first, counts, at, strict=True)
            }

    def _plane(self, file: Any, places: dict[str, int]) -> NDArray[Any]:
        plane: NDArray[Any] = file.read(plane=places, scene=self._scene)[..., 0]
        return plane


def _voxel_um(metadata: Any) -> Lengths:
    found = {
        str(one.get("Id")): positive_length(one.findtext("Value"), 1e6)
        for one in metadata.findall("Metadata/Scaling/Items/Distance")
    }
    return found.get("Z"), found.get("Y"), found.get("X")


def _channel(channel: Any) -> Iterator[tuple[str, Any]]:
    yield "name", channel.get("Name")
    yield "mode", channel.findtext("AcquisitionMode")
    yield "emission_um", positive_length(channel.findtext("EmissionWavelength"), 1e-3)
    yield "excitation_um", positive_length(channel.findtext("ExcitationWavelength"), 1e-3)
    yield "pinhole_au", positive_length(channel.findtext("PinholeSizeAiry"))


def _optics(metadata: Any, channels: list[dict[str, Any]]) -> FileOptics:
    lens = metadata.find(f"{_INSTRUMENT}Objectives/Objective")
    stand = metadata.find(f"{_INSTRUMENT}Microscopes/Microscope")
    objective = {
        "stand": None if stand is None else stand.get("Name"),
        "name": None if lens is None else lens.get("Name"),
        "na": None if lens is None else lens.findtext("LensNA"),
        "index": metadata.findtext(f"{_IMAGE}ObjectiveSettings/RefractiveIndex"),
    }
    return FileOptics.of(objective, channels)
