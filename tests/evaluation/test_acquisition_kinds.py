"""Warnings on three kinds of simulated fields: each fault is told where it is, not elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

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
def test_a_clean_field_is_warned_of_nothing(kind):
    assert not kinds_of(base(kind))


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


@pytest.mark.parametrize("kind", KINDS)
def test_beads_too_near_to_each_other_are_told(kind):
    near = 1.5 if kind == "air" else 0.5
    assert "crowded" in kinds_of(base(kind, beads=220, min_distance_um=near))


@pytest.mark.parametrize("kind", KINDS)
def test_bleaching_is_told(kind):
    planes = KINDS[kind].shape[0]
    fading = np.linspace(1, 0.6, planes)[:, None, None]
    assert "bleaching" in kinds_of(base(kind), lambda counts: counts * fading)


def drifting(kind):
    """What a stage does to a stack that walks by 0.4 lateral widths within an axial one."""
    slant = {"widefield": 0.16, "confocal": 0.15, "air": 0.08}[kind]
    z, _, x = KINDS[kind].voxel_um

    def drifted(counts):
        middle = len(counts) // 2
        moves = [(0, slant * (plane - middle) * z / x) for plane in range(len(counts))]
        pairs = zip(counts, moves, strict=True)
        return np.array([ndimage.shift(plane, by, order=1, mode="nearest") for plane, by in pairs])

    return drifted


@pytest.mark.parametrize("kind", KINDS)
def test_a_drifting_stage_is_told_and_coma_alone_is_not_taken_for_it(kind):
    assert kinds_of(base(kind), drifting(kind)) == {"drift"}
    assert "drift" not in kinds_of(base(kind, coma=0.1))


def placed(kind, heights, blur=lambda _: 0.0):
    """A field of beads at heights of their own, in voxels, blurred by how far right they are."""
    scene = KINDS[kind]
    psf = simulate(base(kind, beads=1, noise=False)).psf.data
    depth, rows, columns = scene.shape
    counts = np.full((depth, rows, columns), 100.0)
    for y in range(30, rows - 29, 35):
        for x in range(30, columns - 29, 35):
            at = heights(x - columns / 2, y - rows / 2)
            sigma = blur(x / columns)
            moved = ndimage.shift(
                ndimage.gaussian_filter(psf, (0, sigma, sigma)), (at % 1, 0, 0), order=1
            )
            add(counts, 1e5 * moved, (depth // 2 + int(at // 1), y, x))
    return np.random.default_rng(0).poisson(counts).astype("uint16")


def add(counts, light, at):
    """Add light with its middle at a place, as far as it is inside."""
    low = np.array(at) - np.array(light.shape) // 2
    inside = [
        slice(max(0, -a), min(n, m - a))
        for a, n, m in zip(low, light.shape, counts.shape, strict=True)
    ]
    where = tuple(slice(a + s.start, a + s.stop) for a, s in zip(low, inside, strict=True))
    counts[where] += light[tuple(inside)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_tilted_slide_is_told_and_a_level_one_is_not(kind):
    def told(heights):
        return kinds_of(base(kind, beads=1), lambda _: placed(kind, heights))

    # A slope of 20 mrad, in voxels.
    z, _, x = KINDS[kind].voxel_um
    assert "tilt" in told(lambda across, _: 0.02 * across * x / z)
    assert "tilt" not in told(lambda *_: 0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_psf_that_changes_over_the_field_is_told_and_one_that_does_not_is_not(kind):
    def told(blur):
        return kinds_of(base(kind, beads=1), lambda _: placed(kind, lambda *_: 0.0, blur))

    assert "field" in told(lambda right: 1.2 * right)
    assert "field" not in told(lambda _: 0.6)
