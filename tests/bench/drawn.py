"""Scenes of which nearly everything is drawn: objective, colour, voxels, camera, beads, faults."""

from __future__ import annotations

from typing import Any

import numpy as np

from psfbridge.options import PUPIL_KINDS, Optics
from psfbridge.simulation.scene import Scene

#: NA and refractive index of objectives: oil, silicone, water, air.
_OBJECTIVES = (
    *((1.45, 1.518), (1.4, 1.518), (1.3, 1.518), (1.3, 1.406), (1.2, 1.333), (1.0, 1.333)),
    *((0.95, 1.0), (0.8, 1.0), (0.6, 1.0), (0.5, 1.0)),
)
#: Offset, gain and read noise of cameras.
_CAMERAS = ((100.0, 1.0, 2.0), (100.0, 0.46, 1.4), (500.0, 2.2, 5.0), (0.0, 4.0, 0.5))
_SHARES = (0.65, 0.25, 0.1)


def drawn_scene(seed: int) -> Scene:
    """Draw a scene: voxels of half to all of what its optics allow, 4 to 300 thousand photons."""
    random = np.random.default_rng(seed)
    optics = _optics(random)
    finer = 1.5 if optics.microscope == "confocal" else 1.0
    across = optics.wavelength_um / (4 * optics.na) / finer * random.uniform(0.5, 1.1)
    index = optics.refractive_index
    cosine = np.sqrt(1 - (optics.na / index) ** 2)
    axial = optics.wavelength_um / (2 * index * (1 - cosine)) / finer
    z = axial * random.uniform(0.4, 1.0)
    depth = int(np.clip(round(random.uniform(9, 14) * axial * finer / z), 35, 60))
    side = int(random.choice([160, 192, 224]))
    apart = 2.5 * optics.wavelength_um / optics.na
    dimmest = float(np.exp(random.uniform(np.log(4e3), np.log(100e3))))
    offset, gain, read_noise = _CAMERAS[random.integers(len(_CAMERAS))]
    # A bead is seen far beyond its own PSF; light that ended there would be no microscope's.
    wide = max(6.0, 24 * optics.wavelength_um / optics.na)
    beads = int(np.clip((side * across / apart) ** 2 * random.uniform(0.1, 0.4), 4, 80))
    return Scene(
        beads=beads,
        photons=(dimmest, 3 * dimmest),
        shape=(depth, side, side),
        voxel_um=(z, across, across),
        bead_diameter_um=float(random.choice([0.0, 0.1, 0.2, 0.3])) * min(1.0, apart / 1.5),
        optics=optics,
        psf_um=(2 * depth * z, wide, wide),
        background=float(random.choice([2.0, 20.0, 100.0])),
        ramp=float(random.uniform(0, 1)),
        offset=offset,
        gain=gain,
        read_noise=read_noise,
        min_distance_um=apart,
        seed=seed,
        **_faults(random, beads, optics),
    )


def _optics(random: np.random.Generator) -> Optics:
    na, index = _OBJECTIVES[random.integers(len(_OBJECTIVES))]
    return Optics(
        na=na,
        refractive_index=index,
        wavelength_um=float(random.choice([0.45, 0.52, 0.6, 0.67])),
        microscope=str(random.choice(PUPIL_KINDS, p=_SHARES)),
    )


def _faults(random: np.random.Generator, beads: int, optics: Optics) -> dict[str, Any]:
    """Aberrations in half of all scenes, made by our own model; psfmodels makes the others."""
    faults: dict[str, Any] = {}
    if random.random() < 0.3:
        faults = {"doublets": beads // 8, "hot_pixels": 40, "border_beads": 3}
    if random.random() < 0.5:
        low = {"coma": 0.0, "astigmatism": 0.0, "spherical": -0.08}
        return faults | {name: float(random.uniform(least, 0.08)) for name, least in low.items()}
    return faults if optics.microscope == "lightsheet" else faults | {"psf": "psfmodels"}
