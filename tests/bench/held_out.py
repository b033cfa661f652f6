"""Held-out beads of real stacks: how well a PSF explains beads that it was not made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scoring import method_options

import psfbridge as pb
from psfbridge.detection.beads import USED
from psfbridge.detection.find import FoundBeads, find
from psfbridge.distillation.joint.bead_fit import background, light, refit_beads
from psfbridge.distillation.joint.bead_state import BeadState, observe
from psfbridge.distillation.joint.neighbours import with_neighbours
from psfbridge.distillation.psf_size import support_shape
from psfbridge.errors import PsfBridgeError
from psfbridge.evaluation.settings import PSF_ERROR
from psfbridge.imaging.image import Image
from psfbridge.options import DistillOptions, Optics
from psfbridge.psf.psf import PSF

Floats = NDArray[np.float64]

DATA = Path(__file__).parents[3] / "shared" / "data"
_ROUNDS = 4
_CORE_WIDTHS = 1.5


@dataclass(frozen=True)
class Stack:
    """A real stack with what is known of it."""

    path: Path
    bead_diameter_um: float = 0.0
    optics: Optics | None = None


STACKS = (
    Stack(
        DATA / "sample_zstack.tif",
        bead_diameter_um=0.2,
        optics=Optics(na=0.95, wavelength_um=0.52, refractive_index=1.0),
    ),
    Stack(DATA / "Bead_Image1_crop.tif"),
)


def residuals(
    stack: Stack, methods: Sequence[str], iterations: int, splits: int, seed: int
) -> dict[str, list[float]]:
    """Return for each method the median residual of the held-out beads, one for each split.

    Half of the usable beads are held out, chosen at random.
    """
    image = pb.read_image(stack.path)
    found = find(image, DistillOptions())
    places = found.beads.with_status(USED).positions
    random = np.random.default_rng(seed)
    table: dict[str, list[float]] = {}
    for _ in range(splits):
        order = random.permutation(len(places))
        train, test = np.split(order, [(len(places) + 1) // 2])
        for method in methods:
            options = method_options(method, stack.optics, iterations)
            if options is None:
                continue
            psf = trained(found, places[train], options)
            left = np.nan if psf is None else _left(found, places[test], psf)
            table.setdefault(method, []).append(left)
    return table


def trained(found: FoundBeads, train: Floats, options: dict[str, Any]) -> PSF | None:
    """Distil from these beads alone; None where the method refuses."""
    image = found.image
    given: dict[str, Any] = {"size": support_shape([found], DistillOptions()), **options}
    if options["method"] == "reverse-rl":
        image = _blanked(found, train)
    else:
        # Where the bead's size is undone it must be put back before beads are compared.
        given["positions"] = train
    try:
        psf: PSF = pb.distill(image, **given).psf
    except PsfBridgeError as fault:
        print(f"{options['method']}, {len(train)} beads: {fault}")
        return None
    return psf


def _blanked(found: FoundBeads, train: Floats) -> Image:
    """The image with every candidate but the beads to train on replaced by background."""
    data = found.image.data.copy()
    # As the background is, noise and all: a flat patch has edges that pass for beads.
    dark = data[data <= np.median(data)]
    random = np.random.default_rng(0)
    widths = np.maximum(found.scale.fwhm, 1.0)
    half = np.ceil(3 * widths).astype(int)
    rest = [p for p in found.beads.positions if np.abs(train - p).max(axis=1).min() > 0.5]
    for position in rest:
        at = np.round(position).astype(int)
        box = tuple(slice(max(a - h, 0), a + h + 1) for a, h in zip(at, half, strict=True))
        data[box] = random.choice(dark, data[box].shape)
    # What belongs to a bead to train on comes back.
    for position in train:
        at = np.round(position).astype(int)
        box = tuple(slice(max(a - h, 0), a + h + 1) for a, h in zip(at, half // 2, strict=True))
        data[box] = found.image.data[box]
    return Image(data, found.image.voxel_um, found.image.name)


def _left(found: FoundBeads, test: Floats, psf: PSF) -> float:
    """The median share of a held-out bead's energy that the PSF leaves unexplained."""
    states: Sequence[BeadState] = observe([found], psf.data.shape)
    widths = np.ceil(_CORE_WIDTHS * np.asarray(found.scale.fwhm)).astype(int)
    core = [min(n, 2 * int(w) + 1) for n, w in zip(psf.data.shape, widths, strict=True)]
    for _ in range(_ROUNDS):
        fitted, lights = refit_beads(states, psf.data, core)
        states = with_neighbours(fitted, lights, [found.image.data.shape])
    table = found.beads.positions
    shares = [
        _share(one, psf, counted(one, found, PSF_ERROR.window))
        for one in states
        if np.abs(test - table[one.seen.bead]).max(axis=1).min() < 1e-6
    ]
    return float(np.median(shares))


def counted(one: BeadState, found: FoundBeads, most: Sequence[int]) -> NDArray[np.bool_]:
    """Return a box's middle voxels that lie nearer to no other bead, which may have trained."""
    widths = np.maximum(found.scale.fwhm, 1.0)
    beads = found.beads.positions / widths
    axes = [
        (corner + np.arange(n)) / width
        for corner, n, width in zip(one.seen.corner, one.seen.counts.shape, widths, strict=True)
    ]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    nearest = cKDTree(beads).query(places)[1]
    far = [
        np.abs(np.arange(n) - n // 2) <= size // 2
        for n, size in zip(one.seen.counts.shape, most, strict=True)
    ]
    inside = far[0][:, None, None] & far[1][None, :, None] & far[2][None, None, :]
    return one.seen.usable & inside & (nearest == one.seen.bead)


def _share(one: BeadState, psf: PSF, counted: NDArray[np.bool_]) -> float:
    data = one.seen.counts - one.others - background(one)
    left = (data - light(one, psf.data))[counted] ** 2
    return float(left.sum(dtype=float) / (data[counted] ** 2).sum(dtype=float))
