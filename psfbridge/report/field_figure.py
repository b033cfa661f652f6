"""The figure of a field-dependent PSF: maps of widths and main aberrations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.detection.beads import USED, Beads
from psfbridge.measurement.profiles import profiles_through
from psfbridge.numerics.fourier import peak_position
from psfbridge.psf.field_psf import FieldPSF
from psfbridge.psf.psf import PSF
from psfbridge.report.layout import FAINT, INK, add_titles, style_graph

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_field"]

Floats = NDArray[np.float64]

_PANEL_IN, _GAP_IN, _TOP_IN = 1.9, 0.75, 1.0
# Aberrations are shown on one scale, this at least, in waves rms.
_LEAST_WAVES = 0.02
_MOST_DEPTHS, _COLUMNS = 3, 4


def plot_field(field: FieldPSF, beads: Beads) -> Figure:
    """Draw the widths and the main aberrations of a PSF over the field, at each depth.

    Parameters
    ----------
    field : FieldPSF
        The PSFs.
    beads : Beads
        The beads of the field: those used are marked.
    """
    from psfbridge.report.sheet import Sheet

    maps = _maps(field)
    panels = [(title, depth) for depth in _depths(field) for title in maps]
    rows = -(-len(panels) // _COLUMNS)
    across = _GAP_IN + _COLUMNS * (_PANEL_IN + _GAP_IN)
    down = _TOP_IN + rows * (_PANEL_IN + _GAP_IN) - _GAP_IN / 2
    figure = Sheet(figsize=(across, down), dpi=110)
    grid = " x ".join(str(count) for count in field.grid)
    words = f"PSFs at {grid} positions in z, y, x; dots mark the beads; axes y and x in µm"
    add_titles(figure, "Variation of the PSF across the image", words)
    for number, (title, depth) in enumerate(panels):
        left = _GAP_IN + number % _COLUMNS * (_PANEL_IN + _GAP_IN)
        low = down - _TOP_IN - number // _COLUMNS * (_PANEL_IN + _GAP_IN) - _PANEL_IN
        place = (left / across, low / down, _PANEL_IN / across, _PANEL_IN / down)
        axes = figure.add_axes(place)
        _draw(axes, field, maps[title], depth)
        _mark(axes, field, beads)
        at = f" at z {field.nodes_um[0][depth]:.1f} µm" if field.grid[0] > 1 else ""
        axes.set_title(title + at, color=INK, fontsize=9)
    return figure


def _depths(field: FieldPSF) -> list[int]:
    count = len(field.nodes_um[0])
    return sorted({round(at) for at in np.linspace(0, count - 1, min(count, _MOST_DEPTHS))})


def _maps(field: FieldPSF) -> dict[str, Floats]:
    """Each quantity at the nodes; the arrays have axes (z, y, x)."""
    widths = np.array([_widths(psf) for psf in field.psfs])
    maps = {f"FWHM {name} (µm)": widths[:, axis] for axis, name in enumerate("zyx")}
    if field.psfs[0].data.shape[0] == 1:
        del maps["FWHM z (µm)"]
    for name in field.aberrations[0] if field.aberrations else ():
        maps[f"{name} (waves)"] = np.array([one[name] for one in field.aberrations])
    return {name: values.reshape(field.grid) for name, values in maps.items()}


def _widths(psf: PSF) -> list[float]:
    lines = profiles_through(psf.data, psf.voxel_um, peak_position(psf.data))
    return [np.nan if line is None else line.fwhm_um for line in lines]


def _draw(axes: Axes, field: FieldPSF, values: Floats, depth: int) -> None:
    signed = bool((values < 0).any())
    most = max(float(np.nanmax(np.abs(values))), _LEAST_WAVES)
    low, high = (-most, most) if signed else (float(np.nanmin(values)), float(np.nanmax(values)))
    fine = _between(field, values[depth])
    width, height = _extent(field)
    picture: Any = axes.imshow(
        fine, cmap="RdBu_r" if signed else "viridis", vmin=low, vmax=high,
        extent=(0, width, height, 0), aspect="auto",
    )  # fmt: skip
    style_graph(axes)
    axes.grid(visible=False)
    bar = axes.figure.colorbar(picture, ax=axes, fraction=0.06, pad=0.04)
    bar.ax.tick_params(colors=FAINT, labelsize=7)


def _between(field: FieldPSF, values: Floats) -> Floats:
    """A map between the nodes, as the PSFs are blended there."""
    width, height = _extent(field)
    y, x = np.linspace(0, height, 64), np.linspace(0, width, 64)
    rows = np.array([np.interp(x, field.nodes_um[2], row) for row in values])
    return np.array([np.interp(y, field.nodes_um[1], column) for column in rows.T]).T


def _extent(field: FieldPSF) -> tuple[float, float]:
    """Return width and height of the field in µm, with a single node at the centre."""
    height, width = (
        nodes[-1] if len(nodes) > 1 else max(2 * nodes[0], 1e-6) for nodes in field.nodes_um[1:]
    )
    return width, height


def _mark(axes: Axes, field: FieldPSF, beads: Beads) -> None:
    used: Sequence[Any] = [bead for bead in beads if bead.status == USED]
    y = [bead.y * field.voxel_um[1] for bead in used]
    x = [bead.x * field.voxel_um[2] for bead in used]
    axes.plot(x, y, ".", color="white", markersize=4, mec="#303030", mew=0.5)
