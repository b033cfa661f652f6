"""Total-variation regularisation of Richardson-Lucy (Dey et al. 2006).

The discretisation is that of CLIJ2-fft's kernel, voxel for voxel, so that one strength means the
same in Fiji and here: one-sided differences with the minmod limiter, a step of 3 in z against 1 in
y and x whatever the voxel size, edges repeated, and two of its cross differences taken at a
neighbouring place (marked below). With a right choice there the results would differ by less than
the choice of strength does, but they would not agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from psfbridge._util.threads import cores, shared_pool
from psfbridge.engines.settings import BLOCKS, VARIATION
from psfbridge.imaging.image import Volume

__all__ = ["divide_by_variation", "variation_bytes"]


_IN = slice(1, -1)


def divide_by_variation(update: Volume, estimate: Volume, strength: float) -> None:
    """Divide `update` by ``1 - strength * div(grad / |grad|)`` of `estimate`.

    Equation 7 of Dey et al. 2006, Microsc. Res. Tech. 69, 260.

    Parameters
    ----------
    update, estimate : array
        The arrays have axes (z, y, x).
    strength : float
        Of the regularisation.
    """

    def divide(part: tuple[slice, slice]) -> None:
        bend = _bend(_with_margin(estimate, part))
        bend *= np.float32(-strength)
        bend += 1
        update[part] /= bend

    list(shared_pool().map(divide, _parts(estimate.shape)))


def variation_bytes(shape: Sequence[int]) -> int:
    """Estimate the additional memory of `divide_by_variation`, on all cores."""
    planes, rows, columns = shape
    block = (
        (min(planes, BLOCKS.variation_planes) + 2)
        * (min(rows, BLOCKS.variation_rows) + 2)
        * (columns + 2)
    )
    return 4 * BLOCKS.variation_helpers * cores() * block


def _parts(shape: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    for z in range(0, shape[0], BLOCKS.variation_planes):
        for y in range(0, shape[1], BLOCKS.variation_rows):
            yield (
                slice(z, min(z + BLOCKS.variation_planes, shape[0])),
                slice(y, min(y + BLOCKS.variation_rows, shape[1])),
            )


def _with_margin(estimate: Volume, part: tuple[slice, slice]) -> Volume:
    """Return a part with the voxels around it; the volume's edges are repeated."""
    slices, margins = [], []
    for one, length in zip(part, estimate.shape[:2], strict=True):
        low, high = max(one.start - 1, 0), min(one.stop + 1, length)
        slices.append(slice(low, high))
        margins.append((low - one.start + 1, one.stop + 1 - high))
    return np.pad(estimate[tuple(slices)], (*margins, (1, 1)), "edge")


def _bend(block: Volume) -> Volume:
    """Return the divergence of the gradient's direction, inside the block's margin."""
    dz, dy, dx = (np.diff(block, axis=axis) for axis in range(3))
    slope_z = _limited(dz[1:], dz[:-1]) / VARIATION.z_step
    slope_y = _limited(dy[:, 1:], dy[:, :-1])
    slope_x = _limited(dx[:, :, 1:], dx[:, :, :-1])
    here_z, here_y, here_x = slope_z[:, _IN, _IN], slope_y[_IN, :, _IN], slope_x[_IN, _IN]
    along_x = _share(dx[_IN, _IN, 1:], here_y, here_z)
    bend = along_x.copy()
    # On the repeated edge the step, and with it the share, is 0.
    bend[:, :, 1:] -= along_x[:, :, :-1]
    bend += _share(dy[_IN, 1:, _IN], here_x, here_z)
    # The first difference belongs to y - 1; the kernel takes it at x - 1.
    crossed = _limited(dz[1:, _IN, :-2], dz[:-1, :-2, _IN]) / VARIATION.z_step
    bend -= _share(dy[_IN, :-1, _IN], slope_x[_IN, :-2], crossed)
    along_z = _share(dz[1:, _IN, _IN] / VARIATION.z_step, here_y, here_x)
    # The second difference starts from z - 1; the kernel starts it from y - 1.
    crossed = _limited(dx[:-2, _IN, 1:], block[_IN, :-2, _IN] - block[:-2, _IN, :-2])
    along_z -= _share(dz[:-1, _IN, _IN] / VARIATION.z_step, slope_y[:-2, :, _IN], crossed)
    along_z /= VARIATION.z_step
    bend += along_z
    return bend


def _limited(first: Volume, second: Volume) -> Volume:
    """Return the smaller of two slopes of equal sign, otherwise 0 (minmod)."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    np.maximum(low, 0, out=low)
    np.minimum(high, 0, out=high)
    low += high
    return low


def _share(step: Volume, second: Volume, third: Volume) -> Volume:
    """Return a step divided by the length of the gradient; 0 where that is 0."""
    length: Volume = step * step
    length += second * second
    length += third * third
    np.sqrt(length, out=length)
    # Where the length is 0 the step is 0.
    length += length == 0
    np.divide(step, length, out=length)
    return length
