"""The bead overlay."""

from __future__ import annotations

from typing import Any

from psfbridge.bridge.commands.bead_marks import LETTERS, NAME, RADIUS, Mark, marks_of, on_one_slice
from psfbridge.bridge.commands.command_result import Found
from psfbridge.bridge.commands.inputs import Input
from psfbridge.bridge.java.find import java_class

__all__ = ["mark_beads", "unmark_beads"]


def mark_beads(found: Found, *, preview: bool = False) -> None:
    """Mark the beads of one channel in the image's Overlay; other elements stay.

    Parameters
    ----------
    found : Found
        The channel and its beads.
    preview : bool
        Show each bead in all slices, once, as while a person is choosing.
    """
    source = found.source
    overlay = source.imp.getOverlay() or java_class("ij.gui.Overlay")()
    marks = marks_of(found, preview=preview)
    for mark in on_one_slice(marks) if preview else marks:
        for roi in (_circle(mark), _number(mark)):
            roi.setName(mark.name)
            roi.setStrokeColor(java_class("java.awt.Color")(*mark.colour))
            if not preview:
                _place(source, roi, mark.z + 1)
            overlay.add(roi)
    source.imp.setOverlay(overlay)


def unmark_beads(imp: Any) -> None:
    """Take away the marks of an earlier run; other elements of the Overlay stay."""
    overlay = imp.getOverlay()
    if overlay is None:
        return
    for index in reversed(range(int(overlay.size()))):
        if str(overlay.get(index).getName() or "").startswith(NAME):
            overlay.remove(index)
    imp.setOverlay(overlay if overlay.size() else None)


def _circle(mark: Mark) -> Any:
    # Index 0 is the centre of the first voxel; ImageJ's 0.0 is that voxel's corner.
    return java_class("ij.gui.OvalRoi")(
        mark.x + 0.5 - RADIUS, mark.y + 0.5 - RADIUS, 2 * RADIUS, 2 * RADIUS
    )


def _number(mark: Mark) -> Any:
    """The number of the bead in the table, at the upper right of its circle."""
    font = java_class("java.awt.Font")
    x, y = int(mark.x + RADIUS), int(mark.y - 2 * RADIUS)
    letters = font(font.SANS_SERIF, font.PLAIN, LETTERS)
    return java_class("ij.gui.TextRoi")(x, y, str(mark.bead), letters)


def _place(source: Input, roi: Any, z: int) -> None:
    imp = source.imp
    if imp.isHyperStack():
        # Channel 0 shows in every channel: the channels of a composite are seen together.
        roi.setPosition(0 if imp.isComposite() else source.channel, z, source.frame)
    elif imp.getStackSize() > 1:
        roi.setPosition(imp.getStackIndex(source.channel, z, source.frame))
