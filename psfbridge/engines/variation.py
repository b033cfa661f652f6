"""Total variation of an estimate, as Dey et al. 2006 put it into Richardson-Lucy.

The discretisation is that of CLIJ2-fft's kernel, voxel for voxel, so that one strength means the
same in Fiji and here: one-sided differences with the minmod limiter, a step of 3 in z against 1 in
y and x whatever the voxel size, edges repeated, and two of its cross differences taken at a
neighbouring place (marked below). With a right choice there the results would differ by less than
the choice of strength does, but they would not agree.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from psfbridge.image import Volume

__all__ = ["divide_by_variation"]

Z_STEP = np.float32(3)

View = Callable[[int, int, int], Volume]


def divide_by_variation(update: Volume, estimate: Volume, part: slice, strength: float) -> None:
    """Divide planes `part` of `update` by ``1 - strength * div(grad / |grad|)`` of `estimate`.

    Equation 7 of Dey et al. 2006, Microsc. Res. Tech. 69, 260.

    Parameters
    ----------
    update, estimate : array
        The arrays have axes (z, y, x).
    part : slice
        The planes to work on; their neighbours are read, not written.
    strength : float
        Of the regularisation.
    """
    view = _neighbours(estimate, part)
    bend = _x_bend(view)
    bend += _y_bend(view)
    bend += _z_bend(view)
    bend *= np.float32(-strength)
    bend += 1
    update[part] /= bend


def _neighbours(estimate: Volume, part: slice) -> View:
    """Return a function that gives the planes `part`, shifted by a voxel; edges are repeated."""
    low, high = max(part.start - 1, 0), min(part.stop + 1, len(estimate))
    margin = (low - part.start + 1, part.stop + 1 - high)
    block = np.pad(estimate[low:high], (margin, (1, 1), (1, 1)), "edge")
    nz, ny, nx = (length - 2 for length in block.shape)

    def view(z: int = 0, y: int = 0, x: int = 0) -> Volume:
        return block[1 + z : 1 + z + nz, 1 + y : 1 + y + ny, 1 + x : 1 + x + nx]

    return view


def _x_bend(at: View) -> Volume:
    here = _share(
        at(0, 0, 1) - at(0, 0, 0),
        _limited(at(0, 1, 0) - at(0, 0, 0), at(0, 0, 0) - at(0, -1, 0)),
        _limited(at(1, 0, 0) - at(0, 0, 0), at(0, 0, 0) - at(-1, 0, 0)) / Z_STEP,
    )
    here -= _share(
        at(0, 0, 0) - at(0, 0, -1),
        _limited(at(0, 1, -1) - at(0, 0, -1), at(0, 0, -1) - at(0, -1, -1)),
        _limited(at(1, 0, -1) - at(0, 0, -1), at(0, 0, -1) - at(-1, 0, -1)) / Z_STEP,
    )
    return here


def _y_bend(at: View) -> Volume:
    here = _share(
        at(0, 1, 0) - at(0, 0, 0),
        _limited(at(0, 0, 1) - at(0, 0, 0), at(0, 0, 0) - at(0, 0, -1)),
        _limited(at(1, 0, 0) - at(0, 0, 0), at(0, 0, 0) - at(-1, 0, 0)) / Z_STEP,
    )
    here -= _share(
        at(0, 0, 0) - at(0, -1, 0),
        _limited(at(0, -1, 1) - at(0, -1, 0), at(0, -1, 0) - at(0, -1, -1)),
        # The first difference belongs to y - 1; the kernel takes it at x - 1.
        _limited(at(1, 0, -1) - at(0, 0, -1), at(0, -1, 0) - at(-1, -1, 0)) / Z_STEP,
    )
    return here


def _z_bend(at: View) -> Volume:
    here = _share(
        (at(1, 0, 0) - at(0, 0, 0)) / Z_STEP,
        _limited(at(0, 1, 0) - at(0, 0, 0), at(0, 0, 0) - at(0, -1, 0)),
        _limited(at(0, 0, 1) - at(0, 0, 0), at(0, 0, 0) - at(0, 0, -1)),
    )
    here -= _share(
        (at(0, 0, 0) - at(-1, 0, 0)) / Z_STEP,
        _limited(at(-1, 1, 0) - at(-1, 0, 0), at(-1, 0, 0) - at(-1, -1, 0)),
        # The second difference starts from z - 1; the kernel starts it from y - 1.
        _limited(at(-1, 0, 1) - at(-1, 0, 0), at(0, -1, 0) - at(-1, 0, -1)),
    )
    here /= Z_STEP
    return here


def _limited(first: Volume, second: Volume) -> Volume:
    """Return the smaller of two slopes of one sign, 0 where the signs differ (minmod)."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    return np.maximum(low, 0) + np.minimum(high, 0)


def _share(step: Volume, second: Volume, third: Volume) -> Volume:
    """Return a step over the length of the gradient; 0 where that is 0."""
    length = np.sqrt(step * step + second * second + third * third)
    # Where the length is 0 the step is 0.
    length += length == 0
    step /= length
    return step
