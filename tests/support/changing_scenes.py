"""What changes while a stack is taken, done to the light of a simulated bead field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

import psfbridge as pb
from psfbridge.options import Optics
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import Simulation, simulate

Light = NDArray[np.float64]

_GREEN_UM = 0.52
#: Microscopes of three kinds, each with voxels that sample it.
KINDS: dict[str, dict[str, Any]] = {
    "oil": {
        "optics": Optics(na=1.4, wavelength_um=_GREEN_UM, refractive_index=1.518),
        "shape": (32, 128, 128),
        "psf_um": (7.2, 6.0, 6.0),
    },
    "confocal": {
        "optics": Optics(
            na=1.2, wavelength_um=_GREEN_UM, refractive_index=1.333, microscope="confocal"
        ),
        "shape": (32, 128, 128),
        "psf_um": (7.2, 6.0, 6.0),
    },
    "air": {
        "optics": Optics(na=0.75, wavelength_um=_GREEN_UM, refractive_index=1.0),
        "shape": (32, 128, 128),
        "voxel_um": (0.4, 0.15, 0.15),
        "psf_um": (14.4, 9.0, 9.0),
        "min_distance_um": 2.0,
    },
}


def scene_of(kind: str, seed: int, **changes: Any) -> Scene:
    """A small field of 12 bright beads of one kind of microscope."""
    given = {"beads": 12, "photons": (20e3, 60e3), "psf": "psfmodels", "ramp": 0.2, "seed": seed}
    return Scene(**{**given, **KINDS[kind], **changes})


def light_of(scene: Scene) -> tuple[Simulation, Light]:
    """Simulate a scene; return it, and its photons before any camera."""
    field = simulate(replace(scene, noise=False, offset=0, gain=1))
    return field, np.asarray(field.expected, float)


def seen(field: Simulation, light: Light, *, offset: float = 100.0) -> pb.Image:
    """What a camera with a read noise of 2 electrons makes of photons."""
    random = np.random.default_rng(field.scene.seed + 1)
    counts = offset + random.poisson(np.maximum(light, 0)) + random.normal(0, 2, light.shape)
    return replace(field.image, data=np.clip(np.rint(counts), 0, 65535).astype(np.uint16))


def drifting(light: Light, voxels: tuple[float, float]) -> Light:
    """Move the sample by so many voxels along y and x from the first to the last plane."""
    along = np.linspace(-0.5, 0.5, len(light))
    return moved(light, np.outer(along, voxels))


def stepping(light: Light, voxels: tuple[float, float], plane: int) -> Light:
    """Move the sample by so many voxels along y and x at a plane."""
    return moved(light, np.outer(np.arange(len(light)) >= plane, voxels))


def moved(light: Light, shifts: Light) -> Light:
    """Move each plane by its own shift along y and x, in voxels."""
    planes = [
        ndimage.shift(plane, shift, order=5, mode="nearest")
        for plane, shift in zip(light, shifts, strict=True)
    ]
    return np.array(planes)


def bleaching(light: Light, left: float) -> Light:
    """Let all light fade exponentially, until so much of it is left in the last plane."""
    return np.asarray(light * left ** np.linspace(0, 1, len(light))[:, None, None])


def flickering(light: Light, spread: float, seed: int) -> Light:
    """Let the lamp's light change at random from plane to plane."""
    level = 1 + spread * np.random.default_rng(seed).standard_normal(len(light))
    return np.asarray(light * np.maximum(level, 0.1)[:, None, None])


def jittering(light: Light, spread: float, seed: int) -> Light:
    """Let each line of a scan begin at random too early or too late, by a spread in voxels."""
    random = np.random.default_rng(seed)
    x = np.arange(light.shape[2])
    lines = light.reshape(-1, light.shape[2])
    late = random.normal(0, spread, len(lines))
    at = np.clip(x - late[:, None], 0, light.shape[2] - 1)
    rows = np.broadcast_to(np.arange(len(lines))[:, None], at.shape)
    return ndimage.map_coordinates(lines, [rows, at], order=3, mode="nearest").reshape(light.shape)


def of_two_sizes(kind: str, seed: int, diameters_um: tuple[float, float]) -> tuple[Simulation, Any]:
    """A field in which each second bead has another diameter; the photons go with the volume."""
    small, large = (
        scene_of(kind, seed + k, beads=9, bead_diameter_um=diameter, background=20.0 * (k == 0))
        for k, diameter in enumerate(diameters_um)
    )
    field, light = light_of(small)
    return field, light + light_of(large)[1]
