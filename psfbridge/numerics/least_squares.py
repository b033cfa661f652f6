"""Solution of normal equations with unknowns of different units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["log_determinant", "solve_damped", "solve_normal_equations"]

Floats = NDArray[np.float64]

# Directions of normal equations, in units of their own size, that are less sure are not known: they
# come of single precision.
_LEAST_SHARE = 1e-9


def solve_normal_equations(normal: Floats, values: Floats) -> Floats:
    """Solve normal equations; unknowns that nothing depends on become 0.

    Parameters
    ----------
    normal : array
        The symmetric matrix.
    values : array
        The right side.

    Examples
    --------
    >>> import numpy as np
    >>> normal, values = np.diag([1e-20, 1e20, 0.0]), np.array([1e-20, 2e20, 0.0])
    >>> solve_normal_equations(normal, values).round(6).tolist()
    [1.0, 2.0, 0.0]
    """
    unit = _units(normal)
    inverse = np.linalg.pinv(normal * np.outer(unit, unit), hermitian=True)
    return np.asarray(unit * (inverse @ (unit * values)))


def solve_damped(normal: Floats, values: Floats, damping: float | Floats) -> Floats:
    """Solve with the diagonal raised by a share `damping`, as Marquardt (1963) does.

    Parameters
    ----------
    normal : array
        The symmetric matrix, or several: axes (..., unknown, unknown).
    values : array
        The right side with axes (..., unknown), or several columns with axes (unknown, column).
    damping : float or array
        One for each matrix.
    """
    unit = _units(normal)
    count = unit.shape[-1]
    scaled = normal * (unit[..., :, np.newaxis] * unit[..., np.newaxis, :])
    raised = np.asarray(damping, float)[..., np.newaxis]
    # An unknown without effect would leave the matrix singular.
    scaled[..., range(count), range(count)] += raised + (unit == 0)
    several = values.ndim == normal.ndim
    columns = values if several else values[..., np.newaxis]
    solution = unit[..., np.newaxis] * np.linalg.solve(scaled, unit[..., np.newaxis] * columns)
    return np.asarray(solution if several else solution[..., 0])


def log_determinant(normal: Floats) -> float:
    """Return the logarithm of the determinant of normal equations, without what has no effect.

    Parameters
    ----------
    normal : array
        The symmetric matrix, not negative along any direction.

    Examples
    --------
    >>> import numpy as np
    >>> round(log_determinant(np.diag([1e-20, 1e20, 0.0, np.e])), 6)
    1.0
    """
    unit = _units(normal)
    known = unit > 0
    scaled = (normal * np.outer(unit, unit))[np.ix_(known, known)]
    sizes = np.maximum(np.linalg.eigvalsh(scaled), _LEAST_SHARE)
    return float(np.log(sizes).sum() - 2 * np.log(unit[known]).sum())


def _units(normal: Floats) -> Floats:
    diagonal = np.diagonal(normal, axis1=-2, axis2=-1)
    return np.where(diagonal > 0, 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1)), 0)
