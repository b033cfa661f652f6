"""Background levels of individual planes, measured far from all beads."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from psfbridge.detection.settings import PLANE_LEVELS as SET
from psfbridge.imaging.image import Image
from psfbridge.imaging.noise import Noise

__all__ = ["plane_levels"]

Floats = NDArray[np.float64]


def plane_levels(image: Image, noise: Noise, positions: Floats, reach: float) -> Floats:
    """Return by how much the background of each plane differs from that of the whole stack.

    Lamps flicker, dyes bleach, offsets drift. Where all beads lie in one plane, what a whole plane
    gains is indistinguishable from light of the PSF in that plane at the lateral frequency zero.
    Far from all beads there is no such light to be mistaken for it.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x). The units are counts.
    noise : Noise
        The noise of the image.
    positions : array
        The candidates, in voxels; the array has shape (beads, 3).
    reach : float
        How far from its centre a bead is seen, in pixels.

    Returns
    -------
    array
        In counts, one for each plane; their mean is 0. All are 0 where next to no pixel is so far
        from all beads: there the beads' own light out of focus would pass for background.
    """
    distance = _distance(image.data.shape[1:], positions[:, 1:])
    far = np.flatnonzero(distance >= SET.far_enough * reach)
    if len(far) < SET.least_share * distance.size:
        return np.zeros(len(image.data))
    far = far[:: max(len(far) // SET.most_pixels, 1)]
    levels = np.array([_level(counts, noise) for counts in _counts(image, far)])
    return np.asarray(levels - levels.mean())


def _distance(shape: tuple[int, ...], places: Floats) -> Floats:
    """Return the distance of each pixel of a plane from the nearest bead, in pixels."""
    if not len(places):
        return np.full(shape, np.inf)
    free = np.ones(shape, bool)
    last = np.array(shape) - 1
    free[tuple(np.clip(np.round(places).astype(int), 0, last).T)] = False
    return np.asarray(ndimage.distance_transform_edt(free))


def _counts(image: Image, pixels: NDArray[np.intp]) -> Iterator[Floats]:
    """Yield what some pixels hold in each plane."""
    for plane in image.data:
        yield np.asarray(plane, float).ravel()[pixels]


def _level(counts: Floats, noise: Noise) -> float:
    """Return the mean, without what stands out: beads that were not found, hot pixels."""
    middle = float(np.median(counts))
    spread = float(np.sqrt(noise.variance(middle)))
    return float(counts[np.abs(counts - middle) <= SET.clip * spread].mean())
