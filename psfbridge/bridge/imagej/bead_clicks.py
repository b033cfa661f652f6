"""Selection of a bead on the image by a click on its row in the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psfbridge.bridge.java.find import implemented, java_class
from psfbridge.bridge.java.session import session

__all__ = ["show_clicked_beads"]

# No selection: the next distillation would take the beads inside. A circle that stands out.
_RADIUS = 6
_WIDTH = 2
_NAME = "PSF Bridge chosen"


def show_clicked_beads(title: str, imp: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Listen for clicks in the window of the table, if there is one.

    Parameters
    ----------
    title : str
        The title of the table.
    imp : ij.ImagePlus
        Where its beads lie.
    rows : sequence of mapping
        The rows of the table, as `bead_rows` gives them.
    """
    window = java_class("ij.WindowManager").getWindow(title)
    if not isinstance(window, java_class("ij.text.TextWindow")):
        return
    panel = window.getTextPanel()

    def clicked(event: Any) -> None:  # noqa: ARG001 - Java's signature
        row = int(panel.getSelectionStart())
        if 0 <= row < len(rows) and imp.getProcessor() is not None:
            _show(imp, rows[row])

    listener = implemented(
        "java.awt.event.MouseListener",
        mouseReleased=clicked,
        mousePressed=_nothing,
        mouseClicked=_nothing,
        mouseEntered=_nothing,
        mouseExited=_nothing,
    )
    parts = [panel.getComponent(index) for index in range(panel.getComponentCount())]
    # The window of an earlier run is used again; ImageJ keeps no hold on Python's side of it.
    before = session.kept.get(title)
    session.kept[title] = listener
    for part in parts:
        if before is not None:
            part.removeMouseListener(before)
        part.addMouseListener(listener)


def _nothing(event: Any) -> None:
    """Do nothing."""


def _show(imp: Any, row: Mapping[str, Any]) -> None:
    imp.setPosition(int(row["channel"]), int(row["slice"]), imp.getT())
    # Index 0 is the centre of the first voxel; ImageJ's 0.0 is that voxel's corner.
    corner = (row[axis] + 0.5 - _RADIUS for axis in "xy")
    circle = java_class("ij.gui.OvalRoi")(*corner, 2 * _RADIUS, 2 * _RADIUS)
    circle.setName(_NAME)
    circle.setStrokeColor(java_class("java.awt.Color").YELLOW)
    circle.setStrokeWidth(_WIDTH)
    overlay = imp.getOverlay() or java_class("ij.gui.Overlay")()
    overlay.remove(_NAME)
    overlay.add(circle)
    imp.setOverlay(overlay)
