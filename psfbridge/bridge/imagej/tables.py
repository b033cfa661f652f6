"""Beads and measures as ImageJ's ResultsTables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psfbridge.bridge.commands.command_result import Found
from psfbridge.bridge.commands.figures import bead_rows
from psfbridge.bridge.imagej.bead_clicks import show_clicked_beads
from psfbridge.bridge.java.find import java_class

__all__ = ["add_measures", "show_beads", "show_rows"]


def show_beads(imp: Any, found: Iterable[Found]) -> Any:
    """Show every candidate of an image in a table, and return it; a click on a row shows it."""
    title, rows = f"Beads of {imp.getTitle()}", list(bead_rows(found))
    table = show_rows(title, rows)
    show_clicked_beads(title, imp, rows)
    return table


def show_rows(title: str, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Show rows in a table called `title`, and return it.

    Headless ImageJ has no table but Results, so there that is what holds them.
    """
    table = java_class("ij.measure.ResultsTable")()
    for row in rows:
        table.addRow()
        for name, value in row.items():
            table.addValue(name, value if isinstance(value, str) else float(value))
    if _headless():
        java_class("ij.plugin.filter.Analyzer").setResultsTable(table)
    table.show(title)
    return table


def add_measures(title: str, values: Mapping[str, float]) -> None:
    """Add a row of measures to ImageJ's Results, as its own Measure command does."""
    table = java_class("ij.measure.ResultsTable").getResultsTable()
    if table.columnExists("status"):
        # Headless, a bead table may be there: rows of another kind do not belong in it.
        table.reset()
    table.addRow()
    table.addLabel(title)
    for name, value in values.items():
        if not math.isnan(value):
            table.addValue(name, value)
    table.show("Results")


def _headless() -> bool:
    return bool(java_class("java.awt.GraphicsEnvironment").isHeadless())
