"""Voxels without data are told from dark ones."""

import numpy as np
import pytest
import tifffile
from command_line import run

import psfbridge as pb
from psfbridge.errors import ImageError
from psfbridge.imaging.no_data import filled, missing_voxels

VOXEL = (0.2, 0.1, 0.1)


def camera(seed=0, level=100.0, sd=5.0, shape=(9, 80, 80)):
    rng = np.random.default_rng(seed)
    return np.rint(rng.normal(level, sd, shape)).clip(0, 65535).astype(np.uint16)


def zeroed(counts, kind):
    counts = counts.copy()
    if kind == "rows":
        counts[:, :7] = 0
    if kind == "corner":
        y, x = np.indices(counts.shape[1:])
        counts[:, (y + x < 20) & (y + x >= 0)] = 0
    if kind == "first planes":
        counts[:2] = 0
    if kind == "slanted":
        for z, plane in enumerate(counts):
            plane[:, : 3 * z] = 0
    return counts


@pytest.mark.parametrize("level", [0.0, 100.0, 3000.0])
@pytest.mark.parametrize("kind", ["rows", "corner", "first planes", "slanted"])
def test_zeros_of_other_programs_are_no_data(kind, level):
    """With a level of 0 the camera itself gives zeros, in half of its voxels."""
    sound = camera(level=max(level, 8.0), sd=4.0 if level == 0 else 5.0)
    counts = zeroed(sound, kind)
    missing = missing_voxels(counts)
    assert missing is not None
    gone = counts != sound
    assert missing[gone].mean() > 0.98
    assert missing[~gone & (sound > 0)].mean() < 0.05


def test_nan_and_infinity_are_no_data():
    counts = camera().astype(np.float32)
    counts[2, 10:20, 10:20] = np.nan
    counts[3, 5, 5] = np.inf
    assert np.count_nonzero(missing_voxels(counts)) == 101


@pytest.mark.parametrize("share", [0.2, 0.5, 0.7])
@pytest.mark.parametrize("seed", [1, 2])
def test_clipped_noise_is_data(share, seed):
    counts = camera(seed, level=1000.0).astype(int)
    clipped = np.maximum(counts - int(np.quantile(counts, share)), 0).astype(np.uint16)
    assert missing_voxels(clipped) is None


def test_shade_below_the_black_level_is_data():
    """The left of the field is dark: all of its voxels are cut off, those beside them in part."""
    rng = np.random.default_rng(3)
    light = np.linspace(-40, 60, 80)
    counts = np.maximum(np.rint(rng.normal(light, 5, (9, 80, 80))), 0).astype(np.uint16)
    assert missing_voxels(counts) is None


def test_an_ordinary_image_has_all_of_its_data():
    assert missing_voxels(camera()) is None


def test_gaps_are_filled_smoothly_from_around_them():
    ramp = np.broadcast_to(np.linspace(100, 200, 60), (2, 60, 60)).copy()
    valid = np.ones(ramp.shape, bool)
    valid[:, 20:30, 20:30] = False
    holed = np.where(valid, ramp, np.nan)
    assert np.abs(filled(holed, valid) - ramp).max() < 10


def test_a_mask_of_the_user_leaves_voxels_out():
    counts = camera(shape=(20, 64, 64))
    counts[8:12, 20:23, 20:23] += 300
    counts[8:12, 44:47, 44:47] += 300
    valid = np.ones(counts.shape[1:], bool)
    valid[40:50, 40:50] = False
    beads = pb.find_beads(pb.Image(counts, VOXEL, valid=valid))
    assert len(beads) == 1
    assert beads[0].y == pytest.approx(21, abs=0.5)


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(ImageError, match=r"mask of array has the shape \(3, 3\)"):
        pb.Image(camera(), VOXEL, valid=np.ones((3, 3), bool))


@pytest.mark.parametrize("whole", [True, False])
def test_the_option_mask_names_a_file(tmp_path, capsys, whole):
    counts = camera(shape=(20, 64, 64))
    counts[8:12, 20:23, 20:23] += 300
    counts[8:12, 44:47, 44:47] += 300
    mask = np.ones(counts.shape if whole else counts.shape[1:], np.uint8)
    mask[..., 40:50, 40:50] = 0
    image, path = tmp_path / "beads.tif", tmp_path / "mask.tif"
    tifffile.imwrite(image, counts, photometric="minisblack")
    tifffile.imwrite(path, mask, photometric="minisblack")
    assert len(pb.find_beads(image, voxel_um=VOXEL, mask=path)) == 1
    assert len(pb.find_beads(counts, voxel_um=VOXEL, mask=path)) == 1
    status, out, err = run(capsys, "beads", image, "--voxel-um", *VOXEL, "--mask", path)
    assert (status, err) == (0, "")
    assert "1 found" in out


def test_a_mask_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"nowhere\.tif"):
        pb.find_beads(camera(), voxel_um=VOXEL, mask=str(tmp_path / "nowhere.tif"))


def test_gaps_far_from_all_that_is_seen_have_the_level_of_their_plane():
    counts = camera(shape=(2, 300, 400))
    valid = np.zeros(counts.shape, bool)
    valid[:, 200:260, 300:390] = True
    full = filled(counts, valid)
    for plane, seen in zip(full, counts[:, 200:260, 300:390], strict=True):
        assert np.all(plane[:150, :250] == int(np.median(seen)))
    np.testing.assert_array_equal(full[valid], counts[valid])
    assert np.abs(full[:, 199, 340].astype(float) - 100).max() < 5
