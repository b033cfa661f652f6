"""Repeats of one field: time points that are combined during reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.imaging.formats.stored_image import Index, Stored

__all__ = ["WAYS", "combine_times"]

#: Ways to make one image of all time points.
WAYS = ("mean", "sum", "median")


def combine_times(stored: Stored, axes: str, way: str) -> tuple[Stored, str]:
    """Return an image without time: the mean, sum or median of its time points.

    Parameters
    ----------
    stored : Stored
        The image.
    axes : str
        A letter for every axis.
    way : {'mean', 'sum', 'median'}
        What is made of the time points, voxel by voxel; the result is float32.

    Returns
    -------
    Stored
        The image; only the part that is asked for is read.
    str
        A letter for every axis that is left.
    """
    if "T" not in axes:
        return stored, axes
    at = axes.index("T")
    frames = stored.shape[at]

    def read(index: Index) -> NDArray[Any]:
        def frame(number: int) -> NDArray[Any]:
            return np.asarray(stored.read((*index[:at], number, *index[at:])))

        return _COMBINED[way](frame, frames)

    note = f"The {way} of the {frames} time points of {stored.name} was used."
    combined = replace(
        stored,
        shape=(*stored.shape[:at], *stored.shape[at + 1 :]),
        axes=stored.axes[:at] + stored.axes[at + 1 :],
        dtype=np.dtype(np.float32),
        read=read,
        fill=None,
        mapped=False,
        notes=(*stored.notes, note),
        chunks=stored.chunks and (*stored.chunks[:at], *stored.chunks[at + 1 :]),
    )
    return combined, axes[:at] + axes[at + 1 :]


Frames = Callable[[int], NDArray[Any]]


def _sum(frame: Frames, count: int) -> NDArray[Any]:
    """Add frame by frame: no more than two are in memory."""
    total = frame(0).astype(np.float64)
    for number in range(1, count):
        total += frame(number)
    return total.astype(np.float32)


def _mean(frame: Frames, count: int) -> NDArray[Any]:
    return np.asarray(_sum(frame, count) / np.float32(count), np.float32)


def _median(frame: Frames, count: int) -> NDArray[Any]:
    frames = np.stack([frame(number) for number in range(count)])
    return np.asarray(np.median(frames, axis=0), np.float32)


_COMBINED: dict[str, Callable[[Frames, int], NDArray[Any]]] = {
    "mean": _mean,
    "sum": _sum,
    "median": _median,
}
