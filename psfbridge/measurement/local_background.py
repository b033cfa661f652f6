"""Local background and noise around a spot, from the borders of its cut-out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.measurement.settings import SPOTS
from psfbridge.numerics.robust import trimmed_sd

__all__ = ["Surroundings", "look_around"]

_ROUNDING = float(np.sqrt(1 / 12))


@dataclass(frozen=True)
class Surroundings:
    """The level around a spot and the standard deviation of its noise, in counts."""

    background: float
    noise: float


def look_around(volume: NDArray[Any]) -> Surroundings:
    """Estimate background and noise from the tenth of a volume that is next to its y and x borders.

    The noise comes from second differences along the border, which do not see what is smooth; the
    background from the darker half of the counts there, made up for the noise.

    Parameters
    ----------
    volume : array
        The array has axes (z, y, x). The units are counts.

    Returns
    -------
    Surroundings
        The noise of an integer type is at least its rounding; 0 where it cannot be told.

    Examples
    --------
    >>> import numpy as np
    >>> look_around(np.full((3, 9, 9), 7.0))
    Surroundings(background=7.0, noise=0.0)
    """
    bands = [np.asarray(band, float) for axis in (1, 2) for band in _bands(volume, axis)]
    rough = np.concatenate([np.diff(band, 2, axis=-1).ravel() for band in bands])
    # The squares of the weights 1 -2 1 sum to 6.
    noise = trimmed_sd(np.abs(rough)) / np.sqrt(6) if rough.size else 0.0
    background = _lower_half(np.concatenate([band.ravel() for band in bands]), noise)
    floor = _ROUNDING if volume.dtype.kind in "ui" else 0.0
    return Surroundings(background, float(max(noise, floor)))


def _lower_half(counts: NDArray[np.float64], noise: float) -> float:
    """Return the level from the darker half, where the light of wings and neighbours is least.

    The mean of the lower half of a normal variable lies sqrt(2 / pi) SD below its mean.
    """
    half = np.partition(counts, len(counts) // 2)[: len(counts) // 2 + 1]
    return float(half.mean() + np.sqrt(2 / np.pi) * noise)


def _bands(volume: NDArray[Any], axis: int) -> list[NDArray[Any]]:
    """Return the two borders across `axis`, with the direction along the border last."""
    along = np.moveaxis(volume, axis, 0)
    depth = max(round(SPOTS.band * len(along)), 1)
    return [along[:depth], along[-depth:]] if len(along) > 1 else [along]
