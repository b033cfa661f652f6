"""A widefield PSF whose cone of light is cut by its box, and an object of known flux seen by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

import psfbridge as pb

VOXEL_UM = (0.2, 0.1, 0.1)
#: Planes, rows and columns of the image, and how far around it there may be light.
SHAPE, MARGIN = (16, 56, 56), 40
FLUX = 3e5

Floats = NDArray[np.float64]


def cone(shape: tuple[int, int, int]) -> Floats:
    """Light that spreads with defocus: the same in each plane, 1 in all of them together."""
    z, y, x = np.ogrid[tuple(slice(-(n // 2), n // 2 + 1) for n in shape)]
    spread = np.hypot(1.4, 1.3 * z)
    light = np.exp(-0.5 * (y**2 + x**2) / spread**2) / (2 * np.pi * spread**2)
    return np.asarray(light / (shape[0] - 2))


def cut_psf(box: tuple[int, int, int] = (17, 25, 25)) -> pb.PSF:
    """The PSF in a box that cuts the cone, which knows how much of its light is inside."""
    light = cone(box)
    inside = float(light[1:-1, 1:-1, 1:-1].sum())
    cut = pb.PSF.from_volume(light, VOXEL_UM)
    return pb.PSF(cut.data, VOXEL_UM, light_inside=inside)


@dataclass(frozen=True, eq=False)
class Seen:
    """An image, and where the object is of which the flux is known."""

    image: pb.Image
    background: float

    def flux(self, data: NDArray[np.float32]) -> float:
        """The light of the object in a result, over what is true."""
        y, x = np.indices(SHAPE[1:]) - np.reshape(SHAPE[1:], (2, 1, 1)) // 2
        near = np.hypot(y, x) < 18
        return float((data[:, near] - self.background).sum(dtype=float)) / FLUX


def seen_object(seed: int = 0, background: float = 0.0) -> Seen:
    """Two blurred spots of together `FLUX`, by a microscope that sees the whole cone."""
    wide = [n + 2 * MARGIN for n in SHAPE]
    truth = np.zeros(wide)
    middle = [n // 2 for n in wide]
    truth[middle[0], middle[1] - 5, middle[2]] = 0.6 * FLUX
    truth[middle[0] + 1, middle[1] + 6, middle[2] + 4] = 0.4 * FLUX
    truth = ndimage.gaussian_filter(truth, (0.6, 1.5, 1.5))
    light = signal.fftconvolve(truth, cone((17, 121, 121)), mode="same")
    inner = tuple(slice(MARGIN, MARGIN + n) for n in SHAPE)
    random = np.random.default_rng(seed)
    counts = random.poisson(np.maximum(light[inner], 0) + background)
    return Seen(pb.Image(counts.astype(np.uint16), VOXEL_UM, "cells.tif"), background)
