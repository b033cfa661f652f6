"""Dispatch of `plot()` methods to the figures in the report package."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["draw"]

#: Where each figure is drawn; the rooms of the data do not know the report's.
_HOMES = {
    "image": "psfbridge.report.figures:plot_image",
    "beads": "psfbridge.report.figures:plot_beads",
    "psf": "psfbridge.report.figures:plot_psf",
    "measures": "psfbridge.report.measures_figure:plot_measures",
    "check": "psfbridge.report.check_figure:plot_check",
    "field": "psfbridge.report.field_figure:plot_field",
}


def draw(kind: str, *subjects: Any) -> Any:
    """Return the figure (`matplotlib.figure.Figure`) of what `kind` names.

    Parameters
    ----------
    kind : str
        ``image``, ``beads``, ``psf``, ``measures``, ``check`` or ``field``.
    *subjects
        What the function of the report takes.
    """
    module, _, name = _HOMES[kind].partition(":")
    return getattr(import_module(module), name)(*subjects)
