"""The figure of a batch: widths of the PSF over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from psfbridge.batch.summary import Row
from psfbridge.report.layout import FAINT, INK, PAPER, add_titles, style_graph

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_widths"]

_AXES = ("z", "y", "x")
_MARKERS = "osD^v<>*"
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

    figure = Sheet(figsize=(9, 5.2), dpi=110)
    above, below = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"left": 0.09, "right": 0.97, "top": 0.85, "bottom": 0.13}
    )
    dated = [row for row in rows if row.taken]
    good = [row for row in dated if row.status != "failed"]
    groups = list(dict.fromkeys(row.group for row in good))
    for marker, group in zip(_MARKERS * len(groups), groups, strict=False):
        same = [row for row in good if row.group == group]
        words = f" ({group})" if len(groups) > 1 else ""
        for number, axes in enumerate((above, below, below)):
            _draw(axes, same, number, (marker, words))
    failed = np.array([row.taken for row in dated if row.status == "failed"], "datetime64[s]")
    for axes in (above, below):
        _dress(axes, failed)
    figure.autofmt_xdate()
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
        axes.legend(facecolor=PAPER, edgecolor=FAINT, labelcolor=INK, fontsize=8, ncols=4)


def _draw(axes: Axes, rows: Sequence[Row], number: int, style: tuple[str, str]) -> None:
    """Draw one axis of one group, by its marker and the words behind its name."""
    marker, words = style
    limits = np.array([row.limit_um[number] for row in rows])
    dates = np.array([row.taken for row in rows], "datetime64[s]")
    widths = np.array([row.fwhm_um[number] for row in rows])
    errors = np.nan_to_num(np.array([row.se_um[number] for row in rows]))
    axes.errorbar(
        dates, widths, errors, fmt=f"{marker}-", ms=4, lw=1, capsize=2,
        color=_COLOURS[number], label=_AXES[number] + words,
    )  # fmt: skip
    if np.isfinite(limits).any():
        axes.plot(dates, limits, ls="--", lw=1, color=_COLOURS[number], marker="_", ms=6)
