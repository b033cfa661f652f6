"""The confocal pinhole: its lateral transfer function."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["airy_um", "pinhole_transfer"]

Floats = NDArray[np.float64]


def airy_um(na_per_um: float) -> float:
    """Return the diameter of the Airy disc in the sample, in µm: an Airy unit.

    Parameters
    ----------
    na_per_um : float
        NA over the wavelength of the emission in µm.

    Examples
    --------
    >>> round(airy_um(1.4 / 0.52), 3)
    0.453
    """
    return 1.22 / na_per_um


def pinhole_transfer(y: Floats, x: Floats, diameter_um: float) -> Floats:
    """Return by what factor the average over a disc damps spatial frequencies: ``2 J1(v) / v``.

    Parameters
    ----------
    y, x : array
        Frequencies along y and x in cycles per µm; the result has axes (y, x).
    diameter_um : float
        Diameter of the pinhole, in the sample; ``v = pi * diameter * frequency``.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(pinhole_transfer(np.zeros(1), np.zeros(1), 0.4)[0, 0]), 6)
    1.0
    """
    argument = np.maximum(np.pi * diameter_um * np.hypot(y[:, np.newaxis], x), 1e-6)
    return np.asarray(2 * special.j1(argument) / argument)
