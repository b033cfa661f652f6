"""A user-defined background."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.distillation.settings import ORIGINAL
from psfbridge.imaging.counts import UNSCALED, Scale

__all__ = ["given_background"]


def given_background(
    data: NDArray[Any], background: str | float, values: Scale = UNSCALED
) -> float | None:
    """Return the background in counts that an option names, or None for ``auto``.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x). The units are counts.
    background : 'auto', 'mean' or float
        ``mean`` is 1.25 times the mean of the image.
    values : Scale
        How the values that the user knows became `data`.

    Examples
    --------
    >>> import numpy as np
    >>> given_background(np.full((1, 2, 2), 8.0), "mean")
    10.0
    """
    if background == "auto":
        return None
    if background == "mean":
        mean = float(np.mean(data, dtype=float)) / values.factor + values.offset
        return values.factor * (ORIGINAL.mean_factor * mean - values.offset)
    return values.factor * (float(background) - values.offset)
