"""Figures of images, beads and PSFs: projections, bead status and profiles.

Every function returns a matplotlib ``Figure`` of its own, without pyplot and its global state, so
that they work without a display and inside any host; save one with ``figure.savefig(path)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.detection.beads import HELD_OUT, REASONS, USED, Bead, Beads
from psfbridge.imaging.image import Image
from psfbridge.measurement.profiles import Profile, profiles_through
from psfbridge.measurement.settings import PROFILES
from psfbridge.numerics.fourier import peak_position
from psfbridge.psf.psf import PSF
from psfbridge.report.layout import (
    FAINT,
    INK,
    PANEL,
    Layout,
    add_panels,
    add_scale_bar,
    add_titles,
    style_graph,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_beads", "plot_image", "plot_profiles", "plot_psf"]

Floats = NDArray[np.float64]

# Of equal darkness, apart also for people who do not see red and green alike.
AXIS_COLOURS = {"z": "#0072b2", "y": "#b35900", "x": "#00775a"}
_STATUS_COLOURS: dict[str, str] = {USED: "#3ddc97", HELD_OUT: "#56b4e9"}
# Ten reasons, apart also for people who do not see red and green alike.
_REASON_COLOURS = dict(
    zip(
        REASONS,
        (
            "#ff5c5c",
            "#ffd23f",
            "#b0b7c3",
            "#e69f00",
            "#cc79a7",
            "#b388ff",
            "#4f7fff",
            "#ff9ecd",
            "#c9a36a",
            "#7d8590",
        ),
        strict=True,
    )
)
_MARKERS = dict(zip(REASONS, "xsd^vDhpP8", strict=True))
_STROKES = "x"
_LONGEST_IN = 7.0
_MOST_PIXELS = 1400
_MOST_NUMBERS = 80
_LEAST_WIDTH_IN = 5.0


def plot_image(image: Image) -> Figure:
    """Show the maximum projections of an image along z, x and y at the true aspect ratio.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x). The units are counts, shown at gamma 0.5.
    """
    from matplotlib.colors import PowerNorm

    projections = _projections(image.data)
    low, high = _range(projections["xy"])
    figure, panels = _projection_figure(image)
    for name, axes in panels.items():
        _show(axes, projections[name], PowerNorm(0.5, low, high, clip=True), "gray")
    words = f"{_size_words(image)}, gamma 0.5"
    add_titles(figure, f"{image.name}: maximum projections", words)
    return figure


def plot_beads(image: Image, beads: Beads) -> Figure:
    """Show every bead candidate by its status over the maximum projections.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x). The units are counts, shown at gamma 0.5.
    beads : Beads
        Its candidates, positions in voxels; those of another image are left out.
    """
    from matplotlib.colors import PowerNorm

    own = [bead for bead in beads if bead.image == image.name]
    projections = _projections(image.data)
    low, high = _range(projections["xy"])
    figure, panels = _projection_figure(image, right=2.3)
    for name, axes in panels.items():
        _show(axes, projections[name], PowerNorm(0.5, low, high, clip=True), "gray")
        _mark(axes, name, own, image)
    _legend(figure, panels["xy"], own)
    add_titles(figure, f"{image.name}: bead candidates", Beads(own).sentence())
    return figure


def plot_psf(psf: PSF) -> Figure:
    """Show the maximum projections of a PSF, on a linear and on a logarithmic scale.

    Parameters
    ----------
    psf : PSF
        Shown as shares of its peak.
    """
    from matplotlib.colors import LogNorm, Normalize

    from psfbridge.report.sheet import Sheet

    layout = Layout.of(psf.data.shape, psf.voxel_um, 4.6)
    width, height = layout.size
    between = max(0.45, _LEAST_WIDTH_IN / 2 - width)
    figure = Sheet(figsize=(2 * width + between + 0.5, height + 1.95), dpi=150)
    shares = psf.data / psf.data.max()
    norms = {"linear": Normalize(0, 1), "logarithmic": LogNorm(1e-4, 1, clip=True)}
    for number, (words, norm) in enumerate(norms.items()):
        left = 0.25 + number * (width + between)
        panels = add_panels(figure, layout, (left, 1.2))
        for name, axes in panels.items():
            shown = _show(axes, np.maximum(_projections(shares)[name], 1e-6), norm, "inferno")
        _colour_bar(figure, shown, (left, 0.42, width, 0.1), words)
    add_scale_bar(figure, layout, (0.25, 1.0))
    add_titles(figure, "PSF: maximum projections", _size_words(psf.image))
    return figure


def plot_profiles(psf: PSF) -> Figure:
    """Show the profiles of a PSF through its peak, with the half maximum; below, logarithmic.

    Parameters
    ----------
    psf : PSF
        Shown as shares of its peak.
    """
    from psfbridge.report.sheet import Sheet

    lines = profiles_through(psf.data, psf.voxel_um, peak_position(psf.data))
    used = [(name, line) for name, line in zip("zyx", lines, strict=True) if line is not None]
    figure = Sheet(figsize=(3.3 * max(len(used), 1) + 0.6, 5.6), dpi=150)
    figure.subplots_adjust(0.09, 0.09, 0.98, 0.82, 0.12, 0.22)
    grid = figure.subplots(2, max(len(used), 1), squeeze=False, sharey="row")
    for column, (name, line) in enumerate(used):
        _draw_profile(grid[0, column], name, line)
        _draw_log_profile(grid[1, column], name, line)
    grid[0, 0].set_ylabel("fraction of the peak")
    grid[1, 0].set_ylabel("logarithmic")
    words = "dots: voxels; line: spline interpolation; dashed: half maximum"
    add_titles(figure, "PSF: profiles through the peak", words)
    return figure


def _projections(data: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return the maxima along z, x and y, each oriented as its panel is."""
    along_z, along_x, along_y = (np.asarray(data.max(axis=axis)) for axis in (0, 2, 1))
    return {"xy": _reduced(along_z), "zy": _reduced(along_x.T), "xz": _reduced(along_y)}


def _reduced(plane: NDArray[Any]) -> NDArray[Any]:
    """Keep the maximum of blocks where there are more voxels than pixels: no bead gets lost."""
    from skimage.measure import block_reduce

    blocks = tuple(int(np.ceil(length / _MOST_PIXELS)) for length in plane.shape)
    if max(blocks) == 1:
        return plane
    return np.asarray(block_reduce(plane, blocks, np.max, cval=plane.min()))


def _range(plane: NDArray[Any]) -> tuple[float, float]:
    low, high = (float(value) for value in np.percentile(plane, (1, 99.95)))
    return low, max(high, low + 1e-9)


def _projection_figure(image: Image, right: float = 0.0) -> tuple[Figure, dict[str, Axes]]:
    from psfbridge.report.sheet import Sheet

    layout = Layout.of(image.data.shape, image.voxel_um, _LONGEST_IN)
    width, height = layout.size
    across = max(width + 0.5 + right, _LEAST_WIDTH_IN)
    figure = Sheet(figsize=(across, height + 1.3), dpi=150)
    panels = add_panels(figure, layout, (0.25, 0.55))
    add_scale_bar(figure, layout, (0.25, 0.25))
    return figure, panels


def _show(axes: Axes, plane: NDArray[Any], norm: Any, colours: str) -> Any:
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    return axes.imshow(
        plane, cmap=colours, norm=norm, extent=(left, right, bottom, top), aspect="auto",
        interpolation="nearest",
    )  # fmt: skip


def _kind(bead: Bead) -> str:
    return bead.reason if bead.status not in _STATUS_COLOURS else bead.status


def _style(kind: str) -> tuple[str, str]:
    """Return colour and marker."""
    if kind in _STATUS_COLOURS:
        return _STATUS_COLOURS[kind], "o"
    return _REASON_COLOURS.get(kind, "#ffffff"), _MARKERS.get(kind, "x")


def _mark(axes: Axes, panel: str, beads: Sequence[Bead], image: Image) -> None:
    """Draw the beads of each status at once: one by one takes seconds for a full field."""
    down, across = ("zyx".index(axis) for axis in (panel[1], panel[0]))
    for kind in dict.fromkeys(_kind(bead) for bead in beads):
        same = [bead for bead in beads if _kind(bead) == kind]
        places = [_place_um(bead, image) for bead in same]
        colour, marker = _style(kind)
        filled = marker in _STROKES
        axes.scatter(
            [place[across] for place in places], [place[down] for place in places],
            s=62, marker=marker, linewidths=1.1, clip_on=True,
            facecolors=colour if filled else "none", edgecolors=None if filled else colour,
        )  # fmt: skip
        if panel == "xy" and len(beads) <= _MOST_NUMBERS:
            for bead, place in zip(same, places, strict=True):
                _number(axes, bead, (place[across], place[down]), colour)


def _number(axes: Axes, bead: Bead, place: tuple[float, float], colour: str) -> None:
    """Write a bead's number beside it, on the side that is inside of the panel."""
    right, bottom = axes.get_xlim()[1], axes.get_ylim()[0]
    outward = place[0] > 0.96 * right
    low = place[1] < 0.03 * bottom
    axes.annotate(
        str(bead.bead), place, (-6 if outward else 6, -9 if low else 4),
        textcoords="offset points", ha="right" if outward else "left",
        color=colour, fontsize=6.5,
    )  # fmt: skip


def _place_um(bead: Bead, image: Image) -> list[float]:
    voxels = (bead.z, bead.y, bead.x)
    return [(at + 0.5) * step for at, step in zip(voxels, image.voxel_um, strict=True)]


def _legend(figure: Figure, axes: Axes, beads: Sequence[Bead]) -> None:
    from matplotlib.lines import Line2D

    kinds = [kind for kind in (USED, HELD_OUT, *REASONS) if any(_kind(b) == kind for b in beads)]
    handles = []
    for kind in kinds:
        colour, marker = _style(kind)
        count = sum(_kind(bead) == kind for bead in beads)
        handles.append(
            Line2D(
                [],
                [],
                linestyle="none",
                marker=marker,
                markersize=7,
                color=colour,
                markerfacecolor=colour if marker in _STROKES else "none",
                label=f"{kind.replace('_', ' ')}: {count}",
            )
        )
    box = axes.get_position()
    across = figure.get_size_inches()[0]
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1 - 2.3 / across, box.y1),
        frameon=True, facecolor=PANEL, edgecolor=PANEL, labelcolor="white", fontsize=10,
        borderaxespad=0.2, labelspacing=0.7,
        title=f"{len(beads)} candidates", title_fontproperties={"size": 10}, alignment="left",
    )  # fmt: skip
    figure.legends[0].get_title().set_color("white")


def _colour_bar(
    figure: Figure, shown: Any, place: tuple[float, float, float, float], words: str
) -> None:
    across, down = figure.get_size_inches()
    left, bottom, width, height = place
    axes = figure.add_axes((left / across, bottom / down, width / across, height / down))
    bar = figure.colorbar(shown, cax=axes, orientation="horizontal")
    bar.outline.set_visible(False)
    axes.tick_params(colors=FAINT, labelsize=8, length=2)
    axes.set_title(f"fraction of the peak, {words}", color=INK, fontsize=9, pad=4)


def _draw_profile(axes: Axes, name: str, line: Profile) -> None:
    style_graph(axes)
    colour = AXIS_COLOURS[name]
    axes.plot(line.offset_um, line.counts / line.peak, color=colour, lw=1.6, **_DOTS)
    axes.axhline(0.5, color=FAINT, lw=0.8, ls="--")
    before, after = line.half_maximum_um
    title = f"{name}: half maximum not reached"
    if np.isfinite([before, after]).all():
        axes.annotate("", (after, 0.5), (before, 0.5), arrowprops=_ARROW)
        title = f"{name}: FWHM {line.fwhm_um:.3f} µm"
        axes.set_xlim(3 * before, 3 * after)
    axes.set_title(title, color=colour, fontsize=11)
    axes.set_ylim(-0.03, 1.06)


_DOTS: dict[str, Any] = {"marker": "o", "markersize": 2.6, "markevery": PROFILES.samples_per_voxel}
_ARROW: dict[str, Any] = {"arrowstyle": "<->", "color": INK, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}


def _draw_log_profile(axes: Axes, name: str, line: Profile) -> None:
    style_graph(axes)
    shares = np.maximum(line.counts / line.peak, 1e-6)
    axes.semilogy(line.offset_um, shares, color=AXIS_COLOURS[name], lw=1.4, **_DOTS)
    axes.axhline(0.5, color=FAINT, lw=0.8, ls="--")
    axes.set_ylim(1e-4, 1.5)
    axes.set_xlabel(f"{name} from the peak, µm")


def _size_words(image: Image) -> str:
    shape = " × ".join(str(length) for length in image.data.shape)
    steps = " × ".join(f"{step:.4g}" for step in image.voxel_um)
    return f"{shape} voxels of {steps} µm (z, y, x)"
