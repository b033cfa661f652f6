"""The fit of a Gaussian with free orientation to a spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from psfbridge.measurement.settings import GAUSSIAN
from psfbridge.numerics.robust import FWHM_PER_SIGMA

__all__ = ["GaussianFit", "fit_gaussian", "fit_line"]

Floats = NDArray[np.float64]
Numbers = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GaussianFit:
    """``amplitude * exp(-d' P d / 2) + background``, where d is the distance from the centre.

    Parameters
    ----------
    centre : tuple of float
        In voxels, for z, y and x.
    amplitude, background : float
        In counts.
    precision : array
        The matrix P for z, y, x in 1/µm²; rows and columns of an axis of one voxel are 0.
    r2 : float
        Share of the variance within the fitted box that the model explains.
    """

    centre: tuple[float, float, float]
    amplitude: float
    background: float
    precision: Floats
    r2: float

    @property
    def fwhm_um(self) -> tuple[float, float, float]:
        """FWHM of the profiles along z, y and x through the centre; NaN for a flat axis."""
        z, y, x = (_width(value) for value in np.diag(self.precision))
        return z, y, x

    @property
    def principal(self) -> tuple[tuple[float, float, float], Floats]:
        """FWHM along the principal axes, longest first, and these axes as rows of z, y, x."""
        values, vectors = np.linalg.eigh(self.precision)
        flat = np.diag(self.precision) == 0
        if flat.any():
            # The missing axis comes last, with no width.
            order = [*range(int(flat.sum()), 3), *range(int(flat.sum()))]
            values, vectors = values[order], vectors[:, order]
        axes = np.array([_upright(vector) for vector in vectors.T])
        a, b, c = (_width(value) for value in values)
        return (a, b, c), axes


def _width(precision: float) -> float:
    return FWHM_PER_SIGMA / float(np.sqrt(precision)) if precision > 1e-12 else float("nan")


def _upright(axis: Floats) -> Floats:
    """Of the two directions of an axis, the one whose largest part is positive."""
    sign = np.sign(axis[np.argmax(np.abs(axis))])
    turned: Floats = axis * sign
    return turned


def fit_gaussian(
    volume: NDArray[Any], voxel_um: Numbers, centre: Numbers, fwhm: Numbers
) -> GaussianFit | None:
    """Fit a Gaussian of any orientation on a level background.

    Parameters
    ----------
    volume : array
        The array has axes (z, y, x). The units are counts.
    voxel_um : sequence of float
        Voxel size in z, y and x, in µm.
    centre, fwhm : sequence of float
        Where to start and how wide, in voxels; the fit takes a box of 1.25 FWHM to each side.

    Returns
    -------
    GaussianFit or None
        None where there are too few voxels, or no Gaussian.
    """
    axes = [axis for axis in range(3) if volume.shape[axis] > 1]
    box, origin = _box(volume, centre, fwhm)
    if not axes or box.size < 4 * _parameters(len(axes)):
        return None
    counts = box.squeeze()
    grid = [
        (np.arange(box.shape[axis]) + origin[axis] - centre[axis]) / fwhm[axis] for axis in axes
    ]
    where = np.stack(np.meshgrid(*grid, indexing="ij")).reshape(len(axes), -1)
    base, top = float(np.median(counts)), float(counts.max())
    if not top > base:
        return None
    target = (counts.ravel() - base) / (top - base)
    found = optimize.least_squares(
        _residual, _start(len(axes)), jac=_jacobian, method="lm", args=(where, target)
    )
    if not found.success or np.abs(found.x[2 : 2 + len(axes)]).max() > 1 or found.x[0] <= 0:
        return None
    spread = float(((target - target.mean()) ** 2).sum())
    return _in_units(
        found.x, 1 - 2 * found.cost / spread, (base, top - base), axes, (voxel_um, centre, fwhm)
    )


def _box(volume: NDArray[Any], centre: Numbers, fwhm: Numbers) -> tuple[Floats, list[int]]:
    """Return the voxels around the centre, and the index of the first."""
    slices, origin = [], []
    for length, at, width in zip(volume.shape, centre, fwhm, strict=True):
        reach = max(GAUSSIAN.reach_fwhm * width, 2.0) if length > 1 else 0.0
        first = max(round(at - reach), 0)
        slices.append(slice(first, round(at + reach) + 1))
        origin.append(first)
    return np.asarray(volume[tuple(slices)], float), origin


def _parameters(axes: int) -> int:
    return 2 + axes + axes * (axes + 1) // 2


def _start(axes: int) -> Floats:
    """Amplitude, background, centre, and the triangle L of the precision L L'; lengths in FWHM."""
    triangle = (FWHM_PER_SIGMA * np.eye(axes))[np.tril_indices(axes)]
    return np.concatenate([[1.0, 0.0], np.zeros(axes), triangle])


def _parts(values: Floats, where: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    axes = len(where)
    triangle = np.zeros((axes, axes))
    triangle[np.tril_indices(axes)] = values[2 + axes :]
    distance = where - values[2 : 2 + axes, np.newaxis]
    scaled = triangle.T @ distance
    return triangle, distance, scaled, np.exp(-0.5 * (scaled**2).sum(axis=0))


def _residual(values: Floats, where: Floats, target: Floats) -> Floats:
    bell = _parts(values, where)[3]
    residual: Floats = values[0] * bell + values[1] - target
    return residual


def _jacobian(values: Floats, where: Floats, target: Floats) -> Floats:  # noqa: ARG001
    triangle, distance, scaled, bell = _parts(values, where)
    bright = values[0] * bell
    rows, columns = np.tril_indices(len(where))
    slopes = [bell, np.ones_like(bell), *(bright * (triangle @ scaled))]
    slopes += [-bright * scaled[j] * distance[i] for i, j in zip(rows, columns, strict=True)]
    return np.stack(slopes, axis=1)


def _in_units(
    values: Floats,
    r2: float,
    scale: tuple[float, float],
    axes: list[int],
    frame: tuple[Numbers, Numbers, Numbers],
) -> GaussianFit:
    """Turn the fit from units of the start width into counts, voxels and µm."""
    voxel_um, centre, fwhm = (np.asarray(item, float) for item in frame)
    count = len(axes)
    triangle = np.zeros((count, count))
    triangle[np.tril_indices(count)] = values[2 + count :]
    unit_um = (fwhm * voxel_um)[axes]
    precision = np.zeros((3, 3))
    precision[np.ix_(axes, axes)] = (triangle @ triangle.T) / np.outer(unit_um, unit_um)
    place = centre.copy()
    place[axes] += values[2 : 2 + count] * fwhm[axes]
    base, height = scale
    z, y, x = (float(value) for value in place)
    amplitude, background = float(values[0] * height), float(values[1] * height + base)
    return GaussianFit((z, y, x), amplitude, background, precision, r2)


def fit_line(line: NDArray[Any], at: int, fwhm: float) -> float:
    """Fit a one-dimensional Gaussian on a level to a row of voxels.

    Parameters
    ----------
    line : array
        The array has one axis. The units are counts.
    at : int
        Its brightest voxel.
    fwhm : float
        About how wide it is, in voxels; the fit takes four of these to each side.

    Returns
    -------
    float
        FWHM in voxels; NaN where there are too few voxels, or no Gaussian.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(31) - 15.3
    >>> round(fit_line(5 + np.exp(-0.5 * (x / 2) ** 2), 15, 4.0), 3)
    4.71
    """
    reach = int(np.ceil(GAUSSIAN.line_reach_fwhm * fwhm))
    first = max(at - reach, 0)
    counts = np.asarray(line[first : at + reach + 1], float)
    base, top = float(counts.min()), float(counts.max())
    if len(counts) < 5 or top == base:
        return float("nan")
    offset = (np.arange(len(counts)) + first - at) / fwhm
    target = (counts - base) / (top - base)
    start = (1.0, 0.0, 1 / FWHM_PER_SIGMA, 0.0)
    found = optimize.least_squares(_line_residual, start, method="lm", args=(offset, target))
    amplitude, centre, sigma, _ = found.x
    if not found.success or abs(centre) > 1 or amplitude <= 0:
        return float("nan")
    return float(abs(sigma) * FWHM_PER_SIGMA * fwhm)


def _line_residual(values: Floats, offset: Floats, target: Floats) -> Floats:
    amplitude, centre, sigma, level = values
    model: Floats = amplitude * np.exp(-0.5 * ((offset - centre) / sigma) ** 2) + level
    return model - target
