"""The background of each plane is measured far from all beads."""

import numpy as np
import pytest

from psfbridge.detection.find import find
from psfbridge.detection.plane_levels import plane_levels
from psfbridge.imaging.image import Image
from psfbridge.imaging.noise import Noise
from psfbridge.options import DistillOptions

VOXEL_UM = (0.2, 0.1, 0.1)
SHAPE = (21, 160, 160)


def field(flicker, seed=0, offset=50.0):
    """Beads in one plane on a background that changes from plane to plane, with photon noise."""
    random = np.random.default_rng(seed)
    axes = np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij", sparse=True)
    light = np.zeros(SHAPE)
    for y, x in ((40, 40), (40, 120), (120, 40), (120, 120)):
        squares = [
            ((a - c) / s) ** 2 for a, c, s in zip(axes, (10, y, x), (3, 1.5, 1.5), strict=True)
        ]
        light = light + 300 * np.exp(-0.5 * sum(squares))
    return random.poisson(light + offset + flicker[:, None, None]).astype(np.uint16)


@pytest.fixture(scope="module")
def flicker():
    values = np.random.default_rng(3).normal(0, 2, SHAPE[0])
    return values - values.mean()


@pytest.mark.parametrize("seed", range(3))
def test_flicker_is_found_to_a_tenth_of_a_count(flicker, seed):
    found = find(Image(field(flicker, seed), VOXEL_UM), DistillOptions())
    assert np.abs(found.plane_levels - flicker).max() < 0.4
    assert np.std(found.plane_levels - flicker) < 0.15


def test_the_mean_level_stays_with_the_beads(flicker):
    found = find(Image(field(flicker), VOXEL_UM), DistillOptions())
    assert found.plane_levels.mean() == pytest.approx(0, abs=1e-9)


def test_boxes_come_without_the_flicker(flicker):
    found = find(Image(field(flicker), VOXEL_UM), DistillOptions())
    box = found.cut_out(np.array([[10, 80, 80]]), (10, 15, 15))
    assert np.std(box.counts[0].mean(axis=(1, 2))) < 0.5
    assert np.std(flicker) > 1.5


def test_saturated_voxels_count_as_outside_though_their_plane_is_bright(flicker):
    data = field(flicker)
    data[10, 38:43, 38:43] = np.iinfo(np.uint16).max
    found = find(Image(data, VOXEL_UM), DistillOptions())
    box = found.cut_out(np.array([[10, 40, 40]]), (1, 1, 1))
    assert not box.inside[0, 1].any()


def test_fields_full_of_beads_have_none_as_their_light_would_pass_for_it(flicker):
    places = np.random.default_rng(1).uniform(0, 160, (60, 2))
    positions = np.column_stack([np.full(60, 10), places])
    image = Image(field(flicker), VOXEL_UM)
    assert not plane_levels(image, Noise(50, 1, 7), positions, 40).any()
    assert plane_levels(image, Noise(50, 1, 7), positions, 8).any()


def test_a_single_plane_has_no_level_of_its_own():
    data = field(np.zeros(SHAPE[0]))[10:11]
    assert find(Image(data, VOXEL_UM), DistillOptions()).plane_levels.tolist() == [0.0]
