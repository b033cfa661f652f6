"""What a command leaves in ImageJ: images, tables, marks on the input, and lines in the Log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psfbridge.bridge.commands.command_result import Found, Outcome, Picture
from psfbridge.bridge.convert.imageplus import to_imageplus
from psfbridge.bridge.imagej.overlay import mark_beads, unmark_beads
from psfbridge.bridge.imagej.status import log
from psfbridge.bridge.imagej.tables import add_measures, show_beads

__all__ = ["mark", "show"]


def show(imp: Any, outcome: Outcome) -> None:
    """Show everything that a command gave; its last image is active afterwards."""
    if outcome.found:
        mark(imp, outcome.found)
        show_beads(f"Beads of {imp.getTitle()}", outcome.found)
    if outcome.measured:
        add_measures(str(imp.getTitle()), outcome.measured)
    for picture in outcome.pictures:
        _show_picture(picture)
    for line in outcome.log:
        log(line)


def _show_picture(picture: Picture) -> None:
    imp = to_imageplus(picture.image, title=picture.title)
    if picture.info:
        imp.setProperty("Info", picture.info)
    imp.show()


def mark(imp: Any, found: Sequence[Found]) -> None:
    """Mark the beads on their image; an image closed during the work only gets a word."""
    if imp.getProcessor() is None:
        log(f"{imp.getTitle()} was closed during the work: its beads are in the table only.")
        return
    unmark_beads(imp)
    for one in found:
        mark_beads(one.source, one.beads)
