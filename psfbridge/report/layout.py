"""Layout of figures: orthogonal projections at the same scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "FAINT",
    "INK",
    "PANEL",
    "PAPER",
    "Layout",
    "add_panels",
    "add_scale_bar",
    "add_titles",
    "style_graph",
]

# Light, so that it prints; INK and FAINT keep a contrast of 7 and 4.5 to it. Micrographs are black.
PAPER, INK, FAINT = "#ffffff", "#16191f", "#5b6270"
PANEL = "#000000"
_GRAPH, _GRID, _LINE, _ON_PANEL = "#fafbfc", "#e3e6eb", "#b9bfc9", "#c3c8d1"
_GAP_IN = 0.08


@dataclass(frozen=True)
class Layout:
    """The layout of three projections: xy with zy to its right and xz below.

    Parameters
    ----------
    scale : float
        Inches for each µm.
    x, y, z : float
        Extents in inches; z is 0 for a plane, which has the xy panel only.
    """

    scale: float
    x: float
    y: float
    z: float

    @classmethod
    def of(cls, shape: Sequence[int], voxel_um: Sequence[float], longest: float) -> Layout:
        """Return the layout of a volume whose longer side takes so many inches."""
        z, y, x = (length * step for length, step in zip(shape, voxel_um, strict=True))
        if shape[0] == 1:
            z = 0.0
        scale = longest / max(x + z, y + z)
        return cls(scale, x * scale, y * scale, z * scale)

    @property
    def gap(self) -> float:
        """Between panels; none where there is one panel."""
        return _GAP_IN if self.z else 0.0

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        return self.x + self.gap + self.z, self.y + self.gap + self.z

    def boxes(self) -> dict[str, tuple[float, float, float, float]]:
        """Left, bottom, width and height of each panel, from the layout's lower left corner."""
        low = self.z + self.gap
        panels = {"xy": (0.0, low, self.x, self.y)}
        if self.z:
            panels["zy"] = (self.x + self.gap, low, self.z, self.y)
            panels["xz"] = (0.0, 0.0, self.x, self.z)
        return panels


def add_panels(figure: Figure, layout: Layout, corner: tuple[float, float]) -> dict[str, Axes]:
    """Add the panels; their axes are in µm, with 0 at the first voxel's edge.

    Parameters
    ----------
    figure : Figure
        Where they go.
    layout : Layout
        Their sizes.
    corner : tuple of float
        Of the lower left one, in inches.
    """
    across, down = figure.get_size_inches()
    panels = {}
    for name, (left, bottom, width, height) in layout.boxes().items():
        place = (corner[0] + left, corner[1] + bottom, width, height)
        axes = figure.add_axes(
            tuple(value / size for value, size in zip(place, (across, down) * 2, strict=True))
        )
        axes.set_facecolor(PANEL)
        axes.set(xlim=(0, width / layout.scale), ylim=(height / layout.scale, 0))
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_color(_LINE)
        axes.annotate(
            name, (0, 1), (4, -4), "axes fraction", "offset points", ha="left", va="top",
            color=_ON_PANEL, fontsize=8,
        )  # fmt: skip
        panels[name] = axes
    return panels


def add_scale_bar(figure: Figure, layout: Layout, corner: tuple[float, float]) -> None:
    """Draw a bar of a round length below the panels, about a fifth of their width."""
    from matplotlib.lines import Line2D

    rough = layout.x / layout.scale / 5
    power = 10.0 ** np.floor(np.log10(rough))
    length = float(power * max(step for step in (1, 2, 5) if step * power <= rough))
    across, down = figure.get_size_inches()
    left, level = corner[0] / across, corner[1] / down
    right = left + length * layout.scale / across
    figure.add_artist(Line2D([left, right], [level, level], color=INK, lw=3, solid_capstyle="butt"))
    figure.text(right + 0.1 / across, level, f"{length:g} µm", color=INK, va="center", size=10)


def style_graph(axes: Axes) -> None:
    """Apply the common style to a graph."""
    axes.set_facecolor(_GRAPH)
    axes.tick_params(colors=FAINT, labelsize=8, which="both")
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    axes.grid(color=_GRID, lw=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_color(_LINE)


def add_titles(figure: Figure, title: str, below: str) -> None:
    """Write a title and a fainter line below it, shortened to what fits."""
    across, down = figure.get_size_inches()
    left = 0.25 / across
    title, below = _shortened(title, across, 7.5), _shortened(below, across, 13.0)
    figure.text(left, 1 - 0.18 / down, title, color=INK, fontsize=13, weight="bold", va="top")
    figure.text(left, 1 - 0.46 / down, below, color=FAINT, fontsize=9, va="top")


def _shortened(words: str, across: float, per_inch: float) -> str:
    """Keep what fits into so many inches at so many characters an inch."""
    room = int((across - 0.5) * per_inch)
    return words if len(words) <= room else words[: room - 1] + "…"
