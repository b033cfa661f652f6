"""ImageJ selections: areas that restrict the beads, and points that mark them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.detection.beads import Beads
from psfbridge.errors import NoBeadsError
from psfbridge.imaging.image import Image

__all__ = ["inside", "is_area", "picked_points"]

Positions = NDArray[np.float64]

# Roi.getType() of a (multi-)point selection.
_POINT = 10
# A point is clicked to about a voxel; the bead is sought this far around it, in voxels.
_REACH = 2


def is_area(roi: Any) -> bool:
    """Return whether a selection encloses an area."""
    return roi is not None and bool(roi.isArea())


def inside(roi: Any, beads: Beads, name: str) -> Beads:
    """Return the beads whose centre lies within the selection.

    Raises
    ------
    NoBeadsError
        If there are none.
    """
    chosen = Beads(bead for bead in beads if roi.contains(round(bead.x), round(bead.y)))
    if not len(chosen):
        box = roi.getBounds()
        raise NoBeadsError(
            f"no bead within the selection on {name} (x={box.x} y={box.y} width={box.width} "
            f"height={box.height}); {len(beads)} found outside it. Draw it around beads, or "
            "remove it (Edit > Selection > Select None)."
        )
    return chosen


def picked_points(imp: Any, image: Image) -> Positions | None:
    """Return the beads picked by the user, or None if the selection is not of points.

    Parameters
    ----------
    imp : ij.ImagePlus
        The image with its selection.
    image : Image
        The array has axes (z, y, x). The units are counts.

    Returns
    -------
    array or None
        Positions in voxels; the array has shape (beads, 3) with z, y, x in a row. Each is the
        brightest voxel near the click; a point that has no slice takes the brightest one.
    """
    roi = imp.getRoi()
    if roi is None or int(roi.getType()) != _POINT:
        return None
    points = roi.getContainedFloatPoints()
    slices = _slices(imp, roi, int(points.npoints))
    found = [
        _brightest(image.data, slices[i], float(points.ypoints[i]), float(points.xpoints[i]))
        for i in range(int(points.npoints))
    ]
    return np.unique(np.array(found, float).reshape(-1, 3), axis=0)


def _slices(imp: Any, roi: Any, count: int) -> Sequence[int | None]:
    """Return the slice of each point, from 0; None if it applies to all slices."""
    positions = [int(roi.getPointPosition(index)) for index in range(count)]
    return [
        int(imp.convertIndexToPosition(position)[1]) - 1 if position > 0 else None
        for position in positions
    ]


def _brightest(data: NDArray[Any], z: int | None, y: float, x: float) -> tuple[int, int, int]:
    low = [_from(z, data.shape[0]), _from(round(y), data.shape[1]), _from(round(x), data.shape[2])]
    high = [_to(z, data.shape[0]), _to(round(y), data.shape[1]), _to(round(x), data.shape[2])]
    box = data[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    at = np.unravel_index(int(np.argmax(box)), box.shape)
    z0, y0, x0 = (int(start + step) for start, step in zip(low, at, strict=True))
    return z0, y0, x0


def _from(index: int | None, length: int) -> int:
    return 0 if index is None else min(max(index - _REACH, 0), length - 1)


def _to(index: int | None, length: int) -> int:
    return length if index is None else min(max(index + _REACH + 1, 1), length)
