"""Display of the results of a command: images, tables, overlay and Log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psfbridge.bridge.commands.command_result import Found, Outcome, Picture
from psfbridge.bridge.commands.left_out import MARKED, marked
from psfbridge.bridge.convert.imageplus import to_imageplus
from psfbridge.bridge.imagej.overlay import mark_beads, unmark_beads
from psfbridge.bridge.imagej.profile_plot import show_profiles
from psfbridge.bridge.imagej.status import log
from psfbridge.bridge.imagej.tables import add_measures, show_beads, show_rows
from psfbridge.bridge.java.find import java_class

__all__ = ["mark", "show"]


def show(imp: Any, outcome: Outcome, *, person: bool = False) -> None:
    """Show everything that a command gave; its last image is active afterwards.

    Where a person asked, widths and profiles are shown too: a macro asks for them by itself.
    """
    if outcome.found:
        mark(imp, outcome.found)
        show_beads(imp, outcome.found)
    if outcome.measured and (person or not outcome.profiles):
        add_measures(str(imp.getTitle()), outcome.measured)
    if outcome.profiles and person:
        show_profiles(outcome.pictures[-1].title, outcome.profiles)
    for picture in outcome.pictures:
        _show_picture(picture)
    if outcome.table[0]:
        show_rows(*outcome.table)
    if outcome.opens and java_class("ij.IJ").getInstance() is not None:
        java_class("ij.plugin.BrowserLauncher").openURL(outcome.opens)
    for line in outcome.log:
        log(line)


def _show_picture(picture: Picture) -> None:
    imp = to_imageplus(picture.image, title=picture.title)
    if picture.info:
        imp.setProperty("Info", picture.info)
    imp.show()
    imp.setPosition(1, picture.image.data.shape[-3] // 2 + 1, 1)


def mark(imp: Any, found: Sequence[Found], *, preview: bool = False) -> None:
    """Mark the beads on their image; an image closed during the work only gets a word."""
    if imp.getProcessor() is None:
        log(f"{imp.getTitle()} was closed in the meantime: its beads are only in the table.")
        return
    unmark_beads(imp)
    for one in found:
        mark_beads(one, preview=preview)
    if not preview:
        imp.setProperty(MARKED, marked(found))
