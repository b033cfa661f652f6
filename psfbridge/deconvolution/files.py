"""Deconvolution from file to file, with channels, time points and limited memory."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.atomic_files import check_apart
from psfbridge._util.memory import readable_bytes
from psfbridge.deconvolution.api import chosen_engine
from psfbridge.deconvolution.field import restore_with
from psfbridge.deconvolution.matching import Target, matched_psfs
from psfbridge.deconvolution.prepared import prepared
from psfbridge.deconvolution.tiled import Blurred
from psfbridge.deconvolution.tiles import Part
from psfbridge.deconvolution.voxel_types import converted, scale_and_note
from psfbridge.errors import ImageError, OutputError
from psfbridge.imaging.formats import Stored
from psfbridge.imaging.image import VoxelUm, check_type, of_channel
from psfbridge.imaging.read import Reading
from psfbridge.imaging.request import accept
from psfbridge.imaging.write import Kept, check_image_output, write_volumes
from psfbridge.option_types import DeconvolveArguments
from psfbridge.options import DeconvolveOptions
from psfbridge.progress import Progress

__all__ = ["deconvolve_file"]

_FLOATS: np.dtype[Any] = np.dtype(np.float32)


def deconvolve_file(
    path: str | os.PathLike[str],
    psf: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    progress: Progress | Literal[False] | None = False,
    **choices: Unpack[DeconvolveArguments],
) -> tuple[str, ...]:
    """Deconvolve an image file into another, never holding more than a tile of it.

    Parameters
    ----------
    path : path
        TIFF, OME-TIFF, OME-Zarr or ``.npy``, with any of the axes t and c.
    psf : sequence of path
        One PSF for all channels, or one for each.
    output : path
        ``.tif``, ``.ome.tif`` or ``.zarr``: with the input's axes, voxel size, names of channels
        and time between frames, as far as the format has them.
    progress : Progress or False, optional
        Called in every iteration; may raise `psfbridge.errors.Cancelled`. None is a progress bar.
    **choices
        The fields of `DeconvolveOptions` and, for the image, of `psfbridge.imaging.read.Reading`.

    Returns
    -------
    tuple of str
        Notes for the user, one sentence each.

    Raises
    ------
    PsfBridgeError
        If the image, the PSF, an option, the engine or the output does not do; nothing is
        written then.
    """
    asked = accept(DeconvolveOptions, choices, progress=progress)
    chosen, reading = asked.options, Reading.of(**asked.reading)
    check_image_output(output)
    check_apart([output], [path, *psf])
    series = _opened(path, reading)
    target = Target(series.name, series.shape[1:], series.voxel_um)
    psfs, notes = matched_psfs(target, list(psf), chosen)
    engine = chosen_engine(chosen)
    notes.append(f"Richardson-Lucy ran on {engine}.")
    valid = reading.valid()
    with _scratch(series.shape, Path(output)) as result:
        for frame, channel in np.ndindex(series.shape[:2]):
            mask = valid[channel] if valid is not None and valid.ndim == 4 else valid
            volume, said = prepared(series.volume(frame, channel), chosen, mask, series.voxel_um)
            notes += said
            out = result[frame, channel]
            notes += restore_with(volume, psfs[channel], chosen, engine, out, asked.progress)
        factor, typed = scale_and_note(result.reshape(-1, *series.shape[2:]), chosen, series.name)
        notes += typed
        info = json.dumps({"deconvolved": series.name, "options": asdict(chosen), "notes": notes})
        with _typed(result, chosen.dtype, factor, Path(output)) as written:
            _write(written, output, series, info)
    return (*series.notes, *dict.fromkeys(notes))


def _write(
    result: NDArray[Any], output: str | os.PathLike[str], series: _Series, info: str
) -> None:
    squeezed = result if series.shape[0] > 1 else result[0]
    squeezed = squeezed[0] if squeezed.shape[:-3] == (1,) else squeezed
    write_volumes(output, squeezed, series.voxel_um, info=info, kept=series.kept)


@contextmanager
def _typed(
    result: NDArray[np.float32], dtype: str, factor: float, output: Path
) -> Iterator[NDArray[Any]]:
    """Yield the result converted to another type, plane by plane on the output disk."""
    if dtype == "float32":
        yield result
        return
    with _scratch(result.shape, output, np.dtype(dtype)) as typed:
        for place in np.ndindex(result.shape[:3]):
            typed[place] = converted(result[place], dtype, factor)
        yield typed


@dataclass(frozen=True, eq=False)
class _Series:
    """An opened file with axes (t, c, z, y, x), not read yet."""

    stored: Stored
    letters: str
    picked: dict[str, int]
    voxel_um: VoxelUm
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.stored.name

    @property
    def kept(self) -> Kept:
        """The names of the channels that are read, and the time between frames."""
        names, channel = self.stored.channel_names, self.picked.get("C")
        names = names if channel is None else of_channel(names, channel)
        step = self.stored.time_step_s if self.shape[0] > 1 else None
        return Kept(self.name, names if len(names) == self.shape[1] else (), step)

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        lengths = dict(zip(self.letters, self.stored.shape, strict=True))
        lengths |= dict.fromkeys(self.picked, 1)
        t, c, z, y, x = (lengths.get(letter, 1) for letter in "TCZYX")
        return t, c, z, y, x

    def volume(self, frame: int, channel: int) -> Blurred:
        """Return one volume, to be read part by part."""
        frames, channels, nz, ny, nx = self.shape
        fixed = {"T": frame, "C": channel} | self.picked
        name = self.name
        name = f"channel {fixed['C']} of {name}" if channels > 1 else name
        name = f"time point {fixed['T']} of {name}" if frames > 1 else name

        def read(part: Part) -> NDArray[Any]:
            return self._read(part, fixed)

        return Blurred((nz, ny, nx), read, name)

    def _read(self, part: Part, fixed: dict[str, int]) -> NDArray[Any]:
        slices = dict(zip("ZYX", part, strict=True))
        index = tuple(slices.get(letter, fixed.get(letter, 0)) for letter in self.letters)
        read = np.asarray(self.stored.read(index))
        kept = [letter for letter in self.letters if letter in "ZYX"]
        read = read.transpose([kept.index(letter) for letter in "ZYX" if letter in kept])
        return read if "Z" in kept else read[np.newaxis]


def _opened(path: str | os.PathLike[str], reading: Reading) -> _Series:
    opened = reading.opened(path)
    check_type(opened.stored.name, opened.stored.dtype)
    picked = {}
    for letter, name in (("T", "time"), ("C", "channel")):
        number, count = getattr(opened, name), opened.lengths.get(letter, 1)
        if number is None:
            continue
        if number >= count:
            raise ImageError(
                f"{opened.stored.name} has no {name} {number}; allowed are 0 to {count - 1}."
            )
        picked[letter] = number
    return _Series(opened.stored, opened.letters, picked, opened.voxel_um, opened.notes)


@contextmanager
def _scratch(
    shape: tuple[int, ...], output: Path, dtype: np.dtype[Any] = _FLOATS
) -> Iterator[NDArray[Any]]:
    """Yield a temporary array on the output disk."""
    size = dtype.itemsize * math.prod(shape)
    _check_space(output, 2 * size)
    try:
        with tempfile.TemporaryFile(dir=output.parent, prefix=".psfbridge-") as file:
            _take_space(file.fileno(), size)
            yield np.memmap(file, dtype, "r+", shape=shape)
    except OSError as fault:
        if isinstance(fault, OutputError):
            raise
        raise OutputError(
            f"cannot write {output}: {fault.strerror or fault}. No incomplete file was left behind."
        ) from fault


def _check_space(output: Path, needed: int) -> None:
    free = shutil.disk_usage(output.parent).free
    if needed > free:
        raise OutputError(
            f"cannot write {output}: this needs {readable_bytes(needed)} of disk space, and "
            f"{readable_bytes(free)} are free. Free some space, or choose another disk."
        )


def _take_space(file: int, size: int) -> None:
    """Make a file so large that its disk cannot be full later: a mapped one would crash then."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:  # macOS and Windows
        os.truncate(file, size)
