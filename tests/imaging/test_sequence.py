"""A stack in many files, named as programs name them, is the same image as in one file."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from command_line import run

import psfbridge as pb
from psfbridge.batch.run import distill_batch, expanded
from psfbridge.errors import ImageError
from psfbridge.imaging.formats import join_planes
from psfbridge.imaging.read import read_image

VOXEL_UM = (0.2, 0.1, 0.1)
STACK = np.random.default_rng(0).integers(0, 60000, (12, 5, 7), np.uint16)


def write_planes(folder, name, stack=STACK, first=0, **options):
    """Write each plane to a file whose name `name` makes of its number; return the paths."""
    folder.mkdir(exist_ok=True)
    paths = []
    # In an order that is no alphabet's: it must come from the names.
    for z in np.random.default_rng(1).permutation(len(stack)):
        path = folder / name.format(z=z + first)
        tifffile.imwrite(path, stack[z], metadata=None, **options)
        paths.append(str(path))
    return paths


NAMES = [
    "beads_z{z:03d}.tif",
    "beads_Z{z}.tif",  # without leading zeros
    "img_000000000_Default_{z:03d}.tif",
    "img_channel000_position000_time000000000_z{z:03d}.tif",
    "Series012_z{z:02d}_ch00.tif",
    "2024-03-01 beads z={z:02d}.TIFF",
    "Image 3_Slice {z}.tif",
    "{z:04d}.tif",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_planes_is_a_stack(tmp_path, name):
    write_planes(tmp_path / "stack", name)
    image = read_image(tmp_path / "stack", voxel_um=VOXEL_UM)
    np.testing.assert_array_equal(image.data, STACK)
    assert "stack: 12 files were read as one image with 12 planes." in image.notes


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("first", [1, 95])
def test_a_pattern_names_a_stack_among_other_files(tmp_path, name, first):
    write_planes(tmp_path, name, first=first)
    (tmp_path / "notes.txt").write_text("no plane")
    pattern = name
    for number in ("{z:03d}", "{z:02d}", "{z:04d}", "{z}"):
        pattern = pattern.replace(number, "*")
    tifffile.imwrite(tmp_path / pattern.replace("*", "007_psf"), STACK[0])
    image = read_image(tmp_path / pattern, voxel_um=VOXEL_UM)
    np.testing.assert_array_equal(image.data, STACK)


def test_channels_and_times_in_names(tmp_path):
    data = np.arange(2 * 3 * 4 * 5 * 6, dtype=np.uint16).reshape(2, 3, 4, 5, 6)
    for t, c, z in np.ndindex(2, 3, 4):
        tifffile.imwrite(tmp_path / f"a_w{c + 1}_t{t}_z{z}.tif", data[t, c, z])
    image = read_image(tmp_path, time=1, voxel_um=VOXEL_UM)
    np.testing.assert_array_equal(image.data, data[1])
    part = read_image(tmp_path, time=0, channel=2, voxel_um=VOXEL_UM)
    np.testing.assert_array_equal(part.data, data[0, 2])


def test_files_of_the_command_line_are_joined_by_their_names(tmp_path):
    planes = write_planes(tmp_path, "beads_z{z:02d}.tif")
    alone = [str(tmp_path / f"field{k}.tif") for k in (1, 2)]
    for path in alone:
        tifffile.imwrite(path, STACK)
    assert join_planes([*alone, *planes]) == [*alone, str(tmp_path / "beads_z*.tif")]
    assert expanded([tmp_path / "*.tif"]) == [str(tmp_path / "beads_z*.tif"), *alone]


def test_stacks_and_planes_that_no_z_numbers_are_not_joined(tmp_path):
    stacks = [str(tmp_path / f"beads_z{k}.tif") for k in (1, 2)]
    planes = [str(tmp_path / f"field{k}.tif") for k in (1, 2)]
    for path, data in zip([*stacks, *planes], [STACK, STACK, STACK[0], STACK[0]], strict=True):
        tifffile.imwrite(path, data)
    assert join_planes([*stacks, *planes]) == [*stacks, *planes]


def test_one_plane_of_many_says_so(tmp_path):
    planes = write_planes(tmp_path, "beads_z{z:02d}.tif")
    image = read_image(planes[0], voxel_um=VOXEL_UM)
    assert "is a single plane and one of 12 similarly named files" in image.notes[-1]
    assert "beads_z*.tif" in image.notes[-1]


def test_the_pixel_size_comes_from_the_files_and_the_step_is_asked_for(tmp_path):
    write_planes(tmp_path, "a_z{z}.tif", resolution=(1e5, 1e5), resolutionunit="CENTIMETER")
    with pytest.raises(ImageError, match=r"no z step\. .*voxel_um=\(0\.2, 0\.1, 0\.1\)"):
        read_image(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "a_z5.tif").unlink(), "the planes after number 4 are missing"),
        (
            lambda folder: tifffile.imwrite(folder / "a_z5.tif", STACK[0].astype("u1")),
            r"a_z5\.tif has the shape \(5, 7\) and type uint8",
        ),
        (lambda folder: tifffile.imwrite(folder / "b.tif", STACK[0]), "files of different names"),
        (lambda folder: (folder / "a_z5.tif").write_bytes(b"II*\0"), "damaged or cut off"),
    ],
)
def test_what_is_no_whole_stack_is_refused(tmp_path, spoil, words):
    write_planes(tmp_path, "a_z{z}.tif")
    spoil(tmp_path)
    with pytest.raises(ImageError, match=words):
        read_image(tmp_path, voxel_um=VOXEL_UM)


def test_two_numbers_without_a_name_are_not_guessed(tmp_path):
    for a, b in np.ndindex(2, 3):
        tifffile.imwrite(tmp_path / f"{a}-{b}.tif", STACK[0])
    with pytest.raises(ImageError, match="names differ by 2 numbers"):
        read_image(tmp_path, voxel_um=VOXEL_UM)


@pytest.mark.parametrize("lit", [[0], [1], [2], [0, 1, 2], [0, 2]])
def test_rgb_planes_of_one_colour_are_grey(tmp_path, lit):
    bytes_ = (STACK >> 8).astype(np.uint8)
    colours = np.zeros((*STACK.shape, 3), np.uint8)
    colours[..., lit] = bytes_[..., np.newaxis]
    write_planes(tmp_path, "a_z{z}.tif", colours, photometric="rgb")
    image = read_image(tmp_path, voxel_um=VOXEL_UM)
    np.testing.assert_array_equal(image.data, bytes_)
    assert any("RGB but contains only grey" in note for note in image.notes)


def test_rgb_planes_of_several_colours_are_refused(tmp_path):
    colours = np.random.default_rng(0).integers(0, 255, (12, 20, 20, 3), np.uint8)
    write_planes(tmp_path, "a_z{z}.tif", colours, photometric="rgb")
    with pytest.raises(ImageError, match="is an RGB image"):
        read_image(tmp_path, voxel_um=VOXEL_UM)


def test_distill_and_batch_give_the_psf_of_the_stack_in_one_file(capsys, small_field, tmp_path):
    data = np.asarray(small_field.image.data)
    pb.write_image(tmp_path / "one.tif", pb.Image(data, small_field.image.voxel_um))
    data = pb.read_image(tmp_path / "one.tif").data
    planes = write_planes(tmp_path / "planes", "beads_z{z:02d}.tif", np.ascontiguousarray(data))
    size = ["--voxel-um", *small_field.image.voxel_um, "--method", "average"]
    status, out, _ = run(capsys, "distill", *planes, "-o", tmp_path / "many.tif", *size)
    assert status == 0
    assert f"{len(data)} files were read as one image with {len(data)} planes" in out
    run(capsys, "distill", tmp_path / "one.tif", "-o", tmp_path / "psf.tif", *size)
    right = pb.PSF.load(tmp_path / "psf.tif").data
    np.testing.assert_array_equal(pb.PSF.load(tmp_path / "many.tif").data, right)
    reading = {"voxel_um": small_field.image.voxel_um}
    batch = distill_batch(planes, tmp_path / "out", **reading, method="average")
    assert [row.status for row in batch.rows] == ["done"]
    np.testing.assert_array_equal(pb.PSF.load(tmp_path / "out" / "beads_psf.tif").data, right)
    again = distill_batch(planes, tmp_path / "out", **reading, method="average")
    assert [row.status for row in again.rows] == ["kept"]
