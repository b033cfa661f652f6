"""Profiles through the peak of a spot, and their widths at half maximum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from psfbridge.measurement.settings import PROFILES

__all__ = ["Profile", "profiles_through"]

Floats = NDArray[np.float64]
Numbers = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Profile:
    """A line through the peak of a spot, along one axis.

    Parameters
    ----------
    offset_um : array
        Distance from the peak in µm, finely sampled.
    counts : array
        The spline-interpolated counts there, above the background.
    """

    offset_um: Floats
    counts: Floats

    @property
    def peak(self) -> float:
        """Counts at the peak, above the background."""
        return float(np.interp(0.0, self.offset_um, self.counts))

    @property
    def half_maximum_um(self) -> tuple[float, float]:
        """Offsets below and above the peak with half of its counts; NaN where there is none."""
        at = int(np.searchsorted(self.offset_um, 0.0))
        after = _crossing(self.offset_um[at:], self.counts[at:], self.peak / 2)
        before = _crossing(self.offset_um[:at][::-1], self.counts[:at][::-1], self.peak / 2)
        return before, after

    @property
    def fwhm_um(self) -> float:
        """Full width at half maximum in µm; NaN where a side does not reach it."""
        before, after = self.half_maximum_um
        return after - before


def _crossing(offset: Floats, counts: Floats, half: float) -> float:
    """Return where `counts` first falls to `half`, linear between the fine samples."""
    below = np.nonzero(counts <= half)[0]
    if len(below) == 0 or below[0] == 0:
        return float("nan")
    i = int(below[0])
    share = (counts[i - 1] - half) / (counts[i - 1] - counts[i])
    return float(offset[i - 1] + share * (offset[i] - offset[i - 1]))


def profiles_through(
    volume: NDArray[Any], voxel_um: Numbers, peak: Numbers
) -> tuple[Profile | None, Profile | None, Profile | None]:
    """Return the profiles along z, y and x through a sub-voxel position.

    Parameters
    ----------
    volume : array
        The array has axes (z, y, x). The units are counts above the background.
    voxel_um : sequence of float
        Voxel size in z, y and x, in µm.
    peak : sequence of float
        The position in voxels, index 0 at the first voxel's centre.

    Returns
    -------
    tuple of Profile
        None for an axis of one voxel.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(21) - 10.25
    >>> spot = np.exp(-0.5 * (x / 2) ** 2)[np.newaxis, np.newaxis]
    >>> _, _, along_x = profiles_through(spot, (1, 1, 0.1), (0, 0, 10.25))
    >>> round(along_x.fwhm_um, 3)
    0.471
    """
    axes = [axis for axis in range(3) if volume.shape[axis] > 1]
    squeezed = np.asarray(volume, float).squeeze()
    spline = (
        ndimage.spline_filter(squeezed, PROFILES.spline_order, mode="mirror") if axes else squeezed
    )
    centre = [float(peak[axis]) for axis in axes]
    found: list[Profile | None] = [None, None, None]
    for place, axis in enumerate(axes):
        found[axis] = _profile(spline, centre, place, float(voxel_um[axis]))
    return found[0], found[1], found[2]


def _profile(spline: Floats, centre: list[float], axis: int, step_um: float) -> Profile:
    length = spline.shape[axis]
    fine = np.linspace(0, length - 1, (length - 1) * PROFILES.samples_per_voxel + 1)
    counts = _along(spline, centre, axis, fine)
    return Profile((fine - centre[axis]) * step_um, counts)


def _along(spline: Floats, centre: list[float], axis: int, where: Floats) -> Floats:
    coordinates = [np.full_like(where, value) for value in centre]
    coordinates[axis] = where
    line: Floats = ndimage.map_coordinates(
        spline, coordinates, order=PROFILES.spline_order, mode="mirror", prefilter=False
    )
    return line
