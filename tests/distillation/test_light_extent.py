"""The box of a PSF reaches as far as the light of beads stands out of the noise."""

import numpy as np
import pytest

from psfbridge.detection.find import find
from psfbridge.distillation.light_extent import light_extent
from psfbridge.distillation.psf_size import support_shape
from psfbridge.imaging.image import Image
from psfbridge.options import DistillOptions

HALF = (14, 30, 30)


def field(ring=0.0, light=4000.0, flicker=0.0, beads=5, seed=0):
    """Beads in one plane, each with a faint ring around it at a radius of 20 voxels."""
    rng = np.random.default_rng(seed)
    z, y, x = np.indices((29, 61, 61)) - np.reshape((14, 30, 30), (3, 1, 1, 1))
    spot = np.exp(-0.5 * ((z / 1.8) ** 2 + (y / 1.3) ** 2 + (x / 1.3) ** 2))
    spot += ring * np.exp(-0.5 * ((np.hypot(y, x) - 20) ** 2 / 4 + (z / 1.8) ** 2))
    image = np.full((35, 75 * beads, 75 * beads), 20.0)
    image += flicker * rng.standard_normal((35, 1, 1))
    for i in range(beads):
        for j in range(beads):
            image[3:32, 7 + 75 * i : 68 + 75 * i, 7 + 75 * j : 68 + 75 * j] += light * spot
    return Image(rng.poisson(image).astype("uint16"), (0.2, 0.1, 0.1))


def extent(image):
    return light_extent([find(image, DistillOptions())], HALF)


def test_it_ends_where_the_light_of_a_compact_bead_ends():
    along, across, _ = extent(field())
    assert 4 <= along <= 10
    assert 4 <= across <= 10


def test_more_light_is_seen_farther_out():
    assert extent(field(light=4000))[1] >= extent(field(light=300))[1]


def test_a_faint_skirt_counts_where_the_beads_agree_on_it():
    image = field()
    rng = np.random.default_rng(1)
    y, x = np.indices((61, 61)) - 30
    skirt = 400 / (1 + np.hypot(y, x) ** 2)
    data = image.data.astype(float)
    for i in range(5):
        for j in range(5):
            data[15:20, 7 + 75 * i : 68 + 75 * i, 7 + 75 * j : 68 + 75 * j] += skirt
    wide = Image(rng.poisson(data).astype("uint16"), image.voxel_um)
    assert extent(wide)[1] > extent(image)[1] + 4


def test_what_all_of_a_plane_shares_is_no_light():
    assert extent(field(flicker=4.0))[0] <= 10


def test_few_beads_cannot_tell():
    assert extent(field(beads=2)) is None


def test_the_box_has_its_least_size_and_never_more_than_the_image():
    image = field()
    found = [find(image, DistillOptions())]
    assert support_shape(found, DistillOptions()) == (29, 37, 37)
    asked = DistillOptions(size=(35, 91, 91))
    assert support_shape(found, asked) == (35, 91, 91)


@pytest.mark.parametrize("scale", [1e-4, 30.0])
def test_the_unit_of_the_counts_does_not_matter(scale):
    image = field()
    other = Image((image.data * scale).astype("float32"), image.voxel_um)
    assert extent(other) == extent(image)
