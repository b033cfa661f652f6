"""The figure of measurements: widths along each axis by each definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from psfbridge.measurement.measures import Measures
from psfbridge.measurement.table import fwhm_text
from psfbridge.report.layout import FAINT, INK, PAPER, add_titles, style_graph

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_measures"]


def plot_measures(measures: Measures) -> Figure:
    """Show the FWHM along z, y and x: of the profiles, and of Gaussians fitted to them.

    Where the three agree, the PSF is close to a Gaussian; strong aberrations part them.

    Parameters
    ----------
    measures : Measures
        Of a PSF or of beads; what could not be measured is left out.
    """
    from psfbridge.report.sheet import Sheet

    ways = {
        "profile at half maximum": (measures.fwhm_um, "o", INK),
        "Gaussian fitted to the profile": (measures.profile_fit_fwhm_um, "s", FAINT),
        "Gaussian fitted in space": (measures.gaussian_fwhm_um, "D", FAINT),
    }
    figure = Sheet(figsize=(5.4, 3.6), dpi=150)
    axes = figure.subplots()
    figure.subplots_adjust(0.13, 0.11, 0.97, 0.8)
    style_graph(axes)
    for number, (label, (widths, marker, colour)) in enumerate(ways.items()):
        places = np.arange(3) + 0.16 * (number - 1)
        filled = colour if number == 0 else PAPER
        axes.plot(places, widths, marker, color=colour, mfc=filled, markersize=6, label=label)
    axes.set_xticks(range(3), ("z", "y", "x"))
    axes.set_xlim(-0.5, 2.5)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("FWHM in µm")
    axes.legend(frameon=False, fontsize=8, labelcolor=INK)
    add_titles(figure, f"Measures of {measures.subject}", fwhm_text(measures.fwhm_um))
    return figure
