"""Settings of mouse clicks in napari."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CLICKS", "ClickSettings"]


@dataclass(frozen=True)
class ClickSettings:
    """Settings that assign clicks to beads.

    Attributes
    ----------
    reach_um : float
        A click so near to a bead's middle means it, in y and x, in µm: the radius of its ring.
    column_px : int
        A new bead is in the brightest plane of a column that reaches so many pixels around the
        click: a bead at NA 1.4 is two to three pixels wide.
    """

    reach_um: float = 0.75
    column_px: int = 2


CLICKS = ClickSettings()
