"""Restoration of a background that was clipped at the lowest value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from psfbridge.imaging.settings import CLIPPING

__all__ = ["Floor", "clipped_floor", "restored_below"]

Floats = NDArray[np.float64]

# Means of what is above a threshold, over the noise, for levels of the light from six standard
# deviations below it to forty above: the function that is turned round.
_LEVELS = np.concatenate([np.linspace(-6, 6, 1201), np.linspace(6.1, 40, 340)])


@dataclass(frozen=True)
class Floor:
    """The lower limit of the values of an image.

    Parameters
    ----------
    level : float
        The lowest value.
    step : float
        From there to the next value.
    share : float
        Share of the voxels that stand at it.
    noise : float
        Standard deviation of the background if it were not cut off, in counts; 0 where the lowest
        value is that of the darkest background, and nothing is cut off.
    """

    level: float
    step: float
    share: float
    noise: float = 0.0

    @property
    def threshold(self) -> float:
        """Value below which counts appear as the lowest value."""
        return self.level + 0.5 * self.step


def clipped_floor(data: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> Floor:
    """Return the fraction of voxels at the lowest value, and whether their noise was clipped.

    In blocks in which the light is level, the share of voxels at the lowest value and the mean of
    the others tell the normal noise that was cut off. Where photons are counted, a voxel with none
    is a measurement: the shares of the lowest values are those of a Poisson variable.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x). The units are counts.
    valid : array of bool, optional
        Which voxels hold data; the same axes.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 5, (9, 64, 64))
    >>> floor = clipped_floor(np.maximum(np.round(noise), 0))
    >>> round(floor.share, 1), round(floor.noise)
    (0.5, 5)
    """
    seen = data[valid] if valid is not None else data.ravel()
    values, counts = np.unique(seen[:: max(seen.size // 2_000_000, 1)], return_counts=True)
    if len(values) < 3:
        return Floor(float(values[0]), 1.0, 0.0)
    shares = counts / counts.sum()
    floor = Floor(float(values[0]), float(np.diff(values).min()), float(shares[0]))
    if floor.share < CLIPPING.told_share or _counts_photons(values, shares):
        return floor
    noise = _noise(data, floor)
    centre = -noise * float(special.ndtri(floor.share))
    cut_off = float(special.ndtr((-floor.step - centre) / max(noise, 1e-300)))
    if noise == 0 or cut_off < CLIPPING.least_share:
        return floor
    return Floor(floor.level, floor.step, floor.share, noise)


def _counts_photons(values: NDArray[Any], shares: Floats) -> bool:
    """Whether the shares of the lowest values fall off as those of a Poisson variable do.

    A normal variable with the same share at the lowest value, and the same up to the next one, is
    the other explanation; the third share tells which is nearer.
    """
    if values[0] != 0 or len(values) < 4:
        return False
    mean = -np.log(shares[0])
    number = np.arange(1, 4)
    by_counting = shares[0] * mean**number / special.factorial(number)
    low, next_low = special.ndtri(np.cumsum(shares)[:2])
    noise = 1 / max(next_low - low, 1e-9)
    edges = low + np.arange(4) / noise
    by_noise = np.diff(special.ndtr(edges))
    seen = shares[1:4]
    misfits = [np.abs(np.log(expected / seen)).sum() for expected in (by_counting, by_noise)]
    return bool(misfits[0] < misfits[1])


def _noise(data: NDArray[Any], floor: Floor) -> float:
    """The standard deviation of the noise, from blocks of which a part is cut off."""
    above = _above(data, floor)
    shape = [n // size * size for n, size in zip(data.shape, CLIPPING.block, strict=True)]
    if min(shape) == 0:
        return 0.0
    blocks = above[tuple(slice(n) for n in shape)].reshape(
        *(part for n, size in zip(shape, CLIPPING.block, strict=True) for part in (n // size, size))
    )
    within = (1, 3, 5)
    share, mean = (blocks == 0).mean(axis=within), blocks.mean(axis=within)
    low, high = CLIPPING.between
    told = (share > low) & (share < high)
    if np.count_nonzero(told) < CLIPPING.least_blocks:
        return 0.0
    level = -special.ndtri(share[told])
    noise = mean[told] / _mean_above(level)
    return float(np.quantile(noise, CLIPPING.quantile))


def _above(data: NDArray[Any], floor: Floor) -> NDArray[np.float32]:
    """Counts above the threshold; 0 for what is below."""
    above = np.asarray(data, np.float32) - np.float32(floor.threshold)
    return np.asarray(np.maximum(above, 0))


def _mean_above(level: Any) -> Floats:
    """The mean of what a normal variable around `level` has above 0."""
    density = np.exp(-0.5 * np.square(level)) / np.sqrt(2 * np.pi)
    return np.asarray(density + level * special.ndtr(level), float)


def restored_below(
    data: NDArray[Any], floor: Floor, corner: tuple[int, int, int] = (0, 0, 0)
) -> NDArray[np.float32]:
    """Replace voxels at the lowest value by noise as it was before it was cut off.

    The local light is told by the mean of what is above the threshold. Each voxel at the lowest
    value is drawn from the normal variable around that light, given that it is below: so means
    and noise are everywhere what they would have been, and nothing later need know of the cut.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x). The units are counts.
    floor : Floor
        The lowest value, with the noise that is cut off there.
    corner : tuple of int
        Where the first voxel lies in the image that `data` is a part of.

    Returns
    -------
    array of float32
        The same axes. A voxel is always given the same, whatever part of the image is at hand.
    """
    above = _above(data, floor)
    local = ndimage.gaussian_filter(above, np.minimum(CLIPPING.smooth, np.array(data.shape) / 4))
    level = np.interp(local / floor.noise, _mean_above(_LEVELS), _LEVELS)
    result = np.asarray(data, np.float32).copy()
    below = data <= floor.level
    chance = _chance(np.argwhere(below) + corner)
    # The share of the noise that is below, of which each voxel takes a part at random.
    at_most = special.ndtr(-level[below])
    drawn = level[below] + special.ndtri(np.clip(chance * at_most, 1e-12, 1))
    result[below] = floor.threshold + floor.noise * drawn
    return result


def _chance(places: NDArray[np.int64]) -> Floats:
    """Numbers from 0 to 1 that look drawn at random, and depend on the place alone (SplitMix64)."""
    factors = np.array(CLIPPING.mixing, np.uint64)
    mixed = (places.astype(np.uint64) * factors).sum(axis=1, dtype=np.uint64)
    for shift, factor in ((30, factors[1]), (27, factors[2])):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * factor
    mixed ^= mixed >> np.uint64(31)
    return np.asarray((mixed >> np.uint64(11)).astype(float) / 2.0**53)
