"""Warnings on three kinds of simulated fields: each fault is told where it is, not elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import psfbridge as pb
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import simulate

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OIL = pb.Optics(na=1.4, wavelength_um=0.52, refractive_index=1.518)
#: Kinds with voxels that sample all that they pass.
KINDS = {
    "widefield": Scene(
        optics=OIL, voxel_um=(0.15, 0.08, 0.08), shape=(45, 200, 200), photons=(60e3, 150e3)
    ),
    "confocal": Scene(
        optics=replace(OIL, microscope="confocal"), voxel_um=(0.12, 0.07, 0.07),
        shape=(45, 200, 200), photons=(30e3, 90e3),
    ),
    "air": Scene(
        optics=pb.Optics(na=0.75, wavelength_um=0.52, refractive_index=1.0),
        voxel_um=(0.5, 0.16, 0.16), shape=(41, 200, 200), photons=(60e3, 150e3),
        psf_um=(16, 8, 8), min_distance_um=4,
    ),
}  # fmt: skip


def kinds_of(scene, change=None):
    """The kinds of the warnings of a field, as the average of its beads is assessed."""
    image = simulate(scene).image
    if change is not None:
        image = replace(image, data=change(image.data.astype(float)).astype("uint16"))
    optics = scene.optics
    result = pb.distill(
        image, method="average", bead_diameter_um=scene.bead_diameter_um, na=optics.na,
        wavelength_um=optics.wavelength_um, refractive_index=optics.refractive_index,
        microscope=optics.microscope, progress=False,
    )  # fmt: skip
    return {one.kind for one in pb.assess(result).problems}


def base(kind, **changes):
    return replace(
        KINDS[kind],
        **({"beads": 14, "seed": 5, "read_noise": 1.0, "bead_diameter_um": 0.04} | changes),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_clean_field_is_warned_of_nothing_that_it_has_not(kind):
    told = kinds_of(base(kind))
    faults = {"saturation", "clipping", "sampling", "bead size", "few beads", "dim beads"}
    assert not told & (faults | {"crowded", "bleaching"}), told


@pytest.mark.parametrize("kind", KINDS)
def test_saturation_and_a_clipped_background_are_told(kind):
    def spoiled(counts):
        cut = np.maximum(counts - np.quantile(counts, 0.6), 0)
        return np.minimum(cut, 0.8 * cut.max())

    assert {"saturation", "clipping"} <= kinds_of(base(kind), spoiled)


@pytest.mark.parametrize("kind", KINDS)
def test_voxels_that_are_too_large_are_told(kind):
    z, y, x = KINDS[kind].voxel_um
    assert "sampling" in kinds_of(
        base(kind, voxel_um=(2.2 * z, 1.6 * y, 1.6 * x), shape=(25, 140, 140))
    )


@pytest.mark.parametrize("kind", KINDS)
def test_beads_too_large_too_few_and_too_dim_are_told(kind):
    large = 0.9 if kind == "air" else 0.3
    scene = base(kind, beads=3, bead_diameter_um=large)
    assert {"bead size", "few beads"} <= kinds_of(scene)
    # So many times fewer photons leave beads that are found, and no more.
    times = 24 if kind == "confocal" else 12
    low, high = (photons / times for photons in KINDS[kind].photons)
    assert "dim beads" in kinds_of(base(kind, photons=(low, high), background=100))


#: Where most beads have a neighbour, nearer ones are taken: too few are rejected for a warning.
UNTOLD = pytest.mark.xfail(strict=True, reason="crowding is not warned of where beads are taken")


@pytest.mark.parametrize(
    "kind", ["widefield", *(pytest.param(kind, marks=UNTOLD) for kind in ("confocal", "air"))]
)
def test_beads_too_near_to_each_other_are_told(kind):
    near = 1.5 if kind == "air" else 0.5
    assert "crowded" in kinds_of(base(kind, beads=220, min_distance_um=near))


@pytest.mark.parametrize("kind", KINDS)
def test_bleaching_is_told(kind):
    planes = KINDS[kind].shape[0]
    fading = np.linspace(1, 0.6, planes)[:, None, None]
    assert "bleaching" in kinds_of(base(kind), lambda counts: counts * fading)
