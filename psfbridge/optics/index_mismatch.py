"""Refractive-index mismatch at the interface between sample and immersion medium."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from psfbridge.optics.polarisation import Transmission
from psfbridge.optics.settings import INTERFACE

__all__ = [
    "brightest_um",
    "fresnel",
    "interface_transmission",
    "phase_per_depth",
]

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]


def phase_per_depth(radius: Floats, na: float, index: float, sample: float) -> Complexes:
    """Return the way that light gains per depth in the sample, at radii of the pupil.

    What a shift of the focus would do is left out, in the mean over the pupil (Gibson and Lanni
    1991). The imaginary part is the loss of light beyond total reflection.

    Parameters
    ----------
    radius : array
        From 0 to 1 at the pupil's edge.
    na, index, sample : float
        NA, and the index of the immersion medium and of the sample, over the wavelength.
    """
    leaving, entering = _along(radius, na, index), _along(radius, na, sample)
    way = entering - leaving
    # Close to total reflection the way bends so much that no focus could follow.
    weight = radius * (na * radius < INTERFACE.focusable * sample)
    weight /= weight.sum()
    level, focus = weight @ way.real, leaving.real - weight @ leaving.real
    share = (weight @ (focus * way.real)) / (weight @ focus**2)
    return np.asarray(way - level - share * focus)


def brightest_um(na: float, index: float, sample: float, depth_um: float) -> float:
    """Return how far from the mean focus of all light it is brightest on the axis, in µm.

    Where the aberration is large, most light meets nearer to the focus of the light that is less
    steep.

    Parameters
    ----------
    na, index, sample, depth_um : float
        As for `interface_transmission`.
    """
    radii = (np.arange(INTERFACE.axis_radii) + 0.5) / INTERFACE.axis_radii
    leaving = _along(radii, na, index)
    across, flat = _waves(radii, na, index, sample, depth_um)
    field = (across + flat) * radii / np.sqrt(leaving / index)
    reach = INTERFACE.focus_per_depth * abs(depth_um) + INTERFACE.axis_um
    z_um = np.arange(-reach, reach, INTERFACE.axis_step_um)
    light = np.abs(field @ np.exp(2j * np.pi * np.multiply.outer(leaving.real, z_um)))
    return float(z_um[light.argmax()])


def interface_transmission(
    radius: Floats, samples: int, na: float, index: float, sample: float, depth_um: float
) -> Transmission:
    """Return what becomes of the light of an emitter in a medium of another index.

    Parameters
    ----------
    radius : array
        Of the pupil's samples, 1 at its edge.
    samples : int
        How many samples there are across the pupil: each stands for the mean over its width.
    na, index, sample : float
        NA, and the index of the immersion medium and of the sample, over the wavelength.
    depth_um : float
        How deep in the sample the emitter is, in µm; negative where z counts the other way.
    """
    radii = (np.arange(INTERFACE.radii) + 0.5) / INTERFACE.radii
    across, flat = _waves(radii, na, index, sample, depth_um)
    entering = _along(radii, na, sample)
    fields = (across, flat, flat * na * radii / entering)
    return Transmission(*(_averaged(field, radii, radius, 1 / samples) for field in fields))


def _waves(
    radii: Floats, na: float, index: float, sample: float, depth_um: float
) -> tuple[Complexes, Complexes]:
    """The light of an emitter that lies in the interface, by whether its field does."""
    leaving, entering = _along(radii, na, index), _along(radii, na, sample)
    way = 2 * np.pi * phase_per_depth(radii, na, index, sample)
    wave = np.exp(1j * depth_um * way.real - abs(depth_um) * way.imag)
    s_wave, p_wave = fresnel(leaving, entering, index, sample)
    return s_wave * wave, p_wave * wave * entering / sample


def fresnel(
    leaving: Complexes, entering: Complexes, index: float, sample: float
) -> tuple[Complexes, Complexes]:
    """Return Fresnel's coefficients for an emitter's light from the sample into the immersion.

    An emitter sends out what light from the other side would bring to its place.

    Parameters
    ----------
    leaving, entering : array
        Waves along the axis in the immersion medium and in the sample, in any one unit.
    index, sample : float
        The indices of the two, in the same unit.

    Returns
    -------
    s_wave : array
        For fields in the interface.
    p_wave : array
        For fields in the plane of incidence.
    """
    s_wave = 2 * leaving / (entering + leaving)
    p_wave = 2 * leaving / (index / sample * entering + sample / index * leaving)
    return s_wave, p_wave


def _along(radius: Floats, na: float, index: float) -> Complexes:
    """Waves along the axis, imaginary beyond total reflection."""
    square = np.asarray(index**2 - (na * radius) ** 2, complex)
    least = (INTERFACE.least_cosine * index) ** 2
    return np.asarray(np.sqrt(np.where(np.abs(square) < least, least, square)))


def _averaged(field: Complexes, radii: Floats, at: Floats, reach: float) -> Complexes:
    """The mean of a field within `reach` of radii, by area."""
    edges = np.arange(len(radii) + 1) / len(radii)
    sums = np.append(0, np.cumsum(field * radii)), np.append(0, np.cumsum(radii))
    low, high = np.clip(at - reach, 0, 1 - reach), np.clip(at + reach, reach, 1)
    over, area = (np.interp(high, edges, s) - np.interp(low, edges, s) for s in sums)
    return np.asarray(over / area)
