"""The simulation of bead fields with known ground truth."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.atomic_files import made_folder
from psfbridge._util.threads import workers
from psfbridge.detection.beads import REJECTED, USED, Bead, Beads
from psfbridge.detection.statuses import Reason
from psfbridge.errors import OptionError
from psfbridge.imaging.image import Image, Volume
from psfbridge.imaging.write import write_image
from psfbridge.psf.form import odd_shape
from psfbridge.psf.psf import PSF
from psfbridge.simulation.fine_psf import FinePSF, fine_psf
from psfbridge.simulation.microscope import Microscope
from psfbridge.simulation.scene import SCENES, Scene, demo_scene, scene
from psfbridge.simulation.settings import FIELD

__all__ = ["SCENES", "Scene", "Simulation", "demo_scene", "scene", "simulate"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Simulation:
    """A bead field and all that is true of it.

    Parameters
    ----------
    scene : Scene
        What was asked for.
    image : Image
        The array has axes (z, y, x). The units are counts.
    psf : PSF
        The true PSF, in the form that a distilled one has.
    psf_grid : array of float64
        The true PSF once more, larger, neither clipped nor cut; its peak is at ``n // 2``, its
        scale that of `psf`. Errors are measured against it, see
        `psfbridge.evaluation.psf_error.psf_error`.
        Where the PSF changes over the field, both are those of the middle of the image.
    beads : Beads
        The truth of every bead: the position of its peak in voxels, the counts it adds within
        the volume of `psf`, the counts of the background there, and why one is not to be used.
    expected : array of float32
        Counts without noise, hot pixels or saturation.
    """

    scene: Scene
    image: Image
    psf: PSF
    psf_grid: Floats
    beads: Beads
    expected: Volume

    def grid_at(self, position: Sequence[float]) -> Floats:
        """Return the true PSF at a position of the image in voxels, in the form of `psf_grid`."""
        fine = _fine(self.scene, self.scene.microscope_at(position))
        return np.asarray(fine.centred(_grid_shape(self.scene)), float)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write image.tif, psf.tif and beads.csv into a folder, which is made if need be."""
        folder = made_folder(folder)
        write_image(folder / "image.tif", self.image)
        self.psf.save(folder / "psf.tif")
        self.beads.save(folder / "beads.csv")


def simulate(scene: Scene) -> Simulation:
    """Simulate a bead field.

    Every bead is drawn from the PSF's Fourier series at its exact position, cut off where the
    image ends, and seen by a camera: Poisson photons times a gain, read noise, an offset, a
    highest count.

    Parameters
    ----------
    scene : Scene
        The scene to simulate.

    Returns
    -------
    Simulation
        The image and its ground truth.

    Raises
    ------
    OptionError
        If there is not enough room for the beads.

    Examples
    --------
    >>> field = simulate(Scene(beads=2, shape=(15, 48, 48), psf_um=(2, 2, 2), seed=1))
    >>> field.image.data.dtype, len(field.beads)
    (dtype('uint16'), 2)
    """
    random = np.random.default_rng(scene.seed)
    fine = _fine(scene, scene.microscope_at(_middle(scene)))
    positions, reasons = _placed(scene, random)
    photons = random.uniform(*scene.photons, len(positions))
    background = _background(scene)
    light = background + _drawn(scene, positions, photons)
    expected = np.asarray(scene.offset + scene.gain * light, np.float32)
    image = Image(_camera(scene, light, random), scene.voxel_um, "image.tif")
    beads = _table(scene, positions, photons, reasons, expected)
    grid = fine.centred(_grid_shape(scene))
    truth = fine.centred(_psf_shape(scene))
    psf = PSF.from_volume(truth, scene.voxel_um, provenance={"truth of": asdict(scene)})
    return Simulation(scene, image, psf, np.asarray(grid, float), beads, expected)


def _psf_shape(scene: Scene) -> tuple[int, int, int]:
    sizes = [round(um / size) for um, size in zip(scene.psf_um, scene.voxel_um, strict=True)]
    shape = odd_shape([max(size, 3) for size in sizes])
    return (1, *shape[1:]) if scene.shape[0] == 1 else shape


def _grid_shape(scene: Scene) -> list[int]:
    return [n if n == 1 else n + 16 for n in _psf_shape(scene)]


def _middle(scene: Scene) -> list[float]:
    return [(length - 1) / 2 for length in scene.shape]


def _fine(scene: Scene, microscope: Microscope) -> FinePSF:
    return fine_psf(microscope, scene.voxel_um, scene.shape[0], _psf_shape(scene))


def _placed(scene: Scene, random: np.random.Generator) -> tuple[Floats, list[str]]:
    """Choose positions in voxels, each with the reason not to use the bead, or none."""
    apart = _apart(scene, random)
    partners = apart[: scene.doublets] + _partner_offsets(scene, random)
    border = _across_border(scene, random)
    reasons = [Reason.DOUBLET if k < scene.doublets else "" for k in range(len(apart))]
    reasons += [Reason.DOUBLET] * len(partners) + [Reason.BORDER] * len(border)
    return np.concatenate([apart, partners, border]), reasons


def _apart(scene: Scene, random: np.random.Generator) -> Floats:
    voxel = np.array(scene.voxel_um)
    last = np.array(scene.shape) - 1
    margin = np.minimum(np.array(FIELD.margin_um) / voxel, last / 4)
    chosen: list[Floats] = []
    misses = 0
    while len(chosen) < scene.beads and misses < FIELD.most_misses:
        candidate = random.uniform(margin, last - margin)
        steps = (np.reshape(chosen, (-1, 3)) - candidate) * voxel
        if (np.linalg.norm(steps, axis=1) < scene.min_distance_um).any():
            misses += 1
            continue
        chosen.append(candidate)
        misses = 0
    if len(chosen) == scene.beads:
        return np.reshape(chosen, (-1, 3))
    raise OptionError(
        f"{{beads}} is {scene.beads}: there is room for only {len(chosen)} at least "
        f"{scene.min_distance_um:g} µm apart. Ask for fewer, or lower {{min_distance_um}}."
    )


def _partner_offsets(scene: Scene, random: np.random.Generator) -> Floats:
    direction = random.normal(size=(scene.doublets, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    distance = random.uniform(*FIELD.doublet_um, size=(scene.doublets, 1))
    offsets: Floats = direction * distance / np.array(scene.voxel_um)
    return offsets * (np.array(scene.shape) > 1)


def _across_border(scene: Scene, random: np.random.Generator) -> Floats:
    """Put beads within half a micrometre of a side of the image, inside or outside."""
    last = np.array(scene.shape) - 1
    positions: Floats = random.uniform(0, last, (scene.border_beads, 3))
    for position in positions:
        axis = int(random.integers(1, 3))
        side = last[axis] * int(random.integers(0, 2))
        position[axis] = side + random.uniform(-0.5, 0.5) / scene.voxel_um[axis]
    return positions


def _background(scene: Scene) -> Floats:
    """Return photons a voxel without beads, along x."""
    slope = np.linspace(-1, 1, scene.shape[2]) if scene.shape[2] > 1 else np.zeros(1)
    return scene.background * (1 + scene.ramp * slope)


def _drawn(scene: Scene, positions: Floats, photons: Floats) -> Volume:
    """Add every bead, cut off where the image ends."""
    image = np.zeros(scene.shape, np.float32)

    def seen(position: Floats) -> tuple[list[NDArray[np.int_]], Volume]:
        bead = _bead(scene, scene.microscope_at(position.tolist()))
        voxels = _window(bead.reach, scene.shape, position)
        return voxels, bead.sampled(voxels, position.tolist())

    with workers() as pool:
        for (voxels, bead), brightness in zip(pool.map(seen, positions), photons, strict=True):
            image[np.ix_(*voxels)] += np.float32(brightness) * bead
    return np.maximum(image, 0)


@lru_cache(maxsize=2)
def _bead(scene: Scene, microscope: Microscope) -> FinePSF:
    return _fine(scene, microscope).blurred_by_sphere(scene.bead_diameter_um, scene.voxel_um)


def _window(reach: Sequence[int], shape: Sequence[int], position: Floats) -> list[NDArray[np.int_]]:
    """Return the indices of the image's voxels that a bead can reach."""
    centre = np.round(position).astype(int)
    return [
        np.arange(max(at - far, 0), min(at + far + 1, length))
        for at, far, length in zip(centre, reach, shape, strict=True)
    ]


def _camera(scene: Scene, light: Floats, random: np.random.Generator) -> NDArray[Any]:
    """Turn photons into counts."""
    photons = random.poisson(light) if scene.noise else light
    counts = np.asarray(scene.offset + scene.gain * photons, float)
    if scene.noise:
        counts += random.normal(0, scene.read_noise, light.shape)
    _heat(scene, counts, random)
    counts = np.clip(counts, 0, scene.saturation)
    if not scene.noise:
        return np.asarray(counts, np.float32)
    kind = np.uint16 if scene.saturation < 2**16 else np.uint32
    return np.asarray(np.rint(counts), kind)


def _heat(scene: Scene, counts: Floats, random: np.random.Generator) -> None:
    """Make voxels and camera pixels hot: about as bright as the beads."""
    height = np.ptp(counts)
    nz, ny, nx = scene.shape
    z, y, x = (random.integers(0, n, scene.hot_pixels) for n in (nz, ny, nx))
    counts[z, y, x] += random.uniform(0.3, 2, scene.hot_pixels) * height
    y, x = (random.integers(0, n, scene.hot_columns) for n in (ny, nx))
    counts[:, y, x] += random.uniform(0.3, 2, scene.hot_columns) * height


def _table(
    scene: Scene, positions: Floats, photons: Floats, reasons: list[str], expected: Volume
) -> Beads:
    background = scene.offset + scene.gain * _background(scene)
    rows = []
    for number, (position, light, reason) in enumerate(
        zip(positions, photons, reasons, strict=True)
    ):
        why = reason or (Reason.SATURATED if _saturates(scene, position, expected) else "")
        at_x = int(np.clip(round(position[2]), 0, scene.shape[2] - 1))
        z, y, x = (float(value) for value in position)
        rows.append(
            Bead(
                "image.tif",
                number,
                z,
                y,
                x,
                intensity=float(light * scene.gain),
                background=float(background[at_x]),
                status=REJECTED if why else USED,
                reason=why,
            )
        )
    return Beads(rows)


def _saturates(scene: Scene, position: Floats, expected: Volume) -> bool:
    voxels = _window((1, 1, 1), scene.shape, position)
    if not all(len(at) for at in voxels):
        return False
    return bool(expected[np.ix_(*voxels)].max() >= scene.saturation)
