"""Combination of several images of the same field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.errors import ImageError
from psfbridge.imaging.image import Image

__all__ = ["combined"]


def combined(images: Sequence[Image], way: str) -> Image:
    """Return the mean, sum or median of several images, voxel by voxel.

    Parameters
    ----------
    images : sequence of Image
        Of one shape and voxel size.
    way : {'mean', 'sum', 'median'}
        What is made of them; the result is float32.

    Returns
    -------
    Image
        Named after the first; it has data where all have.

    Raises
    ------
    ImageError
        If their shapes differ.

    Examples
    --------
    >>> first, second = (Image(np.full((1, 2, 2), n), (0.2, 0.1, 0.1)) for n in (1, 3))
    >>> float(combined([first, second], "mean").data[0, 0, 0])
    2.0
    """
    first = images[0]
    if len(images) == 1:
        return first
    for image in images[1:]:
        if image.data.shape != first.data.shape:
            raise ImageError(
                f"{image.name} has {_size(image)} voxels, {first.name} has {_size(first)}; "
                "repeats of one field must have the same size.",
                option="repeats",
                remedy="Omit {repeats} to distil them as separate images.",
            )
    masks = [image.valid for image in images if image.valid is not None]
    note = f"The {way} of {len(images)} repeats of one field, {first.name} and others, was used."
    return replace(
        first,
        data=_COMBINED[way](images),
        valid=np.logical_and.reduce(masks) if masks else None,
        notes=(*first.notes, note),
    )


def _size(image: Image) -> str:
    return " x ".join(map(str, image.data.shape))


def _sum(images: Sequence[Image]) -> NDArray[Any]:
    """Add image by image: no more than two are in memory."""
    total = np.zeros(images[0].data.shape, np.float64)
    for image in images:
        total += image.data
    return total.astype(np.float32)


def _mean(images: Sequence[Image]) -> NDArray[Any]:
    return np.asarray(_sum(images) / np.float32(len(images)), np.float32)


def _median(images: Sequence[Image]) -> NDArray[Any]:
    """Take the median plane by plane."""
    planes = zip(*(image.data for image in images), strict=True)
    return np.stack([np.median(np.stack(same), axis=0).astype(np.float32) for same in planes])


_COMBINED: dict[str, Callable[[Sequence[Image]], NDArray[Any]]] = {
    "mean": _mean,
    "sum": _sum,
    "median": _median,
}
