"""Assignment of axes, channels and time points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.memory import free_bytes, readable_bytes
from psfbridge._util.validate import integer
from psfbridge.errors import ImageError, OptionError
from psfbridge.imaging.formats.stored_image import NAMED_AXES, UNNAMED, Index, Stored

__all__ = ["OneVolume", "chosen_part", "frames_as_planes", "named_axes", "one_volume"]


def named_axes(stored: Stored, wanted: str | None) -> tuple[str, tuple[str, ...]]:
    """Return a letter of TCZYX for every axis longer than 1, and what was assumed.

    Parameters
    ----------
    stored : Stored
        The image.
    wanted : str, optional
        What the user calls the axes, for example ``ZYX``; overrides what the file says.

    Raises
    ------
    ImageError
        If the image is RGB, or its axes cannot be told.
    OptionError
        If `wanted` does not fit.
    """
    if wanted is not None:
        return _as_wanted(stored, wanted), ()
    _refuse_colour(stored)
    axes = _told_apart(stored.axes, stored.shape)
    long = [letter for letter, length in zip(axes, stored.shape, strict=True) if length != 1]
    unnamed = [letter for letter in long if letter in UNNAMED]
    if len(unnamed) == 1 and "Z" not in long:
        axes = axes.replace("Z", "-").replace(unnamed[0], "Z")
        planes = stored.shape[axes.index("Z")]
        note = (
            f"{stored.name} does not name its first axis; its {planes} planes were interpreted as "
            "z."
        )
        return _checked(axes, stored), (note,)
    return _checked(axes, stored), ()


def frames_as_planes(stored: Stored, axes: str) -> tuple[str, tuple[str, ...]]:
    """Take the frames of an image without z as its planes; return the letters and what to say."""
    lengths = dict(zip(axes, stored.shape, strict=True))
    if lengths.get("T", 1) == 1 or lengths.get("Z", 1) > 1:
        return axes, ()
    note = f"The {lengths['T']} time points of {stored.name} were interpreted as z planes."
    return axes.replace("Z", "-").replace("T", "Z"), (note,)


def _told_apart(axes: str, shape: tuple[int, ...]) -> str:
    """Take the letter from axes of one voxel that share it with a later axis."""
    last = len(axes) - 1
    return "".join(
        "-" if length == 1 and at < last and letter in axes[at + 1 :] else letter
        for at, (letter, length) in enumerate(zip(axes, shape, strict=True))
    )


def _as_wanted(stored: Stored, wanted: str) -> str:
    letters = str(wanted).upper()
    allowed = set(letters) <= set(NAMED_AXES) and len(set(letters)) == len(letters)
    if not (allowed and {"Y", "X"} <= set(letters)):
        raise OptionError(
            f"{{axes}} is {wanted!r}; Y and X are required, T, C and Z optional, each at most "
            "once, for example ZYX."
        )
    long = [at for at, length in enumerate(stored.shape) if length != 1]
    if len(letters) == len(stored.shape):
        return letters
    if len(letters) != len(long):
        raise OptionError(
            f"{{axes}} is {wanted!r}, but {stored.name} has the shape {stored.shape}: "
            f"give {len(long)} letters."
        )
    names = ["-"] * len(stored.shape)
    for at, letter in zip(long, letters, strict=True):
        names[at] = letter
    return "".join(names)


def _refuse_colour(stored: Stored) -> None:
    if "S" in stored.axes and stored.shape[stored.axes.index("S")] > 1:
        samples = stored.shape[stored.axes.index("S")]
        raise ImageError(
            f"{stored.name} is an RGB image ({samples} colour samples per pixel); only greyscale "
            "images can be used. Split the channels (in ImageJ: Image > Color > Split Channels) "
            "and save one."
        )


def _checked(axes: str, stored: Stored) -> str:
    long = [letter for letter, length in zip(axes, stored.shape, strict=True) if length != 1]
    strange = [letter for letter in long if letter not in NAMED_AXES]
    if strange or len(set(long)) != len(long):
        raise ImageError(
            f"{stored.name} has {len(long)} axes {stored.axes} of lengths {stored.shape}; allowed "
            "are t, c, z, y and x.",
            option="axes",
            remedy="Save one part of it, or specify the axes, for example {axes=CZYX}.",
        )
    if not {"Y", "X"} <= set(axes):
        raise ImageError(
            f"{stored.name} has the axes {stored.axes} of lengths {stored.shape}; allowed are "
            "2 to 5, with y and x among them."
        )
    return axes


def chosen_part(stored: Stored, axes: str, channel: int | None, time: int | None) -> NDArray[Any]:
    """Read one channel, or all of them, at one time point.

    Parameters
    ----------
    stored : Stored
        The image.
    axes : str
        A letter for every axis, as `named_axes` gives them.
    channel, time : int, optional
        Which to read, counted from 0; there must be one time point only where none is given.

    Returns
    -------
    array
        The array has axes (z, y, x), or (c, z, y, x) where several channels are read.

    Raises
    ------
    ImageError
        If a channel or time point is not there, none of several time points was chosen, or the
        part is larger than the memory.
    """
    picked = _picked(stored, axes, channel, time)
    lengths = dict(zip(axes, stored.shape, strict=True))
    kept = [letter for letter in axes if letter in "CZYX" and letter not in picked]
    index: Index = tuple(
        slice(None) if letter in kept else picked.get(letter, 0) for letter in axes
    )
    _check_memory(stored, math.prod(lengths[letter] for letter in kept))
    part = stored.read(index)
    part = part.transpose([kept.index(letter) for letter in "CZYX" if letter in kept])
    return part if "Z" in kept else np.expand_dims(part, -3)


def _picked(stored: Stored, axes: str, channel: int | None, time: int | None) -> dict[str, int]:
    """Return the time point that is read, and the channel, if it is one."""
    lengths = dict(zip(axes, stored.shape, strict=True))
    _check_time(stored.name, lengths, time)
    picked = {"T": _pick(stored.name, "time point", "time", lengths.get("T", 1), time)}
    if channel is not None or lengths.get("C", 1) == 1:
        picked["C"] = _pick(stored.name, "channel", "channel", lengths.get("C", 1), channel)
    return picked


@dataclass(frozen=True)
class OneVolume:
    """One channel at one time point of a stored image, read box by box.

    Parameters
    ----------
    stored : Stored
        The image.
    axes : str
        A letter for every axis.
    picked : mapping
        The number of the channel and of the time point.
    """

    stored: Stored
    axes: str
    picked: Mapping[str, int]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels in z, y and x."""
        return self._zyx(self.stored.shape)

    @property
    def chunks(self) -> tuple[int, int, int] | None:
        """Sizes of the pieces that can only be read as a whole; None where any voxel can be."""
        return None if self.stored.chunks is None else self._zyx(self.stored.chunks)

    def read(self, box: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Return the voxels of a part; the array has axes (z, y, x)."""
        read = np.asarray(self.stored.read(self._index(box)))
        kept = [letter for letter in self.axes if letter in "ZYX"]
        read = read.transpose([kept.index(letter) for letter in "ZYX" if letter in kept])
        return read if "Z" in kept else read[np.newaxis]

    def fill(self, box: tuple[slice, slice, slice]) -> Any:
        """Return the value of a part of which nothing is stored; None where something is."""
        return None if self.stored.fill is None else self.stored.fill(self._index(box))

    def _index(self, box: tuple[slice, slice, slice]) -> tuple[int | slice, ...]:
        parts = dict(zip("ZYX", box, strict=True))
        return tuple(parts.get(letter, self.picked.get(letter, 0)) for letter in self.axes)

    def _zyx(self, lengths: Sequence[int]) -> tuple[int, int, int]:
        known = dict(zip(self.axes, lengths, strict=True))
        z, y, x = (known.get(letter, 1) for letter in "ZYX")
        return z, y, x


def one_volume(
    stored: Stored, axes: str, channel: int | None, time: int | None
) -> OneVolume | None:
    """Return one channel of an image to be read box by box; None where several would be read.

    Parameters
    ----------
    stored, axes, channel, time
        As for `chosen_part`.

    Raises
    ------
    ImageError
        If a channel or time point is not there, or none of several time points was chosen.
    """
    picked = _picked(stored, axes, channel, time)
    return OneVolume(stored, axes, picked) if "C" in picked else None


def _check_time(name: str, lengths: dict[str, int], time: int | None) -> None:
    frames = lengths.get("T", 1)
    if time is not None or frames == 1:
        return
    if lengths.get("Z", 1) == 1:
        raise ImageError(
            f"{name} has {frames} time points and one z plane.",
            option="axes",
            remedy="If this is a z stack, give "
            f"{{axes={'CZYX' if lengths.get('C', 1) > 1 else 'ZYX'}}}; otherwise choose one: "
            f"{{time=0}} to {frames - 1}.",
        )
    raise ImageError(
        f"{name} has {frames} time points.",
        option="time",
        allowed=f"0 to {frames - 1}",
        remedy=f"Choose one: {{time=0}} to {frames - 1}; or combine them all: {{time=mean}}.",
    )


def _pick(name: str, noun: str, option: str, length: int, number: int | None) -> int:
    number = 0 if number is None else integer(option, number, least=0)
    if number >= length:
        there = "there is only number 0" if length == 1 else f"allowed are 0 to {length - 1}"
        raise ImageError(f"{name} has no {noun} {number}; {there}.")
    return number


def _check_memory(stored: Stored, voxels: int) -> None:
    needed, free = voxels * stored.dtype.itemsize, free_bytes()
    if not stored.mapped and needed > 0.8 * free:
        raise ImageError(
            f"{stored.name} needs {readable_bytes(needed)} of memory, {readable_bytes(free)} are "
            "free. Choose a channel, crop it, or save it as an uncompressed ImageJ TIFF."
        )
