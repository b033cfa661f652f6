"""Hand-made distillations of Gaussian beads, quick enough for every test of reports."""

from __future__ import annotations

from typing import Any

import numpy as np

from psfbridge.detection.beads import Bead, Beads
from psfbridge.distillation.result import Distillation
from psfbridge.imaging.image import Image
from psfbridge.measurement.measures import measure
from psfbridge.options import DistillOptions
from psfbridge.psf.psf import PSF

VOXEL_UM = (0.2, 0.1, 0.1)
SIGMA = (2.5, 1.4, 1.4)
SHAPE = (25, 120, 120)
PLACES = [(12.0, 15.0 + 30 * row, 15.0 + 30 * column) for row in range(4) for column in range(4)]


def spot(shape: Any, at: Any, sigma: Any = SIGMA) -> Any:
    """Return a Gaussian of height 1."""
    grids = np.ogrid[tuple(slice(n) for n in shape)]
    squares = [((grid - x) / s) ** 2 for grid, x, s in zip(grids, at, sigma, strict=True)]
    return np.exp(-0.5 * sum(squares))


def distillation(
    *,
    sigma: Any = None,
    places: Any = None,
    top: float = 1000.0,
    change: Any = None,
    diagnostics: Any = None,
    statuses: Any = None,
    **options: Any,
) -> Distillation:
    """Return a field of beads as if it had been distilled.

    `sigma` is a function of a place, `change` of the noisy volume of counts.
    """
    rng = np.random.default_rng(0)
    places = PLACES if places is None else places
    volume = np.full(SHAPE, 50.0)
    for at in places:
        volume += top * spot(SHAPE, at, sigma(at) if sigma else SIGMA)
    counts = rng.normal(volume, np.sqrt(volume) / 4).clip(0)
    if change:
        counts = change(counts)
    image = Image(counts.astype("uint16"), VOXEL_UM, "field.tif")
    beads = [
        Bead("field.tif", k, *at, intensity=1e4, background=50, snr=90, chi2=1.0)
        for k, at in enumerate(places)
    ]
    for number, reason in (statuses or {}).items():
        at = places[number]
        beads[number] = Bead("field.tif", number, *at, status="rejected", reason=reason)
    psf = PSF.from_volume(spot((25, 31, 31), (12, 15, 15)), VOXEL_UM)
    return Distillation(
        psf, Beads(beads), measure(psf), "joint", DistillOptions(**options), (image,),
        diagnostics=diagnostics or {},
    )  # fmt: skip
