"""The method ``reverse-rl``: Richardson-Lucy with the roles of object and PSF exchanged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.distillation.background import given_background
from psfbridge.distillation.settings import ORIGINAL
from psfbridge.engines import Engine
from psfbridge.errors import NoBeadsError
from psfbridge.imaging.counts import value_scale
from psfbridge.imaging.image import Image, Volume
from psfbridge.imaging.no_data import filled
from psfbridge.progress import Progress, no_progress

__all__ = ["in_whole_counts", "point_image", "reverse_richardson_lucy", "without_background"]


def in_whole_counts(image: Image, background: str | float) -> tuple[Image, str | float]:
    """Return an image of floats from 0 to 1, or of another scale, as counts; others as they are.

    The original's floor of 0.1 is in counts: on an image that was normalised it would be most of
    the light. The offset is the camera's, and stays.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x).
    background : 'auto', 'mean' or float
        In the units of the image; a number is returned in counts.
    """
    valid = np.isfinite(image.data) if image.data.dtype.kind == "f" else None
    whole = valid is None or bool(valid.all())
    data = image.data if whole or valid is None else filled(image.data, valid)
    factor = value_scale(data).factor
    if factor != 1:
        data = np.asarray(data * factor, np.float32)
        background = background if isinstance(background, str) else background * factor
    return replace(image, data=data), background


def without_background(data: NDArray[Any], background: str | float = "auto") -> Volume:
    """Subtract the background; what is not above it becomes 0.1.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x). The units are counts.
    background : 'auto', 'mean' or float
        Counts to subtract; ``auto`` and ``mean`` are 1.25 times the mean of the image.

    Returns
    -------
    array of float32
        The image of the beads alone.

    Examples
    --------
    >>> import numpy as np
    >>> without_background(np.array([[[0.0, 4.0]]])).round(2).tolist()
    [[[0.10000000149011612, 1.5]]]
    """
    counts = np.asarray(data, np.float32)
    level = given_background(counts, "mean" if background == "auto" else background)
    counts = counts - np.float32(level or 0)
    counts[counts <= 0] = ORIGINAL.floor
    return counts


def point_image(beads: Volume) -> tuple[Volume, NDArray[np.bool_]]:
    """Put a 1 at the centroid of every region above the global Otsu threshold.

    The centroid is truncated to whole voxels, as in the original: this alone shifts the PSF by
    about half a voxel and blurs it.

    Parameters
    ----------
    beads : array
        The array has axes (z, y, x): the image without its background.

    Returns
    -------
    points : array of float32
        1 at each point, 0 elsewhere.
    mask : array of bool
        The voxels above the threshold.
    """
    from skimage.filters import threshold_otsu
    from skimage.measure import label, regionprops

    mask = beads > threshold_otsu(beads)
    points = np.zeros(beads.shape, np.float32)
    for region in regionprops(label(mask)):
        z, y, x = (int(coordinate) for coordinate in region.centroid)
        points[z, y, x] = 1
    return points, mask


def reverse_richardson_lucy(
    image: Image,
    engine: Engine,
    *,
    iterations: int = 200,
    background: str | float = "auto",
    progress: Progress = no_progress,
) -> Volume:
    """Run the original pipeline on an image; its numbers and its faults are kept.

    Background subtraction, Otsu threshold, truncated centroids, and Richardson-Lucy with the image
    of the beads as the image and the points as its PSF. The model has a single intensity for all
    beads and no noise.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x). The units are counts.
    engine : Engine
        Where Richardson-Lucy runs.
    iterations : int
        How many.
    background : 'auto', 'mean' or float
        See `without_background`.
    progress : Progress, optional
        Called after each iteration.

    Returns
    -------
    array of float32
        The PSF with the shape of the image, about at its centre, on the floor of 0.1's making.

    Raises
    ------
    NoBeadsError
        If nothing is above the background.
    """
    beads = without_background(image.data, background)
    if beads.min() == beads.max():
        raise NoBeadsError(
            f"no bead in {image.name}: nothing is brighter than the background.",
            remedy="Lower {background}.",
        )
    points, _ = point_image(beads)
    return engine.richardson_lucy(beads, points, iterations, progress=progress)
