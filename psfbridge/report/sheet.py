"""The figure canvas, which notebooks display automatically."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

from psfbridge.report.layout import PAPER

__all__ = ["Sheet"]


class Sheet(Figure):
    """A figure without pyplot, so that none is kept open; notebooks would show it as words.

    Parameters
    ----------
    figsize : tuple of float
        Width and height in inches.
    dpi : float
        Pixels per inch.
    """

    def __init__(self, figsize: tuple[float, float], dpi: float) -> None:
        super().__init__(figsize=figsize, dpi=dpi, facecolor=PAPER)

    def _repr_png_(self) -> bytes:
        png = io.BytesIO()
        self.savefig(png, format="png")
        return png.getvalue()
