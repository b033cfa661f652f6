"""Figures of individual beads: thumbnails, histograms and maps of the field."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.detection.beads import USED, Bead
from psfbridge.evaluation.bead_model import bead_model, seen_bead
from psfbridge.report.figures import AXIS_COLOURS
from psfbridge.report.layout import FAINT, INK, PANEL, add_titles, style_graph

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from psfbridge.distillation.chromatic_shift import ChromaticShift
    from psfbridge.evaluation.assessment import Assessment
    from psfbridge.evaluation.bead_table import BeadTable

__all__ = ["plot_bead_maps", "plot_histograms", "plot_shifts", "plot_thumbnails"]

Floats = NDArray[np.float64]

# So many beads are shown: the brightest, the median ones and the faintest tell enough.
_MOST_THUMBNAILS = 24
_THUMBNAIL_COLUMNS = 8
_THUMBNAIL_IN = 1.15
# A thumbnail reaches so many FWHM from the bead along z and across.
_REACH_FWHM = (2.0, 3.5)
_DIFFERENCE = 0.2
_MAP_COLUMNS = 3
_ROUNDNESS = "narrow / wide lateral FWHM; lines: wide axis"
# The longest arrow of a map, as a share of the field.
_LONGEST_ARROW = 0.1


def plot_thumbnails(assessment: Assessment) -> Figure:
    """Draw single beads: xy, xz, and what the PSF leaves of xz, with their numbers.

    Parameters
    ----------
    assessment : Assessment
        Its used beads are shown, evenly over their brightness where they are many.
    """
    from psfbridge.report.sheet import Sheet

    beads = _shown_beads(assessment)
    rows = -(-len(beads) // _THUMBNAIL_COLUMNS)
    half, ratio = _half(assessment)
    block = _THUMBNAIL_IN * (1 + 2 * ratio) + 0.4
    width = _THUMBNAIL_COLUMNS * (_THUMBNAIL_IN + 0.12) + 0.4
    height = rows * block + 0.8
    figure = Sheet(figsize=(width, height), dpi=130)
    seen = seen_bead(assessment.result.psf, assessment.result.options.bead_diameter_um)
    images = {image.name: image for image in assessment.result.images}
    for number, bead in enumerate(beads):
        shown = bead_model(images[bead.image], bead, seen, half)
        left = 0.2 + number % _THUMBNAIL_COLUMNS * (_THUMBNAIL_IN + 0.12)
        top = height - 0.9 - number // _THUMBNAIL_COLUMNS * block
        z, y, _ = shown.middle
        peak = float(shown.model.max())
        planes = [shown.counts[z], shown.counts[:, y]], shown.difference[:, y]
        _draw_thumbnail(figure, (left, top), ratio, planes, peak)
        figure.text(
            left / width, (top + 0.03) / height, f"{bead.bead}", fontsize=7, color=INK, va="bottom"
        )
    words = (
        f"For each bead, from top: xy, xz (gamma 0.5), and xz minus the PSF (±{_DIFFERENCE:.0%} "
        "of the peak; blue below, red above the PSF)"
    )
    add_titles(figure, f"Individual beads: {len(beads)} of {_used_count(assessment)} used", words)
    return figure


def _used_count(assessment: Assessment) -> int:
    return int(assessment.result.beads.funnel()["used"])


def _shown_beads(assessment: Assessment) -> list[Bead]:
    used = sorted(assessment.result.beads.with_status(USED), key=lambda bead: -bead.intensity)
    if len(used) <= _MOST_THUMBNAILS:
        return used
    chosen = np.unique(np.linspace(0, len(used) - 1, _MOST_THUMBNAILS).round().astype(int))
    return [used[k] for k in chosen]


def _half(assessment: Assessment) -> tuple[tuple[int, int, int], float]:
    """Return how far thumbnails reach in voxels, and the height of xz over the width of xy."""
    psf = assessment.result.psf
    widths = np.nan_to_num(np.array(assessment.result.measures.fwhm_um), nan=0.5)
    lateral = float(max(widths[1:]))
    reach_um = np.array([_REACH_FWHM[0] * widths[0], *[_REACH_FWHM[1] * lateral] * 2])
    half = np.maximum(np.round(reach_um / psf.voxel_um), 1).astype(int)
    if psf.data.shape[0] == 1:
        half[0] = 0
    size = (2 * half + 1) * psf.voxel_um
    ratio = float(size[0] / size[2]) if half[0] else 0.05
    return (int(half[0]), int(half[1]), int(half[2])), ratio


def _draw_thumbnail(
    figure: Figure,
    corner: tuple[float, float],
    ratio: float,
    planes: tuple[list[Floats], Floats],
    peak: float,
) -> None:
    from matplotlib.colors import Normalize, PowerNorm

    left, top = corner
    seen, difference = planes
    heights = (_THUMBNAIL_IN, _THUMBNAIL_IN * ratio, _THUMBNAIL_IN * ratio)
    for number, (plane, height) in enumerate(zip((*seen, difference), heights, strict=True)):
        top -= height + (0.04 if number else 0)
        signed = number == 2
        norm = (
            Normalize(-_DIFFERENCE, _DIFFERENCE) if signed else PowerNorm(0.5, 0, peak, clip=True)
        )
        axes = _axes(figure, (left, top, _THUMBNAIL_IN, height))
        axes.imshow(plane, cmap="RdBu_r" if signed else "gray", norm=norm, aspect="auto")
        axes.set(xticks=[], yticks=[], facecolor=PANEL)


def _axes(figure: Figure, place_in: tuple[float, float, float, float]) -> Axes:
    across, down = figure.get_size_inches()
    left, bottom, width, height = place_in
    return figure.add_axes((left / across, bottom / down, width / across, height / down))


def plot_histograms(assessment: Assessment) -> Figure:
    """Draw how the widths of single beads scatter, with their median and the theoretical width.

    Parameters
    ----------
    assessment : Assessment
        Used beads are filled, rejected ones outlined.
    """
    from psfbridge.report.sheet import Sheet

    figure = Sheet(figsize=(10, 3.1), dpi=130)
    figure.subplots_adjust(0.06, 0.17, 0.98, 0.72, 0.2)
    rejected = [row for row in assessment.beads if row.status != USED]
    grid = figure.subplots(1, len(assessment.widths), squeeze=False)[0]
    for axes, width in zip(grid, assessment.widths, strict=True):
        style_graph(axes)
        name = f"fwhm_{width.axis}_um"
        used = _finite(assessment.beads.used.column(name))
        others = _finite(np.array([getattr(row, name) for row in rejected], float))
        edges = _edges(used, width.bead_median_um)
        axes.hist(used, edges, color=AXIS_COLOURS[width.axis], label="used")
        axes.hist(others, edges, histtype="step", color=INK, label="rejected")
        axes.axvline(width.bead_median_um, color=INK, lw=1.2)
        if math.isfinite(width.ideal_um):
            axes.axvline(width.ideal_um, color=FAINT, lw=1.2, ls="--")
        spread = f"{width.bead_median_um:.3f} ± {width.bead_mad_um:.3f}"
        axes.set_title(f"{width.axis}: {spread} µm", color=AXIS_COLOURS[width.axis], fontsize=10)
        axes.set_xlabel(f"FWHM {width.axis}, µm", fontsize=9)
    grid[0].set_ylabel("beads", fontsize=9)
    grid[-1].legend(fontsize=8, frameon=False)
    words = "median ± median absolute deviation; line: median; dashed: ideal pupil (for a point)"
    add_titles(figure, "Widths of individual beads (including the bead size)", words)
    return figure


def _finite(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _edges(values: Floats, middle: float) -> Floats:
    """Bins over the used beads and a fifth of the width around; rejected ones beyond are off."""
    if not len(values):
        return np.linspace(0, 1, 2)
    low, high = min(values.min(), 0.8 * middle), max(values.max(), 1.2 * middle)
    return np.linspace(low, high, 25)


def plot_bead_maps(assessment: Assessment) -> Figure:
    """Draw widths, asymmetry, slant and focus of single beads at their places in the field.

    Parameters
    ----------
    assessment : Assessment
        Its used beads; several images lie on one another.
    """
    from psfbridge.report.sheet import Sheet

    beads = assessment.beads.used
    maps = _maps(assessment, beads)
    rows = -(-len(maps) // _MAP_COLUMNS)
    height = 3.0 * rows + 0.9
    figure = Sheet(figsize=(10.5, height), dpi=130)
    figure.subplots_adjust(0.06, 0.5 / height, 0.97, 1 - 1.05 / height, 0.35, 0.35)
    grid = figure.subplots(rows, _MAP_COLUMNS, squeeze=False).ravel()
    for axes in grid[len(maps) :]:
        axes.set_visible(False)
    for axes, (title, values) in zip(grid, maps.items(), strict=False):
        _draw_map(axes, beads, values, title)
    _draw_slants(grid[len(maps) - 1], beads)
    _draw_directions(grid[list(maps).index(_ROUNDNESS)], beads)
    words = "one dot per bead; axes x and y in µm; colours span the central 90 % of the beads"
    add_titles(figure, "Maps of the field, from individual beads", words)
    return figure


def _maps(assessment: Assessment, beads: BeadTable) -> dict[str, Floats]:
    maps = {
        f"FWHM {width.axis} (µm)": beads.column(f"fwhm_{width.axis}_um")
        for width in assessment.widths
    }
    maps[_ROUNDNESS] = beads.column("asymmetry")
    if assessment.result.psf.data.shape[0] > 1:
        maps["focus z (µm)"] = beads.column("z_um")
        slants = np.hypot(beads.column("slant_y"), beads.column("slant_x"))
        maps["slant of the long axis (degrees)"] = np.degrees(np.arctan(slants))
    return maps


def _draw_map(axes: Axes, beads: BeadTable, values: Floats, title: str) -> None:
    style_graph(axes)
    good = np.isfinite(values)
    x, y = beads.column("x_um")[good], beads.column("y_um")[good]
    low, high = np.percentile(values[good], (5, 95)) if good.any() else (0, 1)
    shown: Any = axes.scatter(
        x, y, c=values[good], s=34, cmap="viridis", vmin=low, vmax=max(high, low + 1e-9),
        edgecolors=INK, linewidths=0.4,
    )  # fmt: skip
    axes.invert_yaxis()
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_title(title, color=INK, fontsize=9)
    bar = axes.figure.colorbar(shown, ax=axes, fraction=0.05, pad=0.03)
    bar.ax.tick_params(colors=FAINT, labelsize=7)


def _draw_directions(axes: Axes, beads: BeadTable) -> None:
    """Draw a line through each bead along its wider lateral axis."""
    x, y = beads.column("x_um"), beads.column("y_um")
    theta = np.radians(beads.column("theta_deg"))
    good = np.isfinite(theta)
    reach = float(max(np.ptp(x), np.ptp(y))) if len(x) else 0.0
    if not good.any() or reach == 0:
        return
    axes.quiver(
        x[good], y[good], np.cos(theta[good]), np.sin(theta[good]), angles="xy", pivot="mid",
        scale_units="xy", scale=1 / (_LONGEST_ARROW * reach), color=INK, width=0.004,
        headwidth=0, headlength=0, headaxislength=0,
    )  # fmt: skip


def plot_shifts(shift: ChromaticShift) -> Figure:
    """Draw how far each bead lies in one channel from where it is in another, over the field.

    Parameters
    ----------
    shift : ChromaticShift
        Arrows lead in y and x; the colour is the shift in z.
    """
    from psfbridge.report.sheet import Sheet

    places, shifts = (
        np.array(one).reshape(-1, 3) for one in (shift.places_um, shift.bead_shifts_nm)
    )
    figure = Sheet(figsize=(5.6, 5.0), dpi=130)
    figure.subplots_adjust(0.12, 0.1, 0.95, 0.82)
    axes = figure.subplots()
    style_graph(axes)
    longest = float(np.nanmax(np.hypot(shifts[:, 1], shifts[:, 2]), initial=1.0))
    reach = float(max(np.ptp(places[:, 1]), np.ptp(places[:, 2]), 1.0))
    depth = np.nan_to_num(shifts[:, 0])
    arrows: Any = axes.quiver(
        places[:, 2], places[:, 1], shifts[:, 2], shifts[:, 1], depth, angles="xy",
        scale_units="xy", scale=longest / (_LONGEST_ARROW * reach), cmap="viridis", width=0.006,
    )  # fmt: skip
    axes.invert_yaxis()
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("x, µm", fontsize=9)
    axes.set_ylabel("y, µm", fontsize=9)
    figure.colorbar(arrows, ax=axes, label="shift in z, nm", fraction=0.05)
    words = f"arrows: shift of {shift.beads} beads in y and x, the longest {longest:.0f} nm"
    add_titles(figure, f"Channel {shift.channel} relative to channel {shift.reference}", words)
    return figure


def _draw_slants(axes: Axes, beads: BeadTable) -> None:
    """Point arrows where the beads' long axes lead with growing z."""
    if "slant" not in axes.get_title():
        return
    x, y, right, down = (beads.column(name) for name in ("x_um", "y_um", "slant_x", "slant_y"))
    good = np.isfinite(right + down)
    longest = float(np.hypot(right[good], down[good]).max(initial=0))
    reach = float(max(np.ptp(x), np.ptp(y)))
    if longest == 0 or reach == 0:
        return
    axes.quiver(
        x[good], y[good], right[good], down[good], angles="xy", scale_units="xy",
        scale=longest / (_LONGEST_ARROW * reach), color=INK, width=0.004,
    )  # fmt: skip
