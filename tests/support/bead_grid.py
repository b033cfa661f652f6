"""A small stack of beads on a grid, quick enough for every host."""

from __future__ import annotations

import numpy as np

from psfbridge.imaging.image import Image

VOXEL_UM = (0.2, 0.1, 0.1)
SIGMA = (1.6, 1.3, 1.3)


def field_of_beads(seed: int = 3, shape: tuple[int, int, int] = (17, 96, 96)) -> Image:
    """Gaussian beads on a grid with sub-voxel steps, with Poisson noise, 16 bit."""
    rng = np.random.default_rng(seed)
    expected = np.full(shape, 20.0)
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    for y0 in (20, 48, 76):
        for x0 in (20, 48, 76):
            at = np.array((shape[0] // 2, y0, x0)) + rng.uniform(-0.5, 0.5, 3)
            squares = [
                ((axis - c) / s) ** 2 for axis, c, s in zip((z, y, x), at, SIGMA, strict=True)
            ]
            expected += 4000 * np.exp(-sum(squares) / 2)
    return Image(rng.poisson(expected).astype(np.uint16), VOXEL_UM, "beads.tif")
