"""What cameras and pipelines do to a bead field, done to a simulated one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import psfbridge as pb
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import Simulation, simulate


def bead_field(seed: int, **changes: Any) -> Simulation:
    """A small widefield field with 12 bright beads, another one for each seed."""
    given = {"beads": 12, "shape": (36, 144, 144), "psf_um": (7.2, 6.0, 6.0), "seed": seed}
    return simulate(Scene(**{**given, "photons": (20e3, 60e3), "psf": "psfmodels", **changes}))


def with_counts(field: Simulation, counts: NDArray[Any]) -> pb.Image:
    """The image of a field with other counts."""
    return replace(field.image, data=counts)


def clipped(counts: NDArray[Any], share: float) -> NDArray[np.uint16]:
    """Subtract so much that a share of the voxels would be below zero, and cut it off."""
    level = float(np.quantile(counts, share))
    return np.maximum(np.asarray(counts, float) - round(level), 0).astype(np.uint16)


def with_warm_pixels(
    counts: NDArray[Any], random: np.random.Generator, share: float, highest: float
) -> NDArray[np.uint16]:
    """Lift a share of the camera's pixels by up to so many counts in every plane."""
    warm = random.uniform(size=counts.shape[1:]) < share
    pattern = np.where(warm, random.uniform(0, highest, warm.shape), 0)
    return np.asarray(np.rint(counts + pattern), np.uint16)


def deskewed(counts: NDArray[Any], voxels_a_plane: int = 1) -> NDArray[Any]:
    """Put zeros where a stack that is sheared along x has no data."""
    result = np.array(counts)
    middle = len(result) // 2
    for z, plane in enumerate(result):
        gone = (z - middle) * voxels_a_plane
        if gone > 0:
            plane[:, :gone] = 0
        elif gone < 0:
            plane[:, gone:] = 0
    return result
