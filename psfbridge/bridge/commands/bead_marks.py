"""Positions and colours of the bead marks in every slice of an image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.bridge.commands.command_result import Found
from psfbridge.detection.beads import HELD_OUT, REJECTED, USED, Bead

__all__ = ["COLOURS", "LETTERS", "NAME", "PREVIEW", "RADIUS", "Mark", "marks_of", "on_one_slice"]

#: Colours that people with any colour vision can tell apart (Okabe and Ito 2008).
COLOURS: dict[str, tuple[int, int, int]] = {
    USED: (0, 158, 115),
    HELD_OUT: (86, 180, 233),
    REJECTED: (213, 94, 0),
}

#: What the name of every mark starts with.
NAME = "PSF Bridge"

#: What it starts with while a dialog is open.
PREVIEW = f"{NAME} preview"

#: Radius of a mark in voxels.
RADIUS = 4.0

#: Height of the numbers in voxels.
LETTERS = 8


@dataclass(frozen=True)
class Mark:
    """A circle on one slice.

    Parameters
    ----------
    name : str
        Which bead it is, its status and the reason for it.
    z : int
        The slice, from 0.
    y, x : float
        Its centre in voxels.
    colour : tuple of int
        Red, green and blue, to 255.
    bead : int
        Its number in the table.
    bead_z : float
        Where the bead is along z, in voxels.
    """

    name: str
    z: int
    y: float
    x: float
    colour: tuple[int, int, int]
    bead: int
    bead_z: float


def marks_of(found: Found, *, preview: bool = False) -> Iterator[Mark]:
    """Yield the marks of the beads of one channel.

    Parameters
    ----------
    found : Found
        The channel and its beads.
    preview : bool
        Whether a dialog is still open: these marks are not there to stay.
    """
    source = found.source
    start = PREVIEW if preview else NAME
    of = f" of channel {source.channel}" if int(source.imp.getNChannels()) > 1 else ""
    for bead in found.beads:
        reason = f": {bead.reason}" if bead.reason else ""
        name = f"{start} {bead.bead}{of} {bead.status}{reason}"
        for z in _slices_of(source.image.data, bead):
            yield Mark(name, z, bead.y, bead.x, COLOURS[bead.status], bead.bead, bead.z)


def on_one_slice(marks: Iterable[Mark]) -> Iterator[Mark]:
    """Yield one mark of each bead."""
    seen: set[int] = set()
    for mark in marks:
        if mark.bead not in seen:
            seen.add(mark.bead)
            yield mark


def _slices_of(data: NDArray[Any], bead: Bead) -> Iterable[int]:
    """Return the slices in which the bead exceeds half its height."""
    z, y, x = (
        _clipped(at, length)
        for at, length in zip((bead.z, bead.y, bead.x), data.shape, strict=True)
    )
    column = data[:, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].max(axis=(1, 2)).astype(float)
    level = bead.background if np.isfinite(bead.background) else float(np.median(column))
    seen = column >= level + (column[z] - level) / 2
    first = z
    while first > 0 and seen[first - 1]:
        first -= 1
    last = z
    while last + 1 < len(column) and seen[last + 1]:
        last += 1
    return range(first, last + 1)


def _clipped(position: float, length: int) -> int:
    return min(max(round(position), 0), length - 1)
