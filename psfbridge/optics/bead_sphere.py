"""The bead: the transfer function of a uniform sphere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from psfbridge.optics.settings import SPHERE

__all__ = ["sphere_transfer", "sphere_transform"]

Floats = NDArray[np.float64]


def sphere_transfer(shape: Sequence[int], voxel_um: Sequence[float], diameter_um: float) -> Floats:
    """Return by what factor a bead damps each spatial frequency of a volume.

    Exact on a voxel grid for every PSF that the grid can hold, because what the grid cannot hold
    of the sphere's edge the PSF does not pass. The voxel's own extent belongs to the PSF.

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
    return sphere_transform((z, y, fft.rfftfreq(shape[2], voxel_um[2])), diameter_um)


def sphere_transform(frequencies: Sequence[NDArray[Any]], diameter_um: float) -> NDArray[Any]:
    """Return the Fourier transform of a filled sphere of sum 1: ``3 (sin u - u cos u) / u³``.

    Parameters
    ----------
    frequencies : sequence of array
        Frequencies along z, y and x in cycles per µm; the result is on their outer product, in
        their precision.
    diameter_um : float
        Diameter in µm; ``u = pi * diameter * frequency``.

    Examples
    --------
    >>> import numpy as np
    >>> float(sphere_transform([np.zeros(1)] * 3, 0.1)[0, 0, 0])
    1.0
    """
    fz, fy, fx = np.meshgrid(*frequencies, indexing="ij", sparse=True)
    u = np.pi * diameter_um * np.sqrt(fz**2 + fy**2 + fx**2)
    safe = np.maximum(u, SPHERE.series_below)
    exact = 3 * (np.sin(safe) - safe * np.cos(safe)) / safe**3
    return np.asarray(np.where(u < SPHERE.series_below, 1 - u**2 / 10 + u**4 / 280, exact))
