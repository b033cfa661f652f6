"""The width of a typical bead in an image, before any bead is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from psfbridge.detection.settings import WIDTH
from psfbridge.imaging.image import Image
from psfbridge.imaging.noise import Noise
from psfbridge.numerics.ranks import median_of_nine, second_of_nine
from psfbridge.numerics.robust import FWHM_PER_SIGMA, robust_sd
from psfbridge.numerics.smoothing import laplace_of_gaussian

__all__ = ["BeadScale", "estimate_scale"]


@dataclass(frozen=True)
class BeadScale:
    """The full width at half maximum of a typical bead.

    Parameters
    ----------
    fwhm : tuple of float
        In z, y and x, in voxels; z is 0 for an image of one plane.

    Examples
    --------
    >>> BeadScale((4.0, 2.0, 2.0)).sigma[1] < 1
    True
    """

    fwhm: tuple[float, float, float]

    @property
    def sigma(self) -> tuple[float, float, float]:
        """The standard deviations of a Gaussian of this width, in voxels."""
        z, y, x = (width / FWHM_PER_SIGMA for width in self.fwhm)
        return z, y, x

    def half_extent(self, widths: float, planes: int) -> tuple[int, int, int]:
        """Return a half size of so many FWHM in voxels, two voxels at least; no z in 2-D."""
        z, y, x = (max(int(np.ceil(widths * width)), 2) for width in self.fwhm)
        return (z if planes > 1 else 0), y, x


def estimate_scale(image: Image, noise: Noise) -> BeadScale:
    """Estimate the width of a bead from the brightest compact spots.

    The spots are found on a projection along z, at the smoothing where they stand out most;
    their widths are read from profiles through their brightest voxel.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x). The units are counts.
    noise : Noise
        The noise of the image: in a bright background its noise must not pass for spots.

    Returns
    -------
    BeadScale
        The median over the spots.
    """
    projection = _projected(image.data)
    spread = np.sqrt(noise.variance(ndimage.uniform_filter(projection, WIDTH.surround)))
    sigma, spots = _spots(
        _without_lone_pixels(np.asarray((projection - noise.offset) / spread, np.float32))
    )
    widths = [_widths(image.data, y, x, sigma) for y, x in spots]
    usable = np.array([width for width in widths if np.isfinite(width).all()]).reshape(-1, 3)
    if len(usable) == 0:
        return BeadScale((3.0 if len(image.data) > 1 else 0.0, 3.0, 3.0))
    z, y, x = (float(width) for width in np.median(usable, axis=0))
    return BeadScale((z if len(image.data) > 1 else 0.0, y, x))


def _projected(data: NDArray[Any]) -> NDArray[np.float32]:
    """Project what is bright in two successive planes, without hot voxels."""
    pairs = (np.minimum(one, other) for one, other in pairwise(data)) if len(data) > 2 else data
    return np.asarray(reduce(np.maximum, pairs), np.float32)


def _without_lone_pixels(flat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Remove isolated bright pixels, which would bias the bead width."""
    around, second = median_of_nine(flat), second_of_nine(flat)
    lone = flat - around > np.maximum(WIDTH.stands_out, WIDTH.lone * (second - around))
    return np.where(lone, around, flat)


def _spots(projection: NDArray[np.float32]) -> tuple[float, list[tuple[int, int]]]:
    """The brightest maxima and the smoothing at which they stand out most."""
    room = min(projection.shape)
    sigmas = [sigma for sigma in WIDTH.trial_sigmas if 6 * sigma < room]
    trials = [(sigma, _blobs(projection, sigma)) for sigma in sigmas]
    trials = [(sigma, found) for sigma, found in trials if found]
    if not trials:
        return WIDTH.trial_sigmas[0], []
    # The right smoothing gives the strongest normalised response for the typical spot.
    strengths = [float(np.median([strength for strength, _, _ in found])) for _, found in trials]
    sigma, chosen = trials[int(np.argmax(strengths))]
    return sigma, [(y, x) for _, y, x in chosen]


def _blobs(flat: NDArray[np.float32], sigma: float) -> list[tuple[float, int, int]]:
    """The strongest maxima of the scale-normalised Laplacian (Lindeberg 1998)."""
    response = -np.float32(sigma**2) * laplace_of_gaussian(flat, sigma)
    size = 2 * int(np.ceil(3 * sigma)) + 1
    peaks = response == ndimage.maximum_filter(response, size)
    ys, xs = np.nonzero(peaks & (response > 0))
    # A hot pixel has no width: smoothing must leave something of its neighbours.
    strengths = response[ys, xs]
    order = np.argsort(strengths)[::-1][: WIDTH.most_spots]
    if len(order) == 0:
        return []
    # Among few beads most maxima are noise; where all may be, the strongest are the best guess.
    noise = float(robust_sd(response))
    floor = max(WIDTH.least_share * strengths[order[0]], WIDTH.clear * noise)
    clear = [i for i in order if strengths[i] > floor] or order[: WIDTH.few_spots]
    return [(float(strengths[i]), int(ys[i]), int(xs[i])) for i in clear]


def _widths(data: NDArray[Any], y: int, x: int, sigma: float) -> NDArray[np.float64]:
    """FWHM in z, y, x through the brightest voxel near (y, x); NaN if undefined.

    Across, profiles end a few `sigma` away: a background that rises elsewhere has no say.
    """
    reach = int(np.ceil(WIDTH.reach * sigma))
    blur = WIDTH.blurred * sigma if sigma > WIDTH.wide_sigma else 0.0
    beside = int(blur)
    z, y, x = _brightest(data, y, x, 2 + beside)
    near_z = slice(max(z - 1, 0), z + 2)
    near_y, near_x = (slice(max(at - beside, 0), at + beside + 1) for at in (y, x))
    next_y, next_x = (slice(max(at - 1 - beside, 0), at + 2 + beside) for at in (y, x))
    long_y, long_x = (slice(max(at - reach, 0), at + reach + 1) for at in (y, x))
    along_z = _smooth_in_z(np.asarray(data[:, next_y, next_x], float)).mean(axis=(1, 2))
    along_y = np.asarray(data[near_z, long_y, near_x], float).mean(axis=(0, 2))
    along_x = np.asarray(data[near_z, near_y, long_x], float).mean(axis=(0, 1))
    across = [
        _sharpened(_half_width(_blurred(profile, blur), min(at, reach)), blur)
        for profile, at in ((along_y, y), (along_x, x))
    ]
    return np.array([_half_width(along_z, z), *across])


def _brightest(data: NDArray[Any], y: int, x: int, reach: int) -> tuple[int, int, int]:
    rows, columns = (slice(max(at - reach, 0), at + reach + 1) for at in (y, x))
    core = _smooth_in_z(np.asarray(data[:, rows, columns], float))
    z, dy, dx = np.unravel_index(int(np.argmax(core)), core.shape)
    return int(z), rows.start + int(dy), columns.start + int(dx)


def _smooth_in_z(core: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(ndimage.median_filter(core, (3, 1, 1)) if len(core) >= 3 else core)


def _blurred(profile: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    return np.asarray(ndimage.gaussian_filter1d(profile, sigma) if sigma else profile)


def _sharpened(width: float, sigma: float) -> float:
    """The width of a Gaussian before it was blurred, at least that of the blur itself."""
    blur = sigma * FWHM_PER_SIGMA
    return float(np.sqrt(max(width**2 - blur**2, blur**2))) if sigma else width


def _half_width(profile: NDArray[np.float64], top: int) -> float:
    """Full width at half maximum by linear interpolation; twice one side if the other is cut."""
    if len(profile) == 1:
        return 0.0
    half = (profile[top] + np.percentile(profile, 20)) / 2
    sides = [_crossing(profile[top:], half), _crossing(profile[top::-1], half)]
    found = [side for side in sides if np.isfinite(side)]
    return float(2 * np.mean(found)) if found else float("nan")


def _crossing(profile: NDArray[np.float64], half: float) -> float:
    below = np.nonzero(profile < half)[0]
    if len(below) == 0 or below[0] == 0:
        return float("nan")
    i = int(below[0])
    return float(i - 1 + (profile[i - 1] - half) / (profile[i - 1] - profile[i]))
