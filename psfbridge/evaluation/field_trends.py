"""Trends across the field, measured from individual beads: widths and the focal plane."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from psfbridge.evaluation.bead_table import BeadTable
from psfbridge.evaluation.settings import AcquisitionSettings
from psfbridge.numerics.robust import robust_sd

__all__ = ["FieldTrend", "FocalPlane", "focal_plane", "width_trends"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FieldTrend:
    """A linear change of a width over the beads' range along x or y.

    `axis` is the width's, `along` the field's; `change` is a share of the median width.
    """

    axis: str
    along: str
    change: float
    change_error: float


@dataclass(frozen=True)
class FocalPlane:
    """The plane through the beads: how far it is tilted, and how flat they lie on it.

    Parameters
    ----------
    tilt_mrad : float
        Its slope against the focal plane.
    tilt_error_mrad : float
        Standard error of the slope.
    range_um : float
        Difference of focus over the beads' range in the field.
    flatness_um : float
        Standard deviation of the beads from the plane, robust.
    significant : bool
        Whether the beads lie in one plane at all, and it is tilted beyond its error.
    """

    tilt_mrad: float
    tilt_error_mrad: float
    range_um: float
    flatness_um: float
    significant: bool


def width_trends(table: BeadTable, settings: AcquisitionSettings) -> list[FieldTrend]:
    """Return the changes of widths over the field that are large and significant.

    Parameters
    ----------
    table : BeadTable
        The used beads.
    settings : AcquisitionSettings
        How large and how significant.
    """
    found = []
    for axis in "zyx":
        widths = table.column(f"fwhm_{axis}_um")
        for along, slope, error, reach in _slopes(table, widths, settings):
            middle = float(np.nanmedian(widths))
            trend = FieldTrend(axis, along, slope * reach / middle, error * reach / middle)
            large = abs(trend.change) > settings.most_field_change
            if large and abs(trend.change) > settings.field_significance * trend.change_error:
                found.append(trend)
    return found


def focal_plane(table: BeadTable, settings: AcquisitionSettings) -> FocalPlane | None:
    """Return the plane in which the beads lie, or None if there are too few.

    Parameters
    ----------
    table : BeadTable
        The used beads.
    settings : AcquisitionSettings
        How many beads it takes, and how significant a tilt must be.
    """
    heights = table.column("z_um")
    lines = list(_slopes(table, heights, settings))
    if not lines:
        return None
    tilt = math.hypot(*(slope for _, slope, _, _ in lines))
    error = math.hypot(*(error for _, _, error, _ in lines))
    reach = float(sum(abs(slope) * reach for _, slope, _, reach in lines))
    rest = _fitted(table, heights)[2]
    flatness = float(robust_sd(rest))
    depth, _ = table.median_and_mad("fwhm_z_um")
    flat = flatness < depth
    sure = flat and tilt > settings.field_significance * error
    return FocalPlane(1e3 * tilt, 1e3 * error, reach, flatness, bool(sure))


def _slopes(
    table: BeadTable, values: Floats, settings: AcquisitionSettings
) -> list[tuple[str, float, float, float]]:
    """Return for x and y: slope for each µm, its standard error, and the beads' range in µm."""
    good = np.isfinite(values)
    several_images = len({row.image for row in table}) > 1
    if good.sum() < settings.least_beads_for_field or several_images:
        return []
    slopes, errors, _ = _fitted(table, values)
    reach = [float(np.ptp(table.column(name)[good])) for name in ("x_um", "y_um")]
    if min(reach) <= 0:
        return []
    return [(axis, slopes[k], errors[k], reach[k]) for k, axis in enumerate("xy")]


def _fitted(table: BeadTable, values: Floats) -> tuple[list[float], list[float], Floats]:
    """Fit a plane over the field, robust against single beads; slopes, errors and residuals."""
    good = np.isfinite(values)
    x, y, seen = table.column("x_um")[good], table.column("y_um")[good], values[good]
    design = np.column_stack([x - x.mean(), y - y.mean(), np.ones(len(x))])
    start = np.linalg.lstsq(design, seen, rcond=None)[0]
    rest = seen - design @ start
    scale = max(float(robust_sd(rest)), 1e-12)
    fit = optimize.least_squares(
        lambda p: (seen - design @ p) / scale, start, jac=lambda _: -design / scale, loss="soft_l1"
    )
    rest = seen - design @ fit.x
    spread = float(robust_sd(rest))
    covariance = np.linalg.pinv(design.T @ design) * spread**2
    errors = np.sqrt(np.diag(covariance))
    return [float(v) for v in fit.x[:2]], [float(v) for v in errors[:2]], rest
