"""Pictures of what spoils bead images, made by the simulator, for docs/failures.md.

``python tests/support/failure_pictures.py [FOLDER]`` writes one picture for each; a test says
which are missing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from psfbridge.options import Optics
from psfbridge.simulation.fine_psf import fine_psf
from psfbridge.simulation.microscope import Microscope

Floats = NDArray[np.float64]
Places = Sequence[tuple[float, float, float]]

FOLDER = Path(__file__).parents[2] / "docs" / "failures"
OIL = Optics(na=1.4, wavelength_um=0.52, refractive_index=1.518)
VOXEL_UM = (0.15, 0.065, 0.065)
SHAPE = (33, 96, 96)
PHOTONS, BACKGROUND = 200e3, 15.0
#: Three beads near the middle plane, none of them on a voxel's centre.
PLACES: Places = ((16.2, 24.4, 24.8), (15.7, 47.6, 70.3), (16.4, 73.2, 33.1))


@dataclass(frozen=True)
class Failure:
    """What is wrong: with the optics, with where the beads are, or with the counts."""

    optics: dict[str, float] = field(default_factory=dict)
    places: Places = PLACES
    drift: tuple[float, float] = (0.0, 0.0)  # voxels of y and x from plane to plane
    highest: float = 1.0  # share of the brightest count at which the camera stops


def _clumps() -> Places:
    spread = ((0, 0, 0), (0.6, 2.9, 1.1), (-0.5, -1.2, 3.1), (0.3, 2.2, -2.4))
    return tuple((z + a, y + b, x + c) for z, y, x in PLACES for a, b, c in spread)


def _tilted() -> Places:
    return tuple((16 + (x - 48) / 8, y, x) for _, y, x in PLACES)


FAILURES = {
    "good": Failure(),
    "saturation": Failure(highest=0.35),
    "drift": Failure(drift=(0.1, 0.7)),
    "coma": Failure({"coma": 0.12}),
    "spherical": Failure({"spherical": 0.12}),
    "astigmatism": Failure({"astigmatism": 0.12}),
    "tilt": Failure(places=_tilted()),
    "clumps": Failure(places=_clumps()),
}


def counts_of(failure: Failure) -> Floats:
    """Return what a camera sees; the array has axes (z, y, x)."""
    random = np.random.default_rng(4)
    fine = fine_psf(Microscope(optics=OIL, **failure.optics), VOXEL_UM, SHAPE[0], (41, 81, 81))
    light = np.full(SHAPE, BACKGROUND)
    planes = np.arange(SHAPE[0])
    for z, y, x in failure.places:
        for plane in planes:
            moved = [(plane - SHAPE[0] // 2) * step for step in failure.drift]
            at = (z, y + moved[0], x + moved[1])
            part = fine.sampled([planes[plane : plane + 1], np.arange(96), np.arange(96)], at)
            light[plane] += PHOTONS * part[0] / max(len(failure.places) // 3, 1)
    counts = random.poisson(light).astype(float) + 100
    return np.minimum(counts, 100 + failure.highest * (counts.max() - 100))


def picture(name: str) -> Figure:
    """Draw a failure beside what it should look like: from above in focus, and from the side."""
    shown = {"as it should be": counts_of(FAILURES["good"]), name: counts_of(FAILURES[name])}
    figure = Figure(figsize=(8.4, 2.5), dpi=110)
    grid = figure.subplots(1, 4, gridspec_kw={"width_ratios": [1, 1, 1, 1], "wspace": 0.08})
    figure.subplots_adjust(0.01, 0.02, 0.99, 0.86)
    for number, (words, counts) in enumerate(shown.items()):
        _draw(grid[2 * number], counts[SHAPE[0] // 2], f"{words}: xy in focus", 1.0)
        _draw(grid[2 * number + 1], counts.max(axis=1), "xz, from the side", VOXEL_UM[0] / 0.065)
    return figure


def _draw(axes: Any, plane: Floats, title: str, aspect: float) -> None:
    norm = PowerNorm(0.5, 100, plane.max(), clip=True)
    axes.imshow(plane, cmap="gray", norm=norm, aspect=aspect)
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=9)


def main() -> None:
    """Write every picture."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(exist_ok=True, parents=True)
    for name in FAILURES:
        if name != "good":
            picture(name).savefig(folder / f"{name}.png")


if __name__ == "__main__":
    main()
