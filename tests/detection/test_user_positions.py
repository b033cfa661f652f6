"""The beads that a user names are the beads, and no others."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

import psfbridge as pb
from psfbridge.errors import NoBeadsError, OptionError


@pytest.fixture(scope="module")
def picked(small_field):
    """Three true beads, named to the voxel only."""
    return np.round(small_field.beads.positions[[1, 4, 7]])


def test_only_the_named_beads_are_used_at_sub_voxel_positions(small_field, picked):
    beads = pb.find_beads(small_field.image, positions=picked)
    used = beads.with_status("used")
    assert len(used) == 3
    true = small_field.beads.positions[[1, 4, 7]]
    assert cKDTree(used.positions).query(true)[0].max() < 0.4
    unnamed = pb.find_beads(small_field.image).positions
    assert cKDTree(unnamed).query(used.positions)[0].max() < 1e-9
    assert beads.funnel()["rejected"] == {"not chosen": len(beads) - 3}


def test_a_bead_that_no_rule_would_take_is_used_if_it_is_named(dirty_field):
    every = pb.find_beads(dirty_field.image)
    border = next(bead for bead in every if bead.reason == "border" and bead.snr > 20)
    beads = pb.find_beads(dirty_field.image, positions=[(border.z, border.y, border.x)])
    used = beads.with_status("used")
    assert [bead.bead for bead in used] == [border.bead]


def test_hot_pixels_and_saturated_beads_stay_rejected(dirty_field):
    every = pb.find_beads(dirty_field.image)
    bad = [bead for bead in every if bead.reason in ("hot pixel", "saturated")][:5]
    spots = [(bead.z, bead.y, bead.x) for bead in bad]
    beads = pb.find_beads(dirty_field.image, positions=spots)
    assert len(beads.with_status("used")) == 0


def test_named_twice_is_one_bead(small_field, picked):
    beads = pb.find_beads(small_field.image, positions=np.concatenate([picked, picked + 0.3]))
    assert len(beads.with_status("used")) == 3


def test_a_named_place_without_a_bead_is_too_dim(small_field, picked):
    true = cKDTree(small_field.beads.positions)
    grid = np.array([(15, y, x) for y in range(10, 100, 4) for x in range(10, 100, 4)], float)
    empty = grid[np.argmax(true.query(grid)[0])]
    beads = pb.find_beads(small_field.image, positions=[*picked, empty])
    assert len(beads.with_status("used")) == 3
    assert beads.funnel()["rejected"]["too dim"] == 1
    with pytest.raises(NoBeadsError, match=r"1 too dim.*Expose longer"):
        pb.distill(small_field.image, positions=[empty])


@pytest.mark.parametrize("method", ["average"])
def test_the_psf_comes_from_the_named_beads_alone(small_field, picked, method):
    options = {"positions": picked, "method": method, "size": (21, 31, 31)}
    result = pb.distill(small_field.image, **options)
    used = result.beads.with_status("used").positions
    assert len(used) == 3
    assert cKDTree(picked).query(used)[0].max() < 1.5
    # What is outside their boxes has no say.
    image = small_field.image
    other = cKDTree(picked).query(small_field.beads.positions)[0] > 20
    counts = image.data.copy()
    for z, y, x in np.round(small_field.beads.positions[other]).astype(int):
        counts[z, y, x] += 200
    changed = pb.distill(pb.Image(counts, image.voxel_um), **options)
    apart = np.linalg.norm(changed.psf.data - result.psf.data) / np.linalg.norm(result.psf.data)
    assert apart < 0.05


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([(1, 2)], "row of finite z, y, x"),
        ([], "at least one row"),
        ("some", "positions are 'some'"),
        ([(np.nan, 2, 3)], "row of finite"),
        ([(5, 5, 5), (15, 200, 5)], r"position 1 is z=15 y=200 x=5.*31 x 112 x 112"),
    ],
)
def test_impossible_positions_are_refused(small_field, positions, message):
    with pytest.raises(OptionError, match=message):
        pb.find_beads(small_field.image, positions=positions)


def test_positions_belong_to_one_image_and_to_methods_that_choose(small_field, picked):
    with pytest.raises(OptionError, match="positions work with one image, but 2 were given"):
        pb.distill(small_field.image, small_field.image, positions=picked)
    with pytest.raises(OptionError, match="uses everything bright"):
        pb.distill(small_field.image, positions=picked, method="reverse-rl")
