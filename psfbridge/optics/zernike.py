"""Zernike polynomials for the phase and amplitude of the pupil."""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

__all__ = ["zernike"]

Floats = NDArray[np.float64]


def zernike(n: int, m: int, radius: Floats, angle: Floats) -> Floats:
    """Return a Zernike term of unit rms over the disc (Noll 1976).

    Parameters
    ----------
    n, m : int
        Radial order, and azimuthal frequency: cosine for m >= 0, sine below.
    radius, angle : array
        Where; the disc's radius is 1.

    Examples
    --------
    >>> import numpy as np
    >>> float(zernike(1, 1, np.array([0.5]), np.array([0.0]))[0])
    1.0
    """
    k = abs(m)
    radial = np.zeros_like(radius)
    for s in range((n - k) // 2 + 1):
        top = (-1) ** s * factorial(n - s)
        bottom = factorial(s) * factorial((n + k) // 2 - s) * factorial((n - k) // 2 - s)
        radial += top / bottom * radius ** (n - 2 * s)
    norm = np.sqrt(n + 1 if m == 0 else 2 * n + 2)
    around = np.cos(k * angle) if m >= 0 else np.sin(k * angle)
    return np.asarray(norm * radial * around)
