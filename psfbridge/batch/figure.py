"""The figure of a batch: widths of the PSF over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from psfbridge.batch.summary import Row
from psfbridge.report.layout import INK, add_titles, style_graph

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_widths"]

_AXES = ("z", "y", "x")
_MARKERS = "osD^v<>*"
_LINE_INCH = 0.2
_COLOURS = ("#0072b2", "#b35900", "#00775a")


def plot_widths(rows: Sequence[Row]) -> Figure:
    """Draw the FWHM of each file's PSF over the date of its image, z above, y and x below.

    Parameters
    ----------
    rows : sequence of Row
        Of the summary; failures are marked at the foot.

    Returns
    -------
    Figure
        The units are µm; bars are one standard error, dashed lines the tolerances.
    """
    from psfbridge.report.sheet import Sheet

    dated = [row for row in rows if row.taken]
    good = [row for row in dated if row.status != "failed"]
    groups = list(dict.fromkeys(row.group for row in good))
    # The names of groups are long: each has a line of its own below the curves.
    named = _LINE_INCH * len(groups) if len(groups) > 1 else 0.0
    height = 5.2 + named
    figure = Sheet(figsize=(9, height), dpi=110)
    edges = {"left": 0.09, "right": 0.97, "top": 1 - 0.78 / height}
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw=edges)
    styles = dict(zip(groups, _MARKERS * len(groups), strict=False))
    for group, marker in styles.items():
        same = [row for row in good if row.group == group]
        for number, axes in enumerate((above, below, below)):
            _draw(axes, same, number, marker, named=group == groups[0])
    failed = np.array([row.taken for row in dated if row.status == "failed"], "datetime64[s]")
    for axes in (above, below):
        _dress(axes, failed)
    figure.autofmt_xdate()
    figure.subplots_adjust(bottom=(0.75 + named) / height)
    if named:
        _name_groups(figure, styles)
    sources = {row.taken_from for row in dated}
    by = "file dates" if sources == {"file"} else "acquisition dates"
    mixed = ", or file date where there is none" if len(sources) > 1 else ""
    add_titles(
        figure,
        "Width of the PSF over time",
        f"{len(good)} files, {len(failed)} failed; {by}{mixed}; bars: standard error; dashed: "
        "tolerance",
    )
    return figure


def _name_groups(figure: Figure, styles: Mapping[str, str]) -> None:
    """Name the groups by their markers, below the curves."""
    from matplotlib.lines import Line2D

    marks = [Line2D([], [], color=INK, ls="", marker=one, ms=5) for one in styles.values()]
    figure.legend(
        marks, list(styles), loc="lower left", bbox_to_anchor=(0.08, 0.0), fontsize=8,
        frameon=False, labelcolor=INK,
    )  # fmt: skip


def _dress(axes: Axes, failed: NDArray[np.datetime64]) -> None:
    style_graph(axes)
    # A tenth of the width is to be seen as such: neither lost nor blown up.
    low, high = axes.get_ylim()
    middle, half = (low + high) / 2, (high - low) / 2
    half = max(1.1 * half, 0.2 * middle)
    axes.set_ylim(middle - half, middle + half)
    if len(failed):
        foot = axes.get_xaxis_transform()
        axes.plot(
            failed, [0] * len(failed), "x", color="#ff5c5c", clip_on=False, label="failed",
            transform=foot,
        )  # fmt: skip
    axes.set_ylabel("FWHM, µm")
    if axes.get_legend_handles_labels()[0]:
        # Above the curves, where it hides none of them.
        axes.legend(
            loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0, frameon=False,
            labelcolor=INK, fontsize=8, ncols=4,
        )  # fmt: skip


def _draw(axes: Axes, rows: Sequence[Row], number: int, marker: str, *, named: bool) -> None:
    """Draw one axis of one group by its marker; the axis is named once."""
    limits = np.array([row.limit_um[number] for row in rows])
    dates = np.array([row.taken for row in rows], "datetime64[s]")
    widths = np.array([row.fwhm_um[number] for row in rows])
    errors = np.nan_to_num(np.array([row.se_um[number] for row in rows]))
    axes.errorbar(
        dates, widths, errors, fmt=f"{marker}-", ms=4, lw=1, capsize=2,
        color=_COLOURS[number], label=_AXES[number] if named else None,
    )  # fmt: skip
    if np.isfinite(limits).any():
        axes.plot(dates, limits, ls="--", lw=1, color=_COLOURS[number], marker="_", ms=6)
