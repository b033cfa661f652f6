"""Stacks stored as one file per plane: assignment of axes from the file names."""

from __future__ import annotations

import glob
import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.errors import ImageError
from psfbridge.imaging.formats.stored_image import Index, Stored

__all__ = [
    "image_files",
    "is_pattern",
    "join_planes",
    "open_sequence",
    "sequence_files",
    "sibling_note",
]

_ENDINGS = (".tif", ".tiff", ".TIF", ".TIFF")

#: What stands before a number in names of planes, and the axis that it counts.
_AXES: dict[str, str] = {
    **dict.fromkeys(("z", "slice", "plane", "pln", "sec", "section", "focus"), "Z"),
    **dict.fromkeys(("c", "ch", "chan", "channel", "w", "wavelength"), "C"),
    **dict.fromkeys(("t", "time", "tp", "frame", "timepoint"), "T"),
    **dict.fromkeys(("s", "p", "pos", "position", "xy", "stage", "series", "scene", "m"), "P"),
}

#: Micro-Manager 1.4: time point, name of the channel, plane.
_MICROMANAGER = re.compile(r"(img_)(\d{9})(_.*_)(\d{3})$")

#: So many files of a folder are named in a message.
_NAMED = 3


@dataclass(frozen=True)
class _Name:
    """A file's name parted into texts and numbers."""

    path: Path
    texts: tuple[str, ...]
    numbers: tuple[int, ...]

    @classmethod
    def of(cls, path: Path) -> _Name:
        parts = re.split(r"(\d+)", path.stem)
        return cls(path, (*parts[::2], path.suffix), tuple(int(part) for part in parts[1::2]))


def is_pattern(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is a pattern such as ``beads_z*.tif`` rather than a file."""
    return glob.has_magic(os.fspath(path)) and not Path(path).exists()


def sequence_files(path: str | os.PathLike[str]) -> list[Path]:
    """Return the TIFFs of a folder, or those that a pattern names.

    Raises
    ------
    ImageError
        If there is none.
    """
    if is_pattern(path):
        found = [Path(one) for one in glob.glob(os.fspath(path), recursive=True)]  # noqa: PTH207
        found = _numbered(found, os.path.basename(path)) or found  # noqa: PTH119
        words = f"no file matches {os.fspath(path)}. Check the folder and the file extension."
    else:
        found = [one for one in Path(path).iterdir() if not one.name.startswith(".")]
        words = (
            f"{path} is a folder, but neither contains TIFF files nor is an OME-Zarr. Give a "
            "single file."
        )
    files = sorted(one for one in found if one.suffix in _ENDINGS and one.is_file())
    if not files:
        raise ImageError(words)
    return files


def _numbered(files: Sequence[Path], pattern: str) -> list[Path]:
    """Return the files that have numbers in place of the pattern's stars, if there are several."""
    form = "".join(
        r"\d+" if part == "*" else re.escape(part) for part in re.split(r"(\*)", pattern)
    )
    numbered = [one for one in files if re.fullmatch(form, one.name)]
    return numbered if len(numbered) > 1 else []


def image_files(path: str | os.PathLike[str]) -> list[Path]:
    """Return every file that an input consists of; none where it is not there."""
    place = Path(path)
    if is_pattern(path):
        return sequence_files(path)
    if place.is_dir():
        return sorted(one for one in place.rglob("*") if one.is_file())
    return [place] if place.is_file() else []


def sibling_note(path: Path) -> tuple[str, ...]:
    """Return a note if a single plane is one of many in its folder."""
    skeleton = _skeleton(str(path))
    alike = [str(one) for one in path.parent.iterdir() if _skeleton(str(one)) == skeleton]
    if len(alike) < 2 or not _numbers_planes(alike):
        return ()
    return (
        f"{path.name} is a single plane and one of {len(alike)} similarly named files; to read "
        f"them as one stack, give the folder or the pattern {Path(_pattern(alike)).name}.",
    )


def join_planes(paths: Sequence[str]) -> list[str]:
    """Join files that are planes of one stack by their names.

    Parameters
    ----------
    paths : sequence of str
        Files, as a command line names them.

    Returns
    -------
    list of str
        A pattern in place of files whose names number planes; other files as they are.
    """
    alike: dict[tuple[str, ...], list[str]] = {}
    for path in paths:
        alike.setdefault(_skeleton(path), []).append(path)
    joined: list[str] = []
    for files in alike.values():
        joined += [_pattern(files)] if len(files) > 1 and _counts_planes(files) else files
    return joined


def _skeleton(path: str) -> tuple[str, ...]:
    name = _Name.of(Path(path))
    return (str(Path(path).parent), *name.texts)


def _counts_planes(files: Sequence[str]) -> bool:
    """Return whether files are single planes whose names give the z index."""
    return _numbers_planes(files) and all(
        Path(one).suffix in _ENDINGS and _is_plane(Path(one)) for one in files[:2]
    )


def _numbers_planes(files: Sequence[str]) -> bool:
    return "Z" in [axis for _, axis in _varying([_Name.of(Path(one)) for one in files])]


def _is_plane(path: Path) -> bool:
    from psfbridge.imaging.formats.tiff_read import read_tiff

    try:
        stored = read_tiff(path)
    except ImageError:
        return False
    return math.prod(stored.shape[:-2]) == 1 or stored.shape[-1:] in ((3,), (4,))


def _pattern(files: Sequence[str]) -> str:
    """Return the pattern that names these files: a ``*`` for every number that differs."""
    names = [_Name.of(Path(one)) for one in files]
    places = {place for place, _ in _varying(names)}
    first = names[0]
    numbers = re.findall(r"\d+", first.path.stem)
    pattern = glob.escape(first.texts[0])
    for place, text in enumerate(first.texts[1:-1]):
        pattern += ("*" if place in places else numbers[place]) + glob.escape(text)
    return str(Path(glob.escape(str(first.path.parent))) / (pattern + first.texts[-1]))


def _varying(names: Sequence[_Name]) -> list[tuple[int, str]]:
    """Return which numbers of the names differ, and the axis that each counts; ``?`` is unknown."""
    first = names[0]
    places = [
        place
        for place in range(len(first.numbers))
        if len({name.numbers[place] for name in names}) > 1
    ]
    if all(_MICROMANAGER.search(name.path.stem) for name in names):
        last = len(first.numbers) - 1
        return [(place, "Z" if place == last else "T") for place in places]
    return [(place, _axis(first.texts[place])) for place in places]


def _axis(text: str) -> str:
    word = re.search(r"([A-Za-z]+)[ _=-]*$", text)
    return _AXES.get(word[1].lower(), "?") if word else "?"


def open_sequence(files: Sequence[Path], name: str) -> Stored:
    """Return many files of one plane each as one image.

    Parameters
    ----------
    files : sequence of path
        TIFFs whose names differ by numbers only.
    name : str
        What messages call them.

    Raises
    ------
    ImageError
        If the names do not number a whole stack, or the files differ in size or type.
    """
    from psfbridge.imaging.formats.tiff_read import read_tiff

    if len(files) == 1:
        return read_tiff(files[0])
    names = [_Name.of(path) for path in files]
    axes, order = _grid(names, name)
    opened = [read_tiff(one.path) for one in order.ravel()]
    _check_alike(opened, name)
    first = opened[0]
    stack = _Stack(opened, order.shape)
    letters = "".join(axes)
    what = ", ".join(f"{n} {_WORDS[axis]}" for n, axis in zip(order.shape, axes, strict=True))
    note = f"{name}: {len(files)} files were read as one image with {what}."
    return replace(
        first,
        name=name,
        shape=(*order.shape, *first.shape),
        axes=letters + first.axes,
        read=stack.read,
        notes=(note, *first.notes),
        mapped=False,
    )


_WORDS = {"Z": "planes", "C": "channels", "T": "time points"}


def _grid(names: Sequence[_Name], name: str) -> tuple[list[str], NDArray[Any]]:
    """Return the axes that the names number, and the names in an array with those axes."""
    if len({one.texts for one in names}) > 1:
        raise ImageError(
            f"{name} names {len(names)} files of different names ({_listed(names)}); the names in "
            "a stack may differ only in their numbers.",
            remedy="Select those of one stack with a pattern such as 'beads_z*.tif'.",
        )
    varying = _varying(names)
    axes = ["Z" if len(varying) == 1 and axis == "?" else axis for _, axis in varying]
    if not set(axes) <= set(_WORDS) or len(set(axes)) != len(axes):
        raise ImageError(
            f"{name} names {len(names)} files whose names differ by {len(axes)} numbers "
            f"({_listed(names)}); allowed are one, or those after z, c and t.",
            remedy="Select those of one stack with a pattern such as 'beads_t001_z*.tif'.",
        )
    values = [sorted({one.numbers[place] for one in names}) for place, _ in varying]
    for found, axis in zip(values, axes, strict=True):
        _check_whole(found, name, _WORDS[axis])
    shape = tuple(len(found) for found in values)
    if math.prod(shape) != len(names):
        raise ImageError(
            f"{name} names {len(names)} files, but {' x '.join(map(str, shape))} are expected "
            "from the numbering: some are missing or duplicated."
        )
    grid = np.empty(shape, object)
    for one in names:
        at = [found.index(one.numbers[p]) for found, (p, _) in zip(values, varying, strict=True)]
        grid[tuple(at)] = one
    return axes, grid


def _check_whole(numbers: Sequence[int], name: str, what: str) -> None:
    steps = {b - a for a, b in pairwise(numbers)}
    if len(steps) > 1:
        gap = next(a for a, b in pairwise(numbers) if b - a > min(steps))
        raise ImageError(
            f"{name}: the {what} after number {gap} are missing. Copy all the files of the stack."
        )


def _listed(names: Iterable[_Name]) -> str:
    shown = [one.path.name for one in names]
    more = ", ..." if len(shown) > _NAMED else ""
    return ", ".join(shown[:_NAMED]) + more


def _check_alike(opened: Sequence[Stored], name: str) -> None:
    first = opened[0]
    for one in opened:
        if (one.shape, one.dtype) != (first.shape, first.dtype):
            raise ImageError(
                f"{name}: {one.name} has the shape {one.shape} and type {one.dtype}, {first.name} "
                f"{first.shape} and {first.dtype}; the planes of a stack must be alike."
            )


@dataclass(frozen=True)
class _Stack:
    """Files in the order of their axes; read one by one as they are needed."""

    files: Sequence[Stored]
    shape: tuple[int, ...]

    def read(self, index: Index) -> NDArray[Any]:
        outer, inner = index[: len(self.shape)], index[len(self.shape) :]
        numbers = np.arange(len(self.files)).reshape(self.shape)[outer]
        planes = [np.asarray(self.files[int(k)].read(inner)) for k in np.ravel(numbers)]
        stacked: NDArray[Any] = np.stack(planes).reshape(np.shape(numbers) + planes[0].shape)
        return stacked
