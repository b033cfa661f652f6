"""The vectorial pupil field of a freely rotating emitter.

Its intensity is that of three dipoles, along x, y and z (Hanser et al. 2004; Aguet et al. 2009,
after Richards and Wolf 1959).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Transmission", "dipole_fields", "laser_fields"]

Floats = NDArray[np.float64]

#: How often the intensity of each of `dipole_fields` counts, for a mean of 1 over the emitter.
WEIGHTS = np.array([0.5, 1.0, 0.5, 0.5, 0.5])


class Transmission(NamedTuple):
    """The transmission of an emitter's light into the pupil, for each sample.

    Parameters
    ----------
    across : array
        The field of light whose field lies in the interface (s-polarised).
    flat, axial : array
        For light in the plane of incidence (p-polarised): the parts that an emitter across, and
        along the optical axis, gives.
    """

    across: NDArray[np.number]
    flat: NDArray[np.number]
    axial: NDArray[np.number]


def dipole_fields(light: Transmission, angle: Floats) -> tuple[NDArray[np.number], Floats]:
    """Return the fields of the emitter's dipoles, and how often the intensity of each counts.

    Parameters
    ----------
    light : Transmission
        At each sample of the pupil.
    angle : array
        The azimuth of each sample.

    Returns
    -------
    fields : array
        Ex of dipoles along x; Ey of x, which is Ex of y; Ey of y; Ex and Ey of z.
    weights : array
        How often the intensity of each counts.
    """
    across, flat, axial = light
    c, s = np.cos(angle), np.sin(angle)
    fields = [
        flat * c**2 + across * s**2,
        (flat - across) * s * c,
        flat * s**2 + across * c**2,
        -axial * c,
        -axial * s,
    ]
    return np.array(fields), WEIGHTS


def laser_fields(
    light: Transmission, angle: Floats, along: float
) -> tuple[NDArray[np.number], Floats]:
    """Return the three components of a linearly polarised laser's field, each counting once.

    By reciprocity these are the fields that dipoles send out (Richards and Wolf 1959): the focus of
    a laser is longer along its polarisation than across.

    Parameters
    ----------
    light : Transmission
        At each sample of the pupil.
    angle : array
        The azimuth of each sample.
    along : float
        Direction of the polarisation, from x towards y, in radians.
    """
    xx, yx, yy, zx, zy = dipole_fields(light, angle)[0]
    c, s = np.cos(along), np.sin(along)
    return np.array([c * xx + s * yx, c * yx + s * yy, c * zx + s * zy]), np.ones(3)
