"""OME-Zarr (OME-NGFF 0.1 to 0.5), read and written by zarr."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from psfbridge._util.units import positive_length, unit_um
from psfbridge.errors import ImageError
from psfbridge.imaging.formats.series import chosen_series
from psfbridge.imaging.formats.stored_image import NOTHING_KEPT, Index, Kept, Lengths, Stored
from psfbridge.imaging.lazy_volume import touched
from psfbridge.imaging.settings import FILES

__all__ = ["attachment_of_zarr", "info_of_zarr", "read_zarr", "write_zarr"]

_ATTACHMENT = ".psfbridge"


def read_zarr(path: Path, series: int | str | None = None) -> Stored:
    """Return what an OME-Zarr folder, or a plain Zarr array, says of itself or of one image.

    Raises
    ------
    ImageError
        If it is damaged, or holds no image.
    """
    try:
        return _stored(path, zarr.open(path, mode="r"), series)
    except (ImageError, MemoryError):
        raise
    # A damaged folder makes zarr raise nearly every kind of exception.
    except Exception as fault:
        raise _damaged(path.name, fault) from fault


def info_of_zarr(path: Path) -> str:
    """Return the text that `write_zarr` kept, or nothing."""
    try:
        attributes = zarr.open(path, mode="r").attrs.asdict()
    except Exception as fault:
        raise _damaged(path.name, fault) from fault
    return str(attributes.get("psfbridge", {}).get("info", ""))


def attachment_of_zarr(path: Path) -> bytes:
    """Return the bytes that `write_zarr` attached, or none."""
    file = path / _ATTACHMENT
    return file.read_bytes() if file.is_file() else b""


def _damaged(name: str, fault: Exception) -> ImageError:
    reason = str(fault) or type(fault).__name__
    return ImageError(f"{name} is damaged or not an OME-Zarr image: {reason[:200]}. Copy it again.")


def _stored(path: Path, node: Any, series: int | str | None) -> Stored:
    name = path.name
    notes: tuple[str, ...] = ()
    names: list[str] = []
    if isinstance(node, zarr.Group) and not _multiscales(node) and "0" in node:
        names = sorted((key for key in node.group_keys() if key.isdecimal()), key=int)
        number, notes = chosen_series(name, names, series)
        node = node[names[number]]
    if isinstance(node, zarr.Array):
        return _of_array(name, node, _dimension_names(node), (None, None, None), ())
    multiscales = _multiscales(node)
    if not multiscales:
        raise ImageError(
            f"{name} is a Zarr folder without an OME image. Give the folder of the image itself."
        )
    multiscale = multiscales[0]
    dataset = multiscale["datasets"][0]
    array = node[dataset["path"]]
    axes = multiscale.get("axes") or list("tczyx")
    named = [axis if isinstance(axis, dict) else {"name": axis} for axis in axes]
    letters = [str(axis.get("name", "?")) for axis in named]
    voxel_um, faults = _voxel_um(named, multiscale, dataset)
    stored = _of_array(name, array, letters, voxel_um, faults)
    attributes = node.attrs.asdict()
    omero = attributes.get("ome", attributes).get("omero") or {}
    channels = omero.get("channels") or ()
    return replace(
        stored,
        notes=(*notes, *stored.notes),
        series_names=tuple(names),
        channel_names=tuple(str(one.get("label", "")) for one in channels),
        time_step_s=_time_step_s(named, multiscale, dataset),
    )


def _time_step_s(axes: list[Any], multiscale: Any, dataset: Any) -> float | None:
    """Return the scale of the axis of time, where it has seconds."""
    for at, axis in enumerate(axes):
        if axis.get("type") == "time" and axis.get("unit") == "second":
            scales = _scales(multiscale, dataset)
            return positive_length(np.prod([scale[at] for scale in scales]) if scales else None)
    return None


def _scales(multiscale: Any, dataset: Any) -> list[Any]:
    return [
        step["scale"]
        for place in (dataset, multiscale)
        for step in place.get("coordinateTransformations", [])
        if step.get("type") == "scale"
    ]


def _multiscales(group: Any) -> list[Any]:
    attributes = group.attrs.asdict()
    found = attributes.get("ome", attributes).get("multiscales", [])
    return list(found)


def _dimension_names(array: Any) -> list[str]:
    names = getattr(array.metadata, "dimension_names", None) or ()
    names = names or array.attrs.asdict().get("_ARRAY_DIMENSIONS", ())
    letters = [str(name or "?") for name in names] or list("?" * array.ndim)
    if all(letter == "?" for letter in letters) and array.ndim >= 2:
        letters[-2:] = ["y", "x"]
    return letters


def _of_array(
    name: str, array: Any, names: list[str], voxel_um: Lengths, faults: tuple[str, ...]
) -> Stored:
    pieces_stored = _StoredPieces(array)

    def read(index: Index) -> NDArray[Any]:
        value = pieces_stored.fill(index)
        if value is not None:
            return np.full(_lengths(index, array.shape), value, array.dtype)
        try:
            return np.asarray(array[index])
        except MemoryError:
            raise
        except KeyboardInterrupt:
            # That the tasks of a read that was stopped stay undone is no news to the user.
            logging.getLogger("asyncio").setLevel(logging.CRITICAL)
            raise
        except Exception as fault:
            raise _damaged(name, fault) from fault

    letters = "".join(_letter(text) for text in names)
    if len(letters) != array.ndim:
        raise ImageError(f"{name} names the axes {names}, but has the shape {array.shape}.")
    # Each chunk costs a look at the disk: thousands are not counted.
    counted = array.nchunks <= FILES.counted_chunks
    missing = array.nchunks - array.nchunks_initialized if counted else 0
    notes: tuple[str, ...] = ()
    if missing:
        chunks = f"{missing} of {array.nchunks} chunks of {name}"
        notes = (f"{chunks} are not stored; they were read as {array.fill_value}.",)
    pieces = tuple(array.chunks)
    return Stored(
        name,
        array.shape,
        array.dtype,
        letters,
        read,
        voxel_um,
        faults,
        notes,
        chunks=pieces,
        fill=pieces_stored.fill,
    )


class _StoredPieces:
    """Which pieces of an array are stored in its folder, which is listed once, when it is asked."""

    def __init__(self, array: Any) -> None:
        self._array = array
        self._sizes = tuple(getattr(array, "shards", None) or array.chunks)

    def fill(self, index: Index) -> Any:
        """Return the value of a part of which no piece is stored; None where one may be."""
        if self._files is None or self._array.fill_value is None:
            return None
        name = self._array.metadata.encode_chunk_key
        parts = map(_part, index, self._array.shape)
        for number in product(*map(touched, parts, self._sizes)):
            if name(number) in self._files:
                return None
        return self._array.fill_value

    @cached_property
    def _files(self) -> frozenset[str] | None:
        root = getattr(self._array.store, "root", None)
        if root is None:
            return None
        folder = Path(root) / self._array.path
        every = (Path(at, name) for at, _, names in os.walk(folder) for name in names)
        return frozenset(one.relative_to(folder).as_posix() for one in every)


def _part(index: int | slice, length: int) -> slice:
    """Return an index along an axis as a part with a start and an end."""
    return slice(index, index + 1) if isinstance(index, int) else slice(*index.indices(length)[:2])


def _lengths(index: Index, shape: tuple[int, ...]) -> list[int]:
    parts = zip(index, shape, strict=True)
    return [len(range(*one.indices(length))) for one, length in parts if isinstance(one, slice)]


def _letter(axis: str) -> str:
    """Return the letter of an axis: I where it has no name, U where the name is unknown."""
    letter = axis.upper()[:1]
    if axis.lower() in ("time", "channel") or (len(axis) == 1 and letter in "TCZYX"):
        return letter
    return "I" if axis == "?" else "U"


def _voxel_um(axes: list[Any], multiscale: Any, dataset: Any) -> tuple[Lengths, tuple[str, ...]]:
    """Scale of the first dataset, times that of the whole, in the units of the axes."""
    scales = _scales(multiscale, dataset)
    found: dict[str, float | None] = {}
    faults = []
    for at, axis in enumerate(axes):
        value = np.prod([scale[at] for scale in scales]) if scales else None
        factor = unit_um(axis.get("unit"))
        name = str(axis.get("name")).lower()
        if value is None or factor is None or name not in ("z", "y", "x"):
            continue
        found[name] = positive_length(value, factor)
        if found[name] is None:
            faults.append(f"its {name} scale is {value:g}")
    return (found.get("z"), found.get("y"), found.get("x")), tuple(faults)


_AXES = [
    {"name": "t", "type": "time"},
    {"name": "c", "type": "channel"},
    *({"name": letter, "type": "space", "unit": "micrometer"} for letter in "zyx"),
]


def write_zarr(
    folder: Path,
    data: NDArray[Any],
    voxel_um: tuple[float, float, float],
    info: str,
    attachment: bytes = b"",
    kept: Kept = NOTHING_KEPT,
) -> None:
    """Write an OME-Zarr 0.4 image into an empty folder, with smaller copies of a large one.

    Parameters
    ----------
    folder : Path
        The folder.
    data : array
        The array has axes (z, y, x), (c, z, y, x) or (t, c, z, y, x).
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    info : str
        Kept in the attributes, as ImageJ's Info is in a TIFF.
    attachment : bytes
        Kept in a file that other programs pass over.
    kept : Kept
        The image's name, those of the channels, and the time between frames.
    """
    group = zarr.open_group(folder, mode="w", zarr_format=2)
    _write_level(group, "0", data)
    axes = [dict(axis) for axis in _AXES[-data.ndim :]]
    if kept.time_step_s and data.ndim == 5:
        axes[0]["unit"] = "second"
    time_step = kept.time_step_s or 1.0
    scale = [time_step, 1.0, *voxel_um][-data.ndim :]
    datasets = [{"path": "0", "coordinateTransformations": _placed(scale, 1)}]
    for level in range(1, _levels(data.shape) + 1):
        _write_level(group, str(level), _Halved(group[str(level - 1)]))
        transformations = _placed(scale, 2**level)
        datasets.append({"path": str(level), "coordinateTransformations": transformations})
    multiscale = {"version": "0.4", "name": kept.name, "axes": axes, "datasets": datasets}
    attributes = {"multiscales": [multiscale], "psfbridge": {"info": info}}
    if kept.channel_names:
        attributes["omero"] = _omero(kept.channel_names, data)
    group.attrs.update(attributes)
    if attachment:
        (folder / _ATTACHMENT).write_bytes(attachment)


class _Halved:
    """A level of half the rows and columns, made plane by plane as it is read."""

    def __init__(self, finer: Any) -> None:
        self._finer = finer
        self.shape = (*finer.shape[:-2], finer.shape[-2] // 2, finer.shape[-1] // 2)
        self.dtype, self.ndim = finer.dtype, finer.ndim

    def __getitem__(self, index: Any) -> NDArray[Any]:
        fine = np.asarray(self._finer[index], np.float64)
        fine = fine[..., : 2 * self.shape[-2], : 2 * self.shape[-1]]
        rows = fine[..., ::2, :] + fine[..., 1::2, :]
        mean = (rows[..., ::2] + rows[..., 1::2]) / 4
        if self.dtype.kind in "iu":
            mean = np.rint(mean)
        return np.asarray(mean, self.dtype)


def _levels(shape: tuple[int, ...]) -> int:
    """Return how many smaller copies there are: until one is seen whole on a screen."""
    size, count = max(shape[-2:]), 0
    while size > FILES.screen and min(shape[-2:]) >> count > 1:
        size, count = size // 2, count + 1
    return count


def _write_level(group: Any, name: str, data: Any) -> None:
    chunks = _chunks(data)
    array = group.create_array(
        name,
        shape=data.shape,
        dtype=data.dtype.newbyteorder("="),
        chunks=chunks,
        chunk_key_encoding={"name": "v2", "separator": "/"},
        # A chunk that is not there shall always mean damage.
        config={"write_empty_chunks": True},
    )
    step = chunks[-3]
    for first in np.ndindex(data.shape[:-3]):
        for z in range(0, data.shape[-3], step):
            array[(*first, slice(z, z + step))] = data[(*first, slice(z, z + step))]


def _placed(scale: list[float], finer: int) -> list[dict[str, Any]]:
    """Return where a level lies, of which a voxel is the mean of `finer` by `finer` ones."""
    larger = [*scale[:-2], *(length * finer for length in scale[-2:])]
    placed: list[dict[str, Any]] = [{"type": "scale", "scale": larger}]
    if finer > 1:
        shift = [0.0] * (len(scale) - 2) + [length * (finer - 1) / 2 for length in scale[-2:]]
        placed.append({"type": "translation", "translation": shift})
    return placed


def _omero(names: tuple[str, ...], data: NDArray[Any]) -> dict[str, Any]:
    """Return the names of the channels in the block that viewers read them from."""
    axis = data.ndim - 4
    channels = []
    for number, name in enumerate(names):
        channel = data[(slice(None),) * axis + (number,)] if axis >= 0 else data
        low, high = float(channel.min()), float(channel.max())
        window = {"min": low, "max": high, "start": low, "end": high}
        channels.append({"label": name, "color": "FFFFFF", "active": True, "window": window})
    return {"channels": channels}


def _chunks(data: Any) -> tuple[int, ...]:
    """Whole planes where they are small, so that a chunk is neither tiny nor huge."""
    y, x = min(data.shape[-2], 1024), min(data.shape[-1], 1024)
    z = max(1, min(data.shape[-3], FILES.chunk_bytes // (y * x * data.dtype.itemsize)))
    return (*(1 for _ in data.shape[:-3]), z, y, x)
