"""Propagation of the pupil field through focus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.threads import workers
from psfbridge.optics.settings import PROPAGATION

__all__ = ["Complex", "on_planes", "samples_for", "waves"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex64]


def samples_for(
    shape: Sequence[int],
    voxel_um: Sequence[float],
    na_per_um: float,
    index_per_um: float,
    most: int | None = None,
) -> int:
    """Return how many samples across the pupil keep its replicas out of the box.

    The fields are periodic: with fewer samples the defocused light that leaves the box would come
    in again from the other side.

    Parameters
    ----------
    shape : sequence of int
        Of the box (z, y, x).
    voxel_um : sequence of float
        Voxel size in z, y and x, in µm.
    na_per_um, index_per_um : float
        NA and refractive index over the wavelength.
    most : int, optional
        More are not taken; by default as the settings say.
    """
    deep, high, wide = (n // 2 * size for n, size in zip(shape, voxel_um, strict=True))
    sine = min(na_per_um / index_per_um, PROPAGATION.steepest)
    cone = deep * sine / np.sqrt(1 - sine**2)
    half = max(high, wide)
    period = half + max(half, PROPAGATION.room * cone)
    most = most or PROPAGATION.most_samples
    return int(np.clip(2 * na_per_um * period, PROPAGATION.least_samples, most))


def on_planes(
    fields: Sequence[tuple[float, NDArray[Any]]],
    z_um: Floats,
    along: Floats,
    across: tuple[Complex, Complex],
    plane: Callable[[int, float, Complex], None],
) -> None:
    """Hand on the images of pupils plane by plane: what fits a core's cache.

    They are Fourier transforms, as matrix products.

    Parameters
    ----------
    fields : sequence of pairs
        How often some pupils count, and these; they have axes (image, v, u).
    z_um : array
        Where the planes are, in µm.
    along : array
        The waves a µm along z that each sample's light has, less those along the axis; axes (v, u).
    across : pair of arrays
        Waves of the samples along y and x, see `waves`; axes (y, v) and (u, x).
    plane : callable
        Gets the number of a plane, how often its fields count, and these with axes (image, y, x).
        Planes come from several threads.
    """
    waves_y, waves_x = across
    quick = [(count, pupils.astype(np.complex64)) for count, pupils in fields]

    def seen(k: int) -> None:
        defocus = waves(z_um[k] * along)
        for count, pupils in quick:
            rows = (pupils * defocus).reshape(-1, pupils.shape[-1]) @ waves_x
            images = waves_y @ rows.reshape(*pupils.shape[:-1], -1)
            plane(k, count, np.asarray(images, np.complex64))

    work = len(z_um) * sum(pupils.size for _, pupils in quick)
    if work < PROPAGATION.much_work:
        for k in range(len(z_um)):
            seen(k)
        return
    with workers() as pool:
        list(pool.map(seen, range(len(z_um))))


def waves(cycles: Floats) -> Complex:
    """Return waves of unit amplitude, in single precision: quicker, and exact to 1e-5."""
    phase = np.asarray(2 * np.pi * cycles, np.float32)
    result = np.empty(phase.shape, np.complex64)
    result.real, result.imag = np.cos(phase), np.sin(phase)
    return result
