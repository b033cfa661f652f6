"""The picture of a check: beads, what the PSF predicts of them, and what deconvolution makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.plot_layout import DARK, INK, Layout, add_panels, add_scale_bar, add_titles
from psfbridge.prediction import Check

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_check"]

#: Brightness is shown to this power, so that what is left around the beads can be seen.
_GAMMA = 0.5
_LONGEST_IN, _MARGIN_IN, _TOP_IN = 5.0, 0.3, 0.95


def plot_check(checked: Check) -> Figure:
    """Draw maximum projections of the beads, of their model, and of the beads deconvolved.

    Parameters
    ----------
    checked : Check
        What `psfbridge.prediction.check` found.

    Returns
    -------
    Figure
        Brightness is shown to the power of 0.5; the first two in one scale.
    """
    from matplotlib.figure import Figure

    image = checked.image
    layout = Layout.of(image.data.shape, image.voxel_um, _LONGEST_IN)
    width, height = layout.size
    step = width + _MARGIN_IN
    figure = Figure(
        figsize=(3 * step + _MARGIN_IN, height + _TOP_IN + 0.5), facecolor=DARK, dpi=110
    )
    sentences = checked.sentences()
    add_titles(figure, f"Does the PSF explain {image.name}?", "; ".join(sentences[1:]))
    top = float(image.data.max())
    volumes = (
        ("the beads", image.data, top),
        ("as the PSF predicts them", checked.model, top),
        ("deconvolved", checked.restored.data, float(checked.restored.data.max())),
    )
    for number, (title, data, most) in enumerate(volumes):
        _draw(figure, layout, (_MARGIN_IN + number * step, 0.5), (title, data, most))
    add_scale_bar(figure, layout, (_MARGIN_IN, 0.25))
    return figure


def _draw(
    figure: Figure, layout: Layout, corner: tuple[float, float], shown: tuple[str, Any, float]
) -> None:
    from matplotlib.colors import PowerNorm

    title, data, most = shown
    panels = add_panels(figure, layout, corner)
    for name, axes in panels.items():
        axes.imshow(
            _projection(data, name),
            norm=PowerNorm(_GAMMA, 0, max(most, 1e-12)),
            cmap="magma",
            extent=_extent(axes.get_xlim(), axes.get_ylim()),
            aspect="auto",
            interpolation="nearest",
        )
    panels["xy"].set_title(title, color=INK, fontsize=10, loc="left")


def _projection(data: NDArray[Any], name: str) -> NDArray[Any]:
    planes: dict[str, NDArray[Any]] = {
        "xy": data.max(0), "xz": data.max(1), "zy": np.transpose(data.max(2))
    }  # fmt: skip
    return planes[name]


def _extent(across: Sequence[float], down: Sequence[float]) -> tuple[float, float, float, float]:
    return across[0], across[1], down[0], down[1]
