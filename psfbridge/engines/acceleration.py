"""Acceleration of Richardson-Lucy by extrapolation (Biggs and Andrews 1997)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from psfbridge.engines.settings import ITERATION
from psfbridge.engines.slabs import on_slabs
from psfbridge.imaging.image import Volume

__all__ = ["Extrapolation", "Products", "note_step"]


#: ``<g[k-1], g[k-2]>`` and ``<g[k-2], g[k-2]>`` of a part.
Products = tuple[float, float]


class Extrapolation:
    """Extrapolation of the last two estimates.

    With estimates ``x``, starts ``y`` and steps ``g = x - y``, it is
    ``y[k] = x[k] + a[k] (x[k] - x[k-1])``, ``a[k] = <g[k-1], g[k-2]> / <g[k-2], g[k-2]>``, within
    0 and 1: Biggs and Andrews 1997, Appl. Opt. 36, 1766, equations 7, 8 and 10. It costs two more
    volumes and no transform.

    Parameters
    ----------
    estimate : array
        The first estimate, ``x[0]``; the array has axes (z, y, x).

    Attributes
    ----------
    step : array
        The last step, which `note_step` replaces; the array has axes (z, y, x).
    """

    def __init__(self, estimate: Volume) -> None:
        self.factor = 0.0
        self.step = np.zeros_like(estimate)
        self._before = estimate.copy()

    def start(self, estimate: Volume) -> Volume:
        """Return the starting point of the next step, overwriting the previous estimate."""
        start, factor = self._before, np.float32(self.factor)

        def further(start: Volume, estimate: Volume) -> None:
            np.subtract(estimate, start, out=start)
            start *= factor
            start += estimate
            np.maximum(start, ITERATION.least_kept * estimate, out=start)

        on_slabs(further, start, estimate)
        return start

    def learn(self, before: Volume, products: Sequence[Products]) -> None:
        """Take note of the estimate before a step, and of what `note_step` gave for its parts."""
        across, squared = (sum(column) for column in zip(*products, strict=True))
        self.factor = min(max(across / squared, 0.0), 1.0) if squared > 0 else 0.0
        self._before = before


def note_step(start: Volume, new: Volume, step: Volume) -> Products:
    """Put the step from `start` to `new` in the place of the last one; compare the two."""
    squared = float(np.vdot(step, step))
    taken = new - start
    across = float(np.vdot(taken, step))
    step[...] = taken
    return across, squared
