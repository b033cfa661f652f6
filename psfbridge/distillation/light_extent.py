"""The extent of the PSF: the distance at which the light of beads exceeds the noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from psfbridge.detection.beads import USED
from psfbridge.detection.find import FoundBeads
from psfbridge.distillation.settings import EXTENT, ExtentSettings

__all__ = ["light_extent"]

Floats = NDArray[np.float64]


def light_extent(
    found: Sequence[FoundBeads],
    half: Sequence[int],
    settings: ExtentSettings = EXTENT,
) -> tuple[int, int, int] | None:
    """Return how far light is seen around the beads along z, y and x, in voxels.

    Each bead's box is reduced to medians over rings around the axis; each plane's outermost ring
    is its background. A ring stands out if its median over the beads does; what hangs together
    with the bead's centre is its light.

    Parameters
    ----------
    found : sequence of FoundBeads
        The beads of each image.
    half : sequence of int
        The farthest that is looked at, in voxels along z, y and x.
    settings : ExtentSettings, optional
        What counts as light.

    Returns
    -------
    tuple of int or None
        None where the beads are too few to tell.
    """
    rings = _rings(half, settings.ring_voxels)
    profiles = [_profile(box, rings) for box in _boxes(found, half, settings.most_beads)]
    if len(profiles) < settings.least_beads:
        return None
    values = np.array(profiles)
    middle = np.median(values, axis=0)
    scatter = 1.4826 * np.median(np.abs(values - middle), axis=0)
    # The median's standard error is 1.25 times the mean's.
    error = np.maximum(1.25 * scatter / np.sqrt(len(values)), 1e-12)
    labels, _ = ndimage.label(middle > settings.clear * error)
    if not labels[0, 0]:
        return None
    planes, far = np.nonzero(labels == labels[0, 0])
    along = min(int(planes.max()) + settings.margin, half[0])
    across = min((int(far.max()) + 1) * settings.ring_voxels + settings.margin, half[1], half[2])
    return (along if half[0] else 0), across, across


def _rings(half: Sequence[int], width: int) -> list[NDArray[np.intp]]:
    """The places of each ring in a flattened plane of the box; the last one is complete."""
    y, x = np.ogrid[-half[1] : half[1] + 1, -half[2] : half[2] + 1]
    radius = (np.hypot(y, x) / width).astype(int).ravel()
    last = min(half[1], half[2]) // width
    return [np.nonzero(radius == ring)[0] for ring in range(last)]


def _boxes(
    found: Sequence[FoundBeads], half: Sequence[int], most: int
) -> Iterator[NDArray[np.float32]]:
    """Boxes around the clearest usable beads that lie in the image as a whole across."""
    size = (half[0], half[1], half[2])
    told = [(bead.snr, one, bead) for one in found for bead in one.beads if bead.status == USED]
    count = 0
    for _, one, bead in sorted(told, key=lambda row: -row[0]):
        voxel = np.round([bead.z, bead.y, bead.x]).astype(int)
        box = one.cut_out(voxel[np.newaxis], size)
        counts, inside = box.counts[0], box.inside[0]
        if not inside[half[0]].all():
            continue
        yield np.where(inside, counts, np.nan)
        count += 1
        if count == most:
            return


def _profile(box: NDArray[np.float32], rings: Sequence[NDArray[np.intp]]) -> Floats:
    """Light relative to the peak by distance from focus and ring; 0 without data."""
    flat = box.reshape(len(box), -1)
    by_plane = np.array([np.median(flat[:, ring], axis=1) for ring in rings], float).T
    by_plane -= by_plane[:, -1:]
    middle = len(box) // 2
    below, above = by_plane[middle::-1], by_plane[middle:]
    both = np.stack([below, above])
    seen = np.isfinite(both)
    mean = np.where(seen, both, 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return np.asarray(mean / max(float(mean[0, 0]), 1e-12))
