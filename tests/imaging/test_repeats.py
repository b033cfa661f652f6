"""Repeats, named channels, and images of one file: which are read, and what is made of them."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from command_line import refused, run

import psfbridge as pb
from psfbridge.batch.run import distill_batch
from psfbridge.deconvolution.files import deconvolve_file
from psfbridge.errors import ImageError, OptionError
from psfbridge.imaging.read import Reading
from psfbridge.imaging.repeated import combined

VOXEL_UM = (0.2, 0.1, 0.1)
SERIES = np.random.default_rng(0).integers(0, 65535, (5, 2, 4, 6, 7), np.uint16)  # t, c, z, y, x


@pytest.fixture
def file(tmp_path):
    """Five time points of two channels with names, as OME-TIFF."""
    metadata = {"axes": "TCZYX", "Channel": {"Name": ["DAPI", "GFP"]}}
    metadata |= {f"PhysicalSize{axis}": um for axis, um in zip("ZYX", VOXEL_UM, strict=True)}
    tifffile.imwrite(tmp_path / "a.ome.tif", SERIES, ome=True, metadata=metadata)
    return tmp_path / "a.ome.tif"


@pytest.mark.parametrize("way", ["mean", "sum", "median"])
def test_time_points_become_one_image(file, way):
    image = Reading(time=way).image(file)
    right = getattr(np, way)(SERIES.astype(float), axis=0)
    np.testing.assert_allclose(image.data, right, rtol=1e-6)
    assert image.data.dtype == np.float32
    assert f"The {way} of the 5 time points of a.ome.tif was used." in image.notes


def test_only_the_part_that_is_asked_for_is_made(file):
    opened = Reading(time="mean").opened(file)
    part = opened.stored.read((1, slice(1, 3), 2, slice(None)))
    np.testing.assert_allclose(part, SERIES[:, 1, 1:3, 2].mean(axis=0), rtol=1e-6)


def test_all_time_points_are_images_of_their_own(file):
    images = Reading(time="all", channel=1).images(file)
    assert [one.name for one in images] == [f"a.ome.tif time {k}" for k in range(5)]
    for number, one in enumerate(images):
        np.testing.assert_array_equal(one.data, SERIES[number, 1])
    with pytest.raises(OptionError, match="time is all, which distils each time point"):
        Reading(time="all").image(file)


@pytest.mark.parametrize("value", ["latest", "-1", "1.5", -1, 1.5, True])
def test_impossible_times_are_refused(value):
    with pytest.raises(OptionError, match="allowed is a whole number of at least 0, or mean, sum"):
        Reading(time=value)


def test_a_channel_by_its_name(file):
    for name in ("GFP", "gfp"):
        image = Reading(channel=name, time=2).one_channel(file)
        np.testing.assert_array_equal(image.data, SERIES[2, 1])
    with pytest.raises(ImageError, match="no channel named 'Cy5'; it has DAPI, GFP"):
        Reading(channel="Cy5", time=0).image(file)


def test_a_name_where_the_file_has_none(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", SERIES[0], metadata={"axes": "ZCYX"}, imagej=True)
    with pytest.raises(ImageError, match="no channel named 'GFP'; its channels have no names"):
        Reading(channel="GFP", voxel_um=VOXEL_UM).image(tmp_path / "a.tif")


def test_an_image_of_several_in_an_ome_tiff(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.ome.tif") as writer:
        for number, name in enumerate(("overview", "beads")):
            sizes = {f"PhysicalSize{axis}": 0.1 * (number + 1) for axis in "ZYX"}
            writer.write(SERIES[number, 0], metadata={"axes": "ZYX", "Name": name, **sizes})
    first = Reading().image(tmp_path / "a.ome.tif")
    assert "a.ome.tif holds 2 images: 0 (overview), 1 (beads); the first was used." in first.notes
    for series in ("beads", "1"):
        image = Reading(series=series).image(tmp_path / "a.ome.tif")
        np.testing.assert_array_equal(image.data, SERIES[1, 0])
        assert image.voxel_um == pytest.approx((0.2, 0.2, 0.2))


def test_deconvolve_takes_the_same_choices(file, tmp_path):
    spot = np.zeros((3, 5, 5))
    spot[1, 2, 2] = 1
    pb.PSF.from_volume(spot, VOXEL_UM).save(tmp_path / "psf.tif")
    options = {"iterations": 1, "engine": "cpu", "time": "mean", "channel": "GFP"}
    deconvolve_file(file, [tmp_path / "psf.tif"], tmp_path / "out.tif", **options)
    made = pb.read_image(tmp_path / "out.tif").data
    np.testing.assert_allclose(made, SERIES[:, 1].mean(axis=0), rtol=1e-3)


def test_repeats_lower_the_noise_of_a_psf(capsys, small_field, tmp_path):
    """Each time point has its own noise; their mean, or all in one solve, is nearer the truth."""
    rng = np.random.default_rng(6)
    light = np.asarray(small_field.image.data, float)
    frames = rng.poisson(np.maximum(light, 0) / 40, (6, *light.shape)).astype(np.uint16)
    pb.imaging.write.write_volumes(
        tmp_path / "beads.tif", frames[:, np.newaxis], small_field.image.voxel_um
    )
    errors = {}
    for time in ("0", "mean", "all"):
        psf = tmp_path / f"{time}.tif"
        status, out, err = run(
            capsys, "distill", tmp_path / "beads.tif", "-o", psf, "--time", time,
            "--method", "average", "--bead-diameter-um", 0.1,
        )  # fmt: skip
        assert (status, err) == (0, ""), out
        errors[time] = pb.psf_error(pb.PSF.load(psf), small_field.psf)
    assert errors["mean"] < 0.8 * errors["0"]
    assert errors["all"] < 0.8 * errors["0"]


def test_the_choice_that_is_missing_is_named(capsys, file, tmp_path):
    _, line = refused(capsys, "distill", file, "-o", tmp_path / "psf.tif", "--channel", "GFP")
    assert "has 5 time points. Choose one: --time 0 to 4; or combine them all: --time mean." in line


# ---------------------------------------------------------------- every image of a file


@pytest.fixture
def two_images(tmp_path, small_field):
    """Two images of beads in one OME-TIFF, the second with half the light."""
    counts = np.asarray(small_field.image.data)
    with tifffile.TiffWriter(tmp_path / "two.ome.tif") as writer:
        for name, share in (("first", 1), ("second", 2)):
            sizes = {
                f"PhysicalSize{axis}": um
                for axis, um in zip("ZYX", small_field.image.voxel_um, strict=True)
            }
            metadata = {"axes": "ZYX", "Name": name, **sizes}
            writer.write((counts // share).astype(np.uint16), metadata=metadata)
    return tmp_path / "two.ome.tif"


def test_all_images_of_a_file_are_read_and_only_where_several_make_sense(two_images):
    images = Reading(series="all").images(two_images)
    assert len(images) == 2
    assert not any("the first was used" in note for one in images for note in one.notes)
    with pytest.raises(OptionError, match="holds 2 images, but only one can be used here"):
        Reading(series="all").image(two_images)


def test_a_batch_makes_a_psf_of_every_image_of_a_file(two_images, tmp_path):
    batch = distill_batch([two_images], tmp_path / "out", series="all", method="average")
    assert [row.status for row in batch.rows] == ["done", "done"]
    assert [row.file for row in batch.rows] == [f"{two_images} series {n}" for n in (0, 1)]
    assert {row.psf for row in batch.rows} == {f"two_series_{n}_psf.tif" for n in (0, 1)}
    again = distill_batch([two_images], tmp_path / "out", series="all", method="average")
    assert [row.status for row in again.rows] == ["kept", "kept"]


# ---------------------------------------------------------------- several files of one scene


@pytest.mark.parametrize("way", ["mean", "sum", "median"])
def test_several_images_of_a_scene_become_one(way):
    images = [pb.Image(frame[0], VOXEL_UM, f"{n}.tif") for n, frame in enumerate(SERIES)]
    image = combined(images, way)
    np.testing.assert_allclose(
        image.data, getattr(np, way)(SERIES[:, 0].astype(float), axis=0), rtol=1e-6
    )
    assert image.notes == (f"The {way} of 5 repeats of one field, 0.tif and others, was used.",)
    with pytest.raises(ImageError, match="repeats of one field must have the same size"):
        combined([*images, pb.Image(SERIES[0, 0, 1:], VOXEL_UM)], way)


def test_distill_takes_several_images_of_one_scene_as_one(small_field):
    rng = np.random.default_rng(6)
    light = np.asarray(small_field.image.data, float) / 40
    frames = [
        pb.Image(rng.poisson(light).astype(np.uint16), small_field.image.voxel_um, f"{n}.tif")
        for n in range(6)
    ]
    one = pb.distill(frames[0], method="average")
    mean = pb.distill(frames, method="average", repeats="mean")
    assert len(mean.images) == 1
    assert pb.psf_error(mean.psf, small_field.psf) < 0.8 * pb.psf_error(one.psf, small_field.psf)


def test_frames_of_each_plane_of_a_scanimage_file_are_averaged(tmp_path):
    """Pages are planes, in them frames, in them channels, as the settings in the file say."""
    stack = np.moveaxis(SERIES, 2, 0)  # z, t, c
    software = (
        "SI.VERSION_MAJOR = 5\nSI.hStackManager.framesPerSlice = 5\n"
        "SI.hChannels.channelSave = [1;2]\nSI.hStackManager.stackZStepSize = 0.2\n"
        "SI.hRoiManager.imagingFovUm = [0 0;0.7 0;0.7 0.6;0 0.6]\n"
    )
    with tifffile.TiffWriter(tmp_path / "a.tif", bigtiff=True) as writer:
        for page in stack.reshape(-1, 6, 7):
            writer.write(page, contiguous=False, metadata=None, software=software)
    image = Reading(time="mean", channel=1).one_channel(tmp_path / "a.tif")
    np.testing.assert_allclose(image.data, SERIES[:, 1].mean(axis=0), rtol=1e-6)
    assert image.voxel_um == pytest.approx(VOXEL_UM)
    with pytest.raises(ImageError, match="has 5 time points"):
        Reading().image(tmp_path / "a.tif")
