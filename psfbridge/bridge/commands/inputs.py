"""Inputs of a command: the active image, the requested part and the selection."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psfbridge.bridge.convert.imageplus import HyperstackPart, from_imageplus, part_of
from psfbridge.errors import ImageError, OptionError
from psfbridge.imaging.image import Image

__all__ = [
    "BEADS_FROM",
    "HOST_KEYS",
    "Input",
    "image_of",
    "inputs",
    "lender",
    "need_image",
    "parts",
    "sent_channels",
]

#: The keys by which every command chooses a part of its image, or says its voxel size.
HOST_KEYS = ("channel", "frame", "voxel")

#: The key that names the channel whose beads another takes, or a table of their places.
BEADS_FROM = "beads_from"

#: A dialog's preview and the command that follows it lock the same image: they wait for each other.
_copying = threading.Lock()


@dataclass(frozen=True, eq=False)
class Input:
    """One channel of an ImagePlus at one time point.

    Parameters
    ----------
    imp : ij.ImagePlus
        Provenance.
    image : Image
        The array has axes (z, y, x). The units are counts.
    channel, frame : int
        Counted from 1.
    """

    imp: Any
    image: Image
    channel: int
    frame: int


def need_image(imp: Any) -> Any:
    """Return the image to work on.

    Raises
    ------
    ImageError
        If there is none, or it was closed.
    """
    if imp is None:
        raise ImageError("no image is open. Open one first: File > Open..., or open(path).")
    if imp.getProcessor() is None:
        raise ImageError(f"{imp.getTitle()} was closed. Open it again.")
    return imp


def parts(imp: Any, texts: Mapping[str, str]) -> list[HyperstackPart]:
    """Return the requested parts, one per channel, without reading pixels.

    Raises
    ------
    ImageError
        If the image is of a wrong type, without voxel size, or has no such part.
    OptionError
        If a text cannot be read.
    """
    frame = _frame(imp, texts.get("frame"))
    voxel_um = _voxel(texts.get("voxel"))
    return [
        part_of(imp, channel=channel, frame=frame, voxel_um=voxel_um)
        for channel in _channels(imp, texts.get("channel"))
    ]


def lender(texts: Mapping[str, str]) -> str | None:
    """Return the channel whose beads are asked for, as a text; None where there is no such.

    Raises
    ------
    OptionError
        If it is no number, nor the path of a table.
    """
    text = texts.get(BEADS_FROM)
    if text is None or text.lower().endswith(".csv"):
        return None
    return str(_counted(BEADS_FROM, text, "the number of a channel from 1, or a .csv table"))


def sent_channels(imp: Any, texts: Mapping[str, str]) -> list[int]:
    """Return the channels that a command looks at: its own, and the one that lends its beads.

    Raises
    ------
    ImageError
        As `parts` does.
    OptionError
        If a text cannot be read.
    """
    lending = lender(texts)
    asked = [texts] if lending is None else [texts, {**texts, "channel": lending}]
    found = [part.channels[0] for one in asked for part in parts(imp, one)]
    return list(dict.fromkeys(found))


def inputs(imp: Any, texts: Mapping[str, str]) -> list[Input]:
    """Copy what the options ask for out of an ImagePlus: one input for each channel.

    Parameters
    ----------
    imp : ij.ImagePlus
        The image.
    texts : mapping
        May hold ``channel`` (a number from 1, or ``all``), ``frame`` and ``voxel``.

    Raises
    ------
    ImageError
        If the image is locked, of a wrong type, without voxel size, or has no such part.
    OptionError
        If a text cannot be read.
    """
    wanted = parts(imp, texts)
    with _copying, _locked(imp):
        return [_input(imp, part) for part in wanted]


@contextmanager
def _locked(imp: Any) -> Iterator[None]:
    """Lock the image against ImageJ's own commands."""
    if not imp.lockSilently():
        raise ImageError(
            f"{imp.getTitle()} is locked: another command is working on it. Wait until it has "
            "finished."
        )
    try:
        yield
    finally:
        imp.unlock()


def image_of(imp: Any, texts: Mapping[str, str]) -> Input:
    """Copy the one channel that the options ask for; ``all`` is refused."""
    if texts.get("channel") == "all":
        raise OptionError(
            "channel=all works only in Distill PSF...; give one channel number, counted from 1."
        )
    return inputs(imp, texts)[0]


def _input(imp: Any, part: HyperstackPart) -> Input:
    channel = part.channels[0]
    image = from_imageplus(imp, channel=channel, frame=part.frame, voxel_um=part.voxel_um)
    return Input(imp, image, channel, part.frame)


def _channels(imp: Any, text: str | None) -> list[int]:
    if text is None:
        return [int(imp.getC())]
    if text == "all":
        return list(range(1, int(imp.getNChannels()) + 1))
    return [_counted("channel", text, "a number from 1, or all")]


def _frame(imp: Any, text: str | None) -> int:
    if text is not None:
        return _counted("frame", text, "a number from 1")
    if int(imp.getNFrames()) > 1 and int(imp.getNSlices()) == 1:
        raise ImageError(
            f"{imp.getTitle()} has {imp.getNFrames()} frames of one slice each. If this is a z "
            "stack, swap slices and frames in Image > Properties...; to use a single frame, give "
            "frame=N."
        )
    return int(imp.getT())


def _counted(key: str, text: str, allowed: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise OptionError(f"{key} is {text!r}; allowed is {allowed}.") from None


def _voxel(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(text.split(","))
