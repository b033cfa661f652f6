"""The beads marked on the image, by status, in every slice where each is seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.beads import HELD_OUT, REJECTED, USED, Bead, Beads
from psfbridge.bridge.inputs import Input
from psfbridge.bridge.java import java_class

__all__ = ["COLOURS", "mark_beads", "unmark_beads"]

#: Colours that people with any colour vision can tell apart (Okabe and Ito 2008).
COLOURS = {USED: (0, 158, 115), HELD_OUT: (86, 180, 233), REJECTED: (213, 94, 0)}

_NAME = "PSF Bridge"
# Radius of a mark in voxels, for a bead of one voxel.
_LEAST_RADIUS = 4.0


def mark_beads(source: Input, beads: Beads) -> None:
    """Mark the beads of one channel in the image's Overlay; other elements stay.

    Parameters
    ----------
    source : Input
        Where the beads were found.
    beads : Beads
        Positions in voxels of that image.
    """
    overlay = source.imp.getOverlay() or java_class("ij.gui.Overlay")()
    for bead in beads:
        for z in _slices_of(source.image.data, bead):
            overlay.add(_mark(source, bead, z))
    source.imp.setOverlay(overlay)


def unmark_beads(imp: Any) -> None:
    """Take away the marks of an earlier run; other elements of the Overlay stay."""
    overlay = imp.getOverlay()
    if overlay is None:
        return
    for index in reversed(range(int(overlay.size()))):
        if str(overlay.get(index).getName() or "").startswith(_NAME):
            overlay.remove(index)
    imp.setOverlay(overlay if overlay.size() else None)


def _mark(source: Input, bead: Bead, z: int) -> Any:
    radius = _LEAST_RADIUS
    # Index 0 is the centre of the first voxel; ImageJ's 0.0 is that voxel's corner.
    roi = java_class("ij.gui.OvalRoi")(
        bead.x + 0.5 - radius, bead.y + 0.5 - radius, 2 * radius, 2 * radius
    )
    reason = f": {bead.reason}" if bead.reason else ""
    roi.setName(f"{_NAME} {bead.bead} {bead.status}{reason}")
    roi.setStrokeColor(java_class("java.awt.Color")(*COLOURS[bead.status]))
    _place(source, roi, z + 1)
    return roi


def _place(source: Input, roi: Any, z: int) -> None:
    imp = source.imp
    if imp.isHyperStack():
        # Channel 0 shows in every channel: the channels of a composite are seen together.
        roi.setPosition(0 if imp.isComposite() else source.channel, z, source.frame)
    elif imp.getStackSize() > 1:
        roi.setPosition(imp.getStackIndex(source.channel, z, source.frame))


def _slices_of(data: NDArray[Any], bead: Bead) -> Iterable[int]:
    """Return the slices around the bead where its column is above half of its height."""
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
