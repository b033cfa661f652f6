"""The figure of a check: beads, prediction and deconvolved beads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.evaluation.check import BeadCheck, Check
from psfbridge.report.layout import INK, Layout, add_panels, add_scale_bar, add_titles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_check"]

#: Brightness is shown to this power, so that what is left around the beads can be seen.
_GAMMA = 0.5
#: The difference is shown up to this share of a bead's peak.
_DIFFERENCE = 0.2
#: Less than predicted, as predicted, more than predicted.
_SIGNS = ("#8ec5ff", "#1b4f8f", "#000000", "#9c3d12", "#ffc08a")
_FIELD_IN, _BEAD_IN, _MARGIN_IN, _TOP_IN, _TITLE_IN = 5.0, 3.3, 0.3, 0.75, 0.3


def plot_check(checked: Check) -> Figure:
    """Draw the whole field above, and below one typical bead large.

    The field is shown as maximum projections: the beads, their model, and the beads deconvolved.
    The bead, the one with the median residual, is shown by the planes through its middle, and
    with what the model leaves of it.

    Parameters
    ----------
    checked : Check
        What `psfbridge.evaluation.check.check` found.

    Returns
    -------
    Figure
        Brightness is shown to the power of 0.5, but for the difference.
    """
    from psfbridge.report.sheet import Sheet

    image = checked.image
    field = Layout.of(image.data.shape, image.voxel_um, _FIELD_IN)
    bead = _typical(checked)
    part = _around(checked, bead)
    close = Layout.of(image.data[part].shape, image.voxel_um, _BEAD_IN)
    width = 3 * field.size[0] + 4 * _MARGIN_IN
    low, high = 0.5, 0.5 + close.size[1] + 0.3 + _TITLE_IN
    height = high + field.size[1] + _TITLE_IN + _TOP_IN
    figure = Sheet(figsize=(width, height), dpi=110)
    sentences = checked.sentences()
    add_titles(figure, f"{image.name}: {checked.answer()}", "; ".join(sentences[1:]))
    _draw_row(figure, field, high, _field_views(checked))
    _draw_row(figure, close, low, _bead_views(checked, bead, part))
    add_scale_bar(figure, field, (_MARGIN_IN, high - 0.2))
    add_scale_bar(figure, close, (_MARGIN_IN, low - 0.25))
    return figure


@dataclass(frozen=True, eq=False)
class _View:
    """Three planes of something, and how they are shown."""

    title: str
    planes: dict[str, NDArray[Any]]
    low: float
    high: float
    signed: bool = False


def _typical(checked: Check) -> BeadCheck:
    """Return the bead whose residual is the median."""
    return sorted(checked.beads, key=lambda bead: bead.residual)[len(checked.beads) // 2]


def _around(checked: Check, bead: BeadCheck) -> tuple[slice, ...]:
    return tuple(
        slice(max(round(at) - reach, 0), min(round(at) + reach + 1, length))
        for at, reach, length in zip(
            (bead.z, bead.y, bead.x), checked.reach, checked.model.shape, strict=True
        )
    )


def _field_views(checked: Check) -> list[_View]:
    light, model, restored = (
        _projections(data) for data in (checked.image.data, checked.model, checked.restored.data)
    )
    # Half of the field is darker than this: without beads.
    dark, top = float(np.median(light["xy"])), float(light["xy"].max())
    used = f"predicted by the PSF for the {len(checked.beads)} checked beads"
    return [
        _View("the beads", light, dark, top),
        _View(used, model, dark, top),
        _View("deconvolved", restored, 0, float(restored["xy"].max())),
    ]


def _bead_views(checked: Check, bead: BeadCheck, part: tuple[slice, ...]) -> list[_View]:
    light, model, restored = (
        _through_middle(data[part], bead, part)
        for data in (checked.image.data, checked.model, checked.restored.data)
    )
    top = float(light["xy"].max())
    difference = {name: light[name] - model[name] for name in light}
    limit = _DIFFERENCE * top
    title = f"difference, ±{_DIFFERENCE:.0%} of the peak; {bead.residual:.1%} of the energy"
    return [
        _View(f"a typical bead (number {bead.bead})", light, 0, top),
        _View("predicted by the PSF", model, 0, top),
        _View(title, difference, -limit, limit, signed=True),
        _View("deconvolved", restored, 0, float(restored["xy"].max())),
    ]


def _draw_row(figure: Figure, layout: Layout, level: float, views: Sequence[_View]) -> None:
    """Draw views side by side over the width of the figure."""
    width = figure.get_size_inches()[0]
    step = (width - _MARGIN_IN) / len(views)
    for number, view in enumerate(views):
        _draw(figure, layout, (_MARGIN_IN + number * step, level), view)


def _draw(figure: Figure, layout: Layout, corner: tuple[float, float], view: _View) -> None:
    from matplotlib.colors import LinearSegmentedColormap, Normalize, PowerNorm

    high = max(view.high, view.low + 1e-12)
    norm = Normalize(view.low, high) if view.signed else PowerNorm(_GAMMA, view.low, high)
    signs = LinearSegmentedColormap.from_list("signs", _SIGNS)
    panels = add_panels(figure, layout, corner)
    for name, axes in panels.items():
        axes.imshow(
            view.planes[name],
            norm=norm,
            cmap=signs if view.signed else "magma",
            extent=(*axes.get_xlim(), *axes.get_ylim()),
            aspect="auto",
            interpolation="nearest",
        )
    panels["xy"].set_title(view.title, color=INK, fontsize=10, loc="left")


def _projections(data: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {"xy": data.max(0), "xz": data.max(1), "zy": np.transpose(data.max(2))}


def _through_middle(
    data: NDArray[Any], bead: BeadCheck, part: tuple[slice, ...]
) -> dict[str, NDArray[Any]]:
    z, y, x = (
        round(at) - cut.start for at, cut in zip((bead.z, bead.y, bead.x), part, strict=True)
    )
    return {"xy": data[z], "xz": data[:, y], "zy": np.transpose(data[:, :, x])}
