"""Beads and measures as ImageJ's ResultsTables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from psfbridge.beads import Bead, Beads
from psfbridge.bridge.java import java_class

__all__ = ["add_measures", "show_beads"]

_PER_AXIS = "zyx"


def show_beads(title: str, tables: Iterable[tuple[int, Beads]]) -> Any:
    """Show every candidate in a table called `title`, and return it.

    Headless ImageJ has no table but Results, so there the beads are what Results holds.

    Parameters
    ----------
    title : str
        The window's title.
    tables : iterable of (int, Beads)
        The beads of each channel; channels counted from 1.
    """
    table = java_class("ij.measure.ResultsTable")()
    for channel, beads in tables:
        for bead in beads:
            _add_bead(table, channel, bead)
    if _headless():
        java_class("ij.plugin.filter.Analyzer").setResultsTable(table)
    table.show(title)
    return table


def _add_bead(table: Any, channel: int, bead: Bead) -> None:
    table.addRow()
    for name, value in asdict(bead).items():
        table.addValue(name, value if isinstance(value, str) else float(value))
    table.addValue("channel", float(channel))


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
