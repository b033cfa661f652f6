"""Cut-outs of equal size around beads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cutouts", "central", "cut_out"]


@dataclass(frozen=True, eq=False)
class Cutouts:
    """Boxes around beads.

    Parameters
    ----------
    counts : array of float32
        The array has axes (bead, z, y, x). The units are counts; 0 outside the image.
    inside : array of bool
        Which voxels lie in the image and hold data; the same axes.
    corner : array of int
        The image's voxel at the first voxel of each box; the array has shape (beads, 3).
    """

    counts: NDArray[np.float32]
    inside: NDArray[np.bool_]
    corner: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, chosen: slice) -> Cutouts:
        return Cutouts(self.counts[chosen], self.inside[chosen], self.corner[chosen])

    @property
    def half(self) -> NDArray[np.int64]:
        """The index of a box's central voxel."""
        return np.array(self.counts.shape[1:]) // 2


def cut_out(
    data: NDArray[Any],
    voxel: NDArray[np.int64],
    half: tuple[int, int, int],
    valid: NDArray[np.bool_] | None = None,
) -> Cutouts:
    """Cut a box of ``2 * half + 1`` voxels around each of `voxel`.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x). The units are counts.
    voxel : array of int
        Central voxels; the array has shape (beads, 3).
    half : tuple of int
        Half the size of a box, less the central voxel, in z, y and x.
    valid : array of bool, optional
        Which voxels hold data; the same axes as `data`.

    Examples
    --------
    >>> import numpy as np
    >>> boxes = cut_out(np.ones((4, 4, 4)), np.array([[0, 0, 0]]), (1, 1, 1))
    >>> boxes.counts.shape, int(boxes.inside.sum())
    ((1, 3, 3, 3), 8)
    """
    corner = np.asarray(voxel, np.int64).reshape(-1, 3) - np.array(half)
    size = 2 * np.array(half) + 1
    counts = np.zeros((len(corner), *size), np.float32)
    inside = np.zeros(counts.shape, bool)
    for box, mask, first in zip(counts, inside, corner, strict=True):
        low = np.clip(first, 0, data.shape)
        high = np.clip(first + size, low, data.shape)
        source = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        target = tuple(slice(a, b) for a, b in zip(low - first, high - first, strict=True))
        box[target] = data[source]
        mask[target] = True if valid is None else valid[source]
    return Cutouts(counts, inside, corner)


def central(shape: Sequence[int], size: Sequence[int]) -> tuple[slice, ...]:
    """Return where the central part of a volume lies, of odd `size`.

    Examples
    --------
    >>> central((9, 7), (3, 5))
    (slice(3, 6, None), slice(1, 6, None))
    """
    pairs = zip(shape, size, strict=True)
    return tuple(slice(n // 2 - m // 2, n // 2 + m // 2 + 1) for n, m in pairs)
