"""Beads are found where they are, and every candidate is judged in words."""

from dataclasses import replace

import numpy as np
import pytest
from camera_faults import bead_field
from scipy import ndimage
from scipy.spatial import cKDTree
from stacks import bead_stack

import psfbridge as pb
from psfbridge.detection import blocks
from psfbridge.detection.beads import REASONS
from psfbridge.detection.find import find, find_beads, need_beads
from psfbridge.errors import ImageError, NoBeadsError, OptionError

VOXEL = (0.2, 0.1, 0.1)


def field(seed=0, *, background=100.0, height=400.0, count=12, shape=(24, 128, 128), dtype="u2"):
    """Gaussian spots on a jittered grid; returns the image and the true positions."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(count)))
    pitch = (shape[1] - 24) / max(side - 1, 1)
    cells = [(i // side, i % side) for i in range(count)]
    true = np.array([[shape[0] / 2, 12 + pitch * i, 12 + pitch * j] for i, j in cells])
    true += rng.uniform(-0.5, 0.5, true.shape)
    grid = np.indices(shape).reshape(3, *shape)
    light = np.full(shape, float(background))
    for z, y, x in true:
        r = ((grid[0] - z) / 2.2) ** 2 + ((grid[1] - y) / 1.3) ** 2 + ((grid[2] - x) / 1.3) ** 2
        light += height * np.exp(-r / 2)
    info = np.iinfo(dtype)
    return np.clip(rng.poisson(light), 0, info.max).astype(dtype), true


def matched(beads, true):
    """Distance in voxels from each true position to the nearest bead."""
    return cKDTree(beads.positions).query(true)[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_isolated_bead_is_used_at_its_sub_voxel_position(seed):
    counts, true = field(seed)
    beads = find_beads(counts, voxel_um=VOXEL)
    assert len(beads) == len(true)
    assert {bead.status for bead in beads} == {"used"}
    assert matched(beads, true).max() < 0.15


@pytest.mark.parametrize(
    ("background", "height", "dtype"),
    [(2, 60, "u1"), (30000, 3000, "u2"), (100, 40000, "u2"), (500, 2e6, "u4")],
)
def test_any_background_and_bit_depth(background, height, dtype):
    counts, true = field(4, background=background, height=height, dtype=dtype)
    beads = find_beads(counts, voxel_um=VOXEL).with_status("used")
    assert len(beads) == len(true)
    assert matched(beads, true).max() < 0.4


def test_a_steep_gradient_makes_no_beads_and_hides_none():
    counts, true = field(5)
    ramp = np.linspace(0, 800, counts.shape[2])
    rng = np.random.default_rng(0)
    counts = (counts + rng.poisson(np.broadcast_to(ramp, counts.shape))).astype("u2")
    beads = find_beads(counts, voxel_um=VOXEL)
    assert matched(beads, true).max() < 0.5
    used = beads.with_status("used").positions
    assert cKDTree(true).query(used)[0].max() < 1


def test_more_hot_pixels_than_beads_do_not_tell_the_width(small_field):
    counts = small_field.image.data.copy()
    places = np.random.default_rng(4).integers(0, counts.shape, (80, 3))
    counts[tuple(places.T)] = counts.max()
    images = small_field.image, pb.Image(counts, small_field.image.voxel_um)
    clean, hot = (find(image, pb.DistillOptions()).scale.fwhm for image in images)
    assert hot == pytest.approx(clean, rel=0.1)


def test_hot_pixels_are_called_hot_pixels():
    counts, true = field(6)
    rng = np.random.default_rng(1)
    hot = [tuple(rng.integers(3, n - 3) for n in counts.shape) for _ in range(30)]
    hot = [voxel for voxel in hot if cKDTree(true).query(voxel)[0] > 12]
    for voxel in hot:
        counts[voxel] = 5000
    beads = find_beads(counts, voxel_um=VOXEL)
    near = cKDTree(np.array(hot)).query(beads.positions)[0] < 1.5
    assert near.sum() == len(hot)
    assert {bead.reason for bead, is_hot in zip(beads, near, strict=True) if is_hot} == {
        "hot pixel"
    }
    assert len(beads.with_status("used")) == len(true)


def test_saturated_beads_are_called_saturated():
    counts, true = field(7)
    bright, _ = field(7, height=6000)
    counts[:, :, :64] = np.minimum(bright[:, :, :64], 2500)
    beads = find_beads(counts, voxel_um=VOXEL)
    clipped = cKDTree(beads.positions).query(true[true[:, 2] < 60])[1]
    assert {beads[int(index)].reason for index in clipped} == {"saturated"}
    others = cKDTree(beads.positions).query(true[true[:, 2] > 68])[1]
    assert {beads[int(index)].status for index in others} == {"used"}


def test_beads_at_the_border_are_called_border():
    counts, _ = field(8)
    beads = find_beads(counts[:, 11:, :], voxel_um=VOXEL)
    first_row = [bead for bead in beads if bead.y < 3]
    assert first_row
    assert {bead.reason for bead in first_row} == {"border"}


def test_neighbours_are_too_close_unless_the_user_allows_it():
    counts, _ = field(9, count=4)
    near = np.roll(counts, 8, axis=2).astype(float) - 100
    counts = (counts + np.maximum(near, 0)).astype("u2")
    beads = find_beads(counts, voxel_um=VOXEL)
    assert beads.funnel()["rejected"].get("too close", 0) >= 6
    allowed = find_beads(counts, voxel_um=VOXEL, min_separation_um=0.3)
    assert "too close" not in allowed.funnel()["rejected"]


def test_hot_voxels_do_not_tell_the_width_of_finely_sampled_beads():
    """Dim beads of eight voxels, and more hot voxels than beads, each far brighter than a bead."""
    rng = np.random.default_rng(3)
    shape = (30, 160, 160)
    light = np.full(shape, 100.0)
    grid = np.indices(shape)
    for y, x in [(40, 40), (45, 120), (110, 50), (120, 125)]:
        apart = [(grid[0] - 15) / 3.0, (grid[1] - y) / 3.4, (grid[2] - x) / 3.4]
        light += 60 * np.exp(-0.5 * np.sum(np.square(apart), axis=0))
    counts = rng.poisson(light)
    counts[tuple(rng.integers(0, n, 60) for n in shape)] += 100
    found = find(pb.Image(counts.astype("u2"), (0.1, 0.04, 0.04)), pb.DistillOptions())
    assert found.scale.fwhm == pytest.approx((7.1, 8.0, 8.0), rel=0.2)
    assert len(found.beads.with_status("used")) == 4


def test_merged_doublets_and_clumps_are_not_used(dirty_field):
    beads = find_beads(dirty_field.image)
    truth = dirty_field.beads
    single = truth.positions[truth.column("status") == "used"]
    used = beads.with_status("used").positions
    assert len(used) >= 4
    assert cKDTree(single).query(used)[0].max() < 1.5


def test_every_candidate_has_a_status_and_a_known_reason(dirty_field):
    beads = find_beads(dirty_field.image)
    for bead in beads:
        assert (bead.status == "rejected") == (bead.reason in REASONS)
    funnel = beads.funnel()
    assert funnel["found"] == len(beads) == funnel["used"] + sum(funnel["rejected"].values())


def test_a_plane_is_searched_as_a_plane():
    counts, true = field(10, shape=(1, 128, 128))
    beads = find_beads(counts[0], voxel_um=VOXEL)
    assert len(beads.with_status("used")) == len(true)
    assert matched(beads, true * (0, 1, 1)).max() < 0.2


def test_tiles_leave_no_seam(monkeypatch):
    counts, _ = field(11)
    whole = find_beads(counts, voxel_um=VOXEL)
    monkeypatch.setattr(blocks, "SEARCH", replace(blocks.SEARCH, least_side=50, tile_voxels=1))
    assert len(blocks.tiles(counts.shape)) == 9
    parts = find_beads(counts, voxel_um=VOXEL)
    assert np.allclose(np.sort(whole.positions, 0), np.sort(parts.positions, 0), atol=1e-6)


@pytest.mark.parametrize(
    ("seed", "photons"), [pytest.param(1, 3e6, marks=pytest.mark.slow), (3, 2e7)]
)
def test_the_rings_of_a_lone_bright_bead_are_no_beads(seed, photons):
    scene = {"beads": 1, "shape": (61, 160, 160), "psf_um": (12, 14, 14)}
    beads = find_beads(bead_field(seed, photons=(photons, photons), **scene).image)
    assert len(beads) <= 3
    assert len(beads.with_status("used")) == 1


@pytest.mark.parametrize("seed", range(5))
def test_noise_alone_has_no_used_bead(seed):
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.normal(0, 10, (20, 100, 100)), (0, 0.5, 0.5)) + 200
    beads = find_beads(np.round(noise).astype("u2"), voxel_um=VOXEL)
    with pytest.raises(NoBeadsError, match=r"no bead|no usable bead"):
        need_beads(beads, "noise.tif")


def test_constant_and_unscaled_images_are_refused():
    counts = np.ones((4, 32, 32), np.float32)
    with pytest.raises(ImageError, match="nothing but the value 1"):
        find_beads(counts, voxel_um=VOXEL)
    counts[1, 2, 3] = np.nan
    with pytest.raises(ImageError, match="nothing but the value 1"):
        find_beads(counts, voxel_um=VOXEL)
    with pytest.raises(ImageError, match="no voxel size"):
        find_beads(counts)
    with pytest.raises(OptionError, match="min_separation_um"):
        find_beads(counts, voxel_um=VOXEL, min_separation_um=-1)


@pytest.mark.data
def test_the_real_field_has_its_35_isolated_beads_and_its_aggregates():
    beads = find_beads(pb.read_image(bead_stack("sample_zstack.tif")))
    bright = beads.column("intensity") > 3000
    inside = beads.column("snr") > 20
    assert int((bright & inside).sum()) == 41
    funnel = beads.funnel()
    assert 30 <= funnel["used"] <= 35
    aggregate = cKDTree(beads.positions[:, 1:]).query((390, 40))[1]
    assert beads[int(aggregate)].reason == "too large"


@pytest.mark.data
def test_the_four_comet_shaped_beads_are_four_beads():
    beads = find_beads(pb.read_image(bead_stack("Bead_Image1_crop.tif")))
    assert beads.funnel() == {"found": 4, "used": 4, "held_out": 0, "rejected": {}}


@pytest.mark.parametrize("factor", [1e-9, 1 / 65535, 1e30])
def test_normalised_and_huge_floats_are_found_like_counts(factor):
    counts, true = field(12)
    scaled = (counts * factor).astype(np.float32)
    beads = find_beads(scaled, voxel_um=VOXEL)
    plain = find_beads(counts, voxel_um=VOXEL)
    assert matched(beads, true).max() < 0.2
    assert len(beads.with_status("used")) == len(true)
    assert beads.column("intensity") == pytest.approx(plain.column("intensity") * factor, rel=0.02)
    background = pb.distill(scaled, voxel_um=VOXEL, method="average", background=100 * factor)
    assert background.beads[0].background == pytest.approx(100 * factor)
