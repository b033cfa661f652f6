"""Greyscale values of RGB images with a single colour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.imaging.formats.stored_image import Index, Stored
from psfbridge.imaging.settings import FILES

__all__ = ["grey_of_one_colour"]


def grey_of_one_colour(stored: Stored) -> Stored:
    """Return the grey values of an RGB image in which one colour has them all, or each the same.

    Programs export grey planes that way when a look-up table is shown. Any other colour image is
    returned as it is.
    """
    if stored.axes[-1:] != "S" or stored.shape[-1] not in (3, 4):
        return stored
    if np.prod(stored.shape, dtype=float) > FILES.most_colour_voxels:
        return stored
    sample = _sample_with_all(stored.read((slice(None),) * len(stored.shape)))
    if sample is None:
        return stored

    def read(index: Index) -> NDArray[Any]:
        return stored.read((*index, sample))

    note = f"{stored.name} is RGB but contains only grey: its grey values were used."
    return replace(
        stored,
        shape=stored.shape[:-1],
        axes=stored.axes[:-1],
        read=read,
        notes=(*stored.notes, note),
    )


def _sample_with_all(colours: NDArray[Any]) -> int | None:
    """Return which colour holds the grey values; None where there are several unlike ones."""
    lit = [number for number in range(3) if colours[..., number].any()]
    if len(lit) <= 1:
        return lit[0] if lit else 0
    same = all(np.array_equal(colours[..., lit[0]], colours[..., other]) for other in lit[1:])
    return lit[0] if same else None
