"""The background that a user names, instead of the one a method finds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.distillation.settings import ORIGINAL

__all__ = ["given_background"]


def given_background(
    data: NDArray[Any], background: str | float, factor: float = 1.0
) -> float | None:
    """Return the background in counts that an option names, or None for ``auto``.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x). The units are counts.
    background : 'auto', 'mean' or float
        ``mean`` is 1.25 times the mean of the image.
    factor : float
        What the voxels that the user knows were multiplied by to give `data`.

    Examples
    --------
    >>> import numpy as np
    >>> given_background(np.full((1, 2, 2), 8.0), "mean")
    10.0
    """
    if background == "auto":
        return None
    if background == "mean":
        return ORIGINAL.mean_factor * float(np.mean(data, dtype=float))
    return float(background) * factor
