"""Normal equations whose unknowns have unlike units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["solve_damped", "solve_normal_equations"]

Floats = NDArray[np.float64]


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


def solve_damped(normal: Floats, values: Floats, damping: float) -> Floats:
    """Solve with the diagonal raised by a share `damping`, as Marquardt (1963) does.

    `values` may have several columns.
    """
    unit = _units(normal)
    scaled = normal * np.outer(unit, unit) + damping * np.eye(len(unit))
    # An unknown without effect would leave the matrix singular.
    scaled[np.diag_indices(len(unit))] += unit == 0
    columns = unit.reshape(-1, *([1] * (values.ndim - 1)))
    return np.asarray(columns * np.linalg.solve(scaled, columns * values))


def _units(normal: Floats) -> Floats:
    diagonal = np.diag(normal)
    return np.where(diagonal > 0, 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1)), 0)
