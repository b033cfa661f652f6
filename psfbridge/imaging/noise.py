"""The noise model: the variance of a voxel as a function of its expected counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from psfbridge.imaging.image import Image
from psfbridge.imaging.settings import NOISE
from psfbridge.numerics.robust import trimmed_variance

__all__ = ["Noise", "estimate_noise", "saturation_level"]

# The second difference along y and x has the weights 1 -2 1 by 1 -2 1: their squares sum to 36
# (Immerkær 1996, "Fast noise variance estimation").
_SECOND_DIFFERENCE_POWER = 36.0


@dataclass(frozen=True)
class Noise:
    """A camera's noise: ``variance = gain * max(counts - offset, 0) + read_noise**2``.

    Estimated from an image, `offset` is its darkest background, and `read_noise` is the noise
    found there, photon noise of that background included: only their sum can be seen.

    Parameters
    ----------
    offset : float
        Counts without light (or of the darkest background).
    gain : float
        Counts for each detected photon.
    read_noise : float
        Standard deviation at the offset, in counts.
    rounding : float
        Variance of the rounding to the values that the image can hold, in counts²: a twelfth of
        the square of their step.

    Examples
    --------
    >>> float(Noise(100, 2, 3).variance(150))
    109.0
    """

    offset: float
    gain: float
    read_noise: float
    rounding: float = 1 / 12

    def variance(self, counts: Any) -> NDArray[Any]:
        """Return the variance of a voxel that is expected to hold `counts`."""
        # Single precision stays single: it is enough here, and half the work.
        kept = np.asarray(counts, np.result_type(counts, np.float32))
        variance: NDArray[Any] = np.maximum(kept - self.offset, 0)
        variance *= self.gain
        variance += self.read_noise**2
        return variance


def estimate_noise(image: Image) -> Noise:
    """Estimate the noise of an image from the image alone.

    The second difference of each plane removes what is smooth; its square, against the local mean
    of the counts, gives the gain where light is smooth.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x). The units are counts.

    Returns
    -------
    Noise
        With a read noise of at least the rounding to the values that the image can hold.
    """
    planes = _some_planes(image.data)
    rounding = _step(image.data) ** 2 / 12
    mean = ndimage.uniform_filter(planes, (0, 5, 5))
    rough = _second_difference(planes)
    inner = (slice(None), slice(1, -1), slice(1, -1))
    if min(planes.shape[1:]) < 5:
        inner = (slice(None),) * 3
    whole = (
        ndimage.minimum_filter(_some_planes(image.valid), (1, 5, 5))[inner].astype(bool)
        if image.valid is not None
        else np.ones(mean[inner].shape, bool)
    )
    if not whole.any():
        whole[:] = True
    square = rough[inner][whole] ** 2 / _SECOND_DIFFERENCE_POWER
    return _line(mean[inner][whole], square, rounding)


def _step(data: NDArray[Any]) -> float:
    """The least step between the values of an image, from a sample of them."""
    values = np.unique(np.asarray(data[:: max(len(data) // 8, 1)]).ravel()[::7])
    return float(np.diff(values.astype(float)).min()) if len(values) > 1 else 1.0


def _some_planes(data: NDArray[Any]) -> NDArray[np.float32]:
    """Planes spread over the stack, enough of them and not more."""
    plane = data.shape[1] * data.shape[2]
    count = int(np.clip(NOISE.most_voxels // plane, 1, len(data)))
    chosen = np.unique(np.linspace(0, len(data) - 1, count).astype(int))
    rows = slice(0, max(NOISE.most_voxels // data.shape[2], 16)) if count == 1 else slice(None)
    return np.asarray(data[chosen][:, rows], np.float32)


def _second_difference(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    kernel = np.array([1.0, -2.0, 1.0])
    rough = ndimage.correlate1d(planes, kernel, axis=1)
    result: NDArray[np.float32] = ndimage.correlate1d(rough, kernel, axis=2)
    return result


def _line(mean: NDArray[np.float32], square: NDArray[np.float32], rounding: float) -> Noise:
    """Variance at the background, and its growth with the light above it."""
    quarter = mean <= np.quantile(mean, NOISE.darkest)
    offset = float(mean[quarter].mean())
    floor = max(trimmed_variance(square[quarter]), rounding)
    light = mean - offset
    return Noise(offset, _gain(light, square, floor, rounding), float(np.sqrt(floor)), rounding)


def _gain(
    light: NDArray[np.float32], square: NDArray[np.float32], floor: float, rounding: float
) -> float:
    """Growth of the variance with the light: a low quantile over bins of equal ratio.

    What is left of the beads' own curvature can only add to the square, so the bins of smooth
    light tell the gain, and they are the low ones.
    """
    top = float(light.max())
    least = NOISE.faintest * top
    if floor < NOISE.rounding_rules * rounding:
        # Rounding hides the noise of a level that hardly varies, and shows it between two levels.
        least = max(least, NOISE.least_rounded_light * float(np.sqrt(rounding)))
    if top <= least:
        return 0.0
    edges = np.geomspace(least, top, NOISE.bins)
    # Most voxels hold too little light to tell anything.
    bright = light >= edges[0]
    light, square = light[bright], square[bright]
    bins = np.digitize(light, edges).astype(np.uint8)
    order = np.argsort(bins, kind="stable")
    first = np.searchsorted(bins[order], np.arange(NOISE.bins + 1))
    slopes, weights = [], []
    for number in range(1, NOISE.bins):
        members = order[first[number] : first[number + 1]]
        count = len(members)
        if count < NOISE.least_in_bin:
            continue
        level = float(light[members].mean())
        variance = trimmed_variance(square[members])
        slopes.append((variance - floor) / level)
        # The error of a slope is that of its variance over the level.
        weights.append(count * level**2 / max(variance, floor) ** 2)
    if not slopes:
        return 0.0
    return max(_weighted_quantile(np.array(slopes), np.array(weights), NOISE.low_quantile), 0.0)


def _weighted_quantile(
    values: NDArray[np.float64], weights: NDArray[np.float64], share: float
) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(reached, share)])


def saturation_level(data: NDArray[Any]) -> float:
    """Return the counts at which the image is clipped, or infinity if it is not.

    Counts pile up at the top of a clipped image: its highest value is far more frequent than the
    values just below it. The highest value of an integer type is always a clip.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x). The units are counts.
    """
    top = float(data.max())
    at_top = int(np.count_nonzero(data == data.max()))
    if data.dtype.kind in "ui" and top == np.iinfo(data.dtype).max:
        return top
    spread = top - float(data.min())
    if at_top < 5 or spread <= 0:
        return float("inf")
    width = max(0.01 * spread, 1.0 if data.dtype.kind in "ui" else 0.0)
    near = int(np.count_nonzero(data >= top - width)) - at_top
    levels = width if data.dtype.kind in "ui" else 1.0
    return top if at_top > 4 * near / levels else float("inf")
