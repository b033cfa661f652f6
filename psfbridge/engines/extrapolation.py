"""Acceleration of Richardson-Lucy by extrapolating its steps (Biggs and Andrews 1997)."""

from __future__ import annotations

import numpy as np

from psfbridge.engines.blur import over_slabs
from psfbridge.image import Volume

__all__ = ["Extrapolation"]

#: An extrapolated voxel keeps this part of its value: one at 0 could never rise again.
LEAST_KEPT = np.float32(0.01)


class Extrapolation:
    """Where the next step starts from: further along the way of the last two.

    With estimates ``x``, starts ``y`` and steps ``g = x - y``, it is
    ``y[k] = x[k] + a[k] (x[k] - x[k-1])``, ``a[k] = <g[k-1], g[k-2]> / <g[k-2], g[k-2]>``, within
    0 and 1: Biggs and Andrews 1997, Appl. Opt. 36, 1766, equations 7, 8 and 10. It costs two more
    volumes and no transform.
    """

    def __init__(self) -> None:
        self.factor = 0.0
        self._before: Volume | None = None
        self._step: Volume | None = None

    def start(self, estimate: Volume) -> Volume:
        """Return where the next step starts from."""
        if self._before is None:
            return estimate.copy()
        start, factor = self._before, np.float32(self.factor)

        def further(start: Volume, estimate: Volume) -> None:
            np.subtract(estimate, start, out=start)
            start *= factor
            start += estimate
            np.maximum(start, LEAST_KEPT * estimate, out=start)

        over_slabs(further, start, estimate)
        return start

    def learn(self, before: Volume, start: Volume, estimate: Volume) -> None:
        """Take note of a step from `start` to `estimate`; `start` is used up.

        Parameters
        ----------
        before, start, estimate : array
            The estimate before the step, where the step started, and the new estimate.
        """
        over_slabs(lambda start, new: np.subtract(new, start, out=start), start, estimate)
        if self._step is not None:
            products = over_slabs(_products, start, self._step)
            across, squared = (float(sum(column)) for column in zip(*products, strict=True))
            self.factor = min(max(across / squared, 0.0), 1.0) if squared > 0 else 0.0
        self._before, self._step = before, start


def _products(step: Volume, last: Volume) -> tuple[float, float]:
    return float(np.vdot(last, step)), float(np.vdot(last, last))
