"""The bead's own size: the transfer function of a uniform sphere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import fft, special

__all__ = ["sphere_transfer"]

Floats = NDArray[np.float64]


def sphere_transfer(shape: Sequence[int], voxel_um: Sequence[float], diameter_um: float) -> Floats:
    """Return by what factor a bead damps each spatial frequency.

    The Fourier transform of a uniform sphere, ``3 j1(x) / x`` with ``x = pi k d``: exact on a
    voxel grid for every PSF that the grid can hold, because what the grid cannot hold of the
    sphere's edge the PSF does not pass. The voxel's own extent belongs to the PSF.

    Parameters
    ----------
    shape : sequence of int
        The volume's shape (z, y, x).
    voxel_um : sequence of float
        Voxel size in z, y and x, in µm.
    diameter_um : float
        The sphere's diameter in µm; 0 is a point.

    Returns
    -------
    array
        The array has the axes and the order of `scipy.fft.rfftn`; 1 at frequency 0.

    Examples
    --------
    >>> float(sphere_transfer((1, 4, 4), (0.2, 0.1, 0.1), 0.0).min())
    1.0
    """
    z, y = (fft.fftfreq(n, size) for n, size in zip(shape[:2], voxel_um[:2], strict=True))
    x = fft.rfftfreq(shape[2], voxel_um[2])
    radius = np.sqrt(z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2)
    phase = np.maximum(np.pi * radius * diameter_um, 1e-3)
    transfer: Floats = 3 * special.spherical_jn(1, phase) / phase
    return np.where(phase <= 1e-3, 1.0, transfer)
