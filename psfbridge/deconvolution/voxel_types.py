"""Conversion of results to the requested voxel type."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.options import DeconvolveOptions

__all__ = ["converted", "scale_and_note"]


def scale_and_note(
    volume: NDArray[np.float32], options: DeconvolveOptions, name: str
) -> tuple[float, tuple[str, ...]]:
    """Return by what a result is multiplied to fit its type, and what a user should know of it.

    Parameters
    ----------
    volume : array
        The result, of all channels and time points: one factor keeps them comparable.
    options : DeconvolveOptions
        Its `dtype`, and its `overflow`: values beyond the type's range are clipped, or all are
        scaled so that the largest fits.
    name : str
        What messages call it.
    """
    if options.dtype == "float32":
        return 1.0, ()
    most = int(np.iinfo(options.dtype).max)
    largest = float(volume.max())
    if options.overflow == "scale" and largest > 0:
        factor = most / largest
        return factor, (f"{name} was multiplied by {factor:.6g}: its maximum is now {most}.",)
    over = sum(int(np.count_nonzero(plane > most)) for plane in volume)
    if not over:
        return 1.0, ()
    return 1.0, (
        f"{over} voxels of {name} were above {most}, the maximum of {options.dtype} (the largest "
        f"was {largest:.4g}), and were clipped. Use overflow=scale to avoid this.",
    )


def converted(volume: NDArray[np.float32], dtype: str, factor: float) -> NDArray[Any]:
    """Return a volume as another type, rounded and clipped to its range.

    Examples
    --------
    >>> converted(np.array([0.4, 99.6, 300], np.float32), "uint8", 1.0).tolist()
    [0, 100, 255]
    """
    if dtype == "float32":
        return volume
    scaled = np.rint(np.asarray(volume, float) * factor)
    return np.clip(scaled, 0, np.iinfo(dtype).max).astype(dtype)
