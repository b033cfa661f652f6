"""Asymmetry and encircled energy of a spot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.numerics.fourier import shift_volume

__all__ = ["AIRY_ZERO_FWHM", "AXIAL_ZERO_FWHM", "asymmetry", "centred_on", "zone_energy"]

Floats = NDArray[np.float64]
Numbers = Sequence[float] | NDArray[np.float64]

#: First zero over FWHM: of the Airy disc (2 J1(v) / v)**2, 3.8317 / (2 * 1.6163), and of the
#: axial profile sinc(u/4)**2, pi / (2 * 1.3916) (Born and Wolf, Principles of Optics, ch. 8.8).
AIRY_ZERO_FWHM = 1.1853
AXIAL_ZERO_FWHM = 1.1288


def centred_on(volume: NDArray[Any], peak: Numbers) -> tuple[Floats, tuple[int, int, int]]:
    """Shift a volume so that a sub-voxel peak comes to a voxel's centre; return that voxel too."""
    z, y, x = (round(float(value)) for value in peak)
    move = [near - float(at) for near, at in zip((z, y, x), peak, strict=True)]
    moved = shift_volume(np.asarray(volume, float), move)
    return moved, (z, y, x)


def asymmetry(
    volume: NDArray[Any], centre: Sequence[int], reach: Numbers, noise: float
) -> tuple[float, float, float]:
    """Return for each axis the share of energy that is odd under reflection at the centre.

    With the odd part ``(h(v) - h(-v)) / 2`` along the axis, this is the sum of its squares over
    the sum of squares of h; white noise of the given standard deviation is taken off both.

    Parameters
    ----------
    volume : array
        The array has axes (z, y, x). The units are counts above the background.
    centre : sequence of int
        The voxel of the peak.
    reach : sequence of float
        How far from the centre to look, in voxels.
    noise : float
        Standard deviation of a voxel.
    """
    half = [
        int(min(at, length - 1 - at, np.ceil(most)))
        for at, length, most in zip(centre, volume.shape, reach, strict=True)
    ]
    box = tuple(slice(at - step, at + step + 1) for at, step in zip(centre, half, strict=True))
    counts = np.asarray(volume[box], float)
    variance = noise**2 * counts.size
    energy = float((counts**2).sum()) - variance
    shares = [
        _odd_share(counts, axis, energy, variance / 2) if half[axis] else float("nan")
        for axis in range(3)
    ]
    return shares[0], shares[1], shares[2]


def _odd_share(counts: Floats, axis: int, energy: float, odd_noise: float) -> float:
    odd = (counts - np.flip(counts, axis)) / 2
    return max(float((odd**2).sum()) - odd_noise, 0.0) / energy if energy > 0 else float("nan")


def zone_energy(volume: NDArray[Any], centre: Sequence[int], half_axes: Numbers) -> float:
    """Return the light within an ellipsoid around a voxel, as a share of that in one twice as wide.

    Parameters
    ----------
    volume : array
        The array has axes (z, y, x). The units are counts above the background.
    centre : sequence of int
        The middle of the ellipsoids.
    half_axes : sequence of float
        Of the inner one, in voxels.
    """
    used = [axis for axis in range(3) if volume.shape[axis] > 1]
    if not used:
        return float("nan")
    squares = np.zeros(volume.shape)
    for axis in used:
        distance = (np.arange(volume.shape[axis]) - centre[axis]) / half_axes[axis]
        squares += (distance**2).reshape([-1 if a == axis else 1 for a in range(3)])
    radius = np.sqrt(squares)
    size = float(np.exp(np.mean([np.log(half_axes[axis]) for axis in used])))
    within, around = (_light(volume, (reach - radius) * size) for reach in (1, 2))
    return within / around if around > 0 else float("nan")


def _light(volume: NDArray[Any], depth: Floats) -> float:
    """Sum the voxels inside; one that the border cuts counts by the part that is inside."""
    return float((volume * np.clip(depth + 0.5, 0, 1)).sum())
