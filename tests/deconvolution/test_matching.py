"""PSFs of any program, any size and any voxel size serve an image, and what was done is told."""

from __future__ import annotations

import numpy as np
import psfmodels
import pytest
import tifffile
from command_line import refused, run

import psfbridge as pb

VOXEL_UM = (0.2, 0.1, 0.1)


@pytest.fixture(scope="module")
def volume():
    """A theoretical PSF, odd and centred, with a peak of 1."""
    made = psfmodels.make_psf(z=25, nx=31, dz=0.2, dxy=0.1, NA=0.9, ni0=1.0, ni=1.0, wvl=0.52)
    return made / made.max()


@pytest.fixture(scope="module")
def psf(volume):
    return pb.PSF.from_volume(volume, VOXEL_UM)


@pytest.fixture(scope="module")
def cells(psf):
    truth = np.zeros((20, 48, 48))
    rng = np.random.default_rng(2)
    for place in rng.integers(6, 14, (12, 3)) * (1, 3, 3):
        truth[tuple(place)] += 5000
    from scipy.signal import fftconvolve

    light = np.maximum(fftconvolve(truth, psf.data, mode="same"), 0) + 3
    return rng.poisson(light).astype(np.uint16)


def sharp(cells, psf, **options):
    return pb.deconvolve(cells, psf, voxel_um=VOXEL_UM, iterations=20, engine="cpu", **options)


def difference(a, b):
    return np.linalg.norm(a.data - b.data) / np.linalg.norm(b.data)


@pytest.mark.parametrize(
    "change",
    [
        lambda v: np.round(255 * v).astype(np.uint8),
        lambda v: np.round(60000 * v).astype(np.uint16),
        lambda v: np.pad(v, [(0, 1)] * 3) * 1e9,
        lambda v: np.roll(np.pad(v, 6), (2, -3, 1), (0, 1, 2)),
    ],
    ids=["8 bit", "16 bit", "even, large sum", "off centre"],
)
def test_a_foreign_psf_deconvolves_like_the_same_in_form(cells, psf, volume, change):
    foreign = sharp(cells, change(volume), psf_voxel_um=VOXEL_UM)
    assert difference(foreign, sharp(cells, psf)) < 0.05
    assert any("converted to a standard PSF" in note for note in foreign.notes)


def test_an_offset_is_told_and_its_subtraction_repays(cells, psf, volume):
    stored = np.round(250 * volume + 5).astype(np.uint8)
    right = sharp(cells, psf)
    kept = sharp(cells, stored, psf_voxel_um=VOXEL_UM)
    freed = sharp(cells, stored, psf_voxel_um=VOXEL_UM, psf_background="auto")
    assert any("has an offset" in note for note in kept.notes)
    assert difference(freed, right) < 0.1 < difference(kept, right)


def test_a_psf_wider_than_the_image_is_cropped_and_its_lost_light_told(psf):
    image = np.random.default_rng(0).poisson(50, (12, 18, 64))
    result = sharp(image, psf)
    note = next(note for note in result.notes if "cropped to 17 x 31" in note)
    inner = psf.data[1:-1, 8:-8, 1:-1].sum()
    assert f"loses {1 - inner:.2%} of its light" in note


def test_a_stack_serves_a_plane_by_its_plane_in_focus(psf):
    image = np.random.default_rng(0).poisson(50, (64, 64))
    result = sharp(image, psf)
    assert any(
        "the in-focus plane of the PSF, number 12, was used" in note for note in result.notes
    )
    plane = pb.PSF.from_volume(psf.data[12], VOXEL_UM)
    np.testing.assert_array_equal(result.data, sharp(image, plane).data)


def test_an_image_is_taken_as_a_psf_with_its_own_voxel_size(cells, psf, volume):
    fine = psfmodels.make_psf(z=49, nx=61, dz=0.1, dxy=0.05, NA=0.9, ni0=1.0, ni=1.0, wvl=0.52)
    result = sharp(cells, pb.Image(fine.astype("f4"), (0.1, 0.05, 0.05)))
    assert difference(result, sharp(cells, psf)) < 0.1
    assert any("it was resampled" in note for note in result.notes)


# ---------------------------------------------------------------- command line


@pytest.fixture
def files(tmp_path, volume, cells):
    """A PSF as other programs write it, without voxel size, and an image for it."""
    tifffile.imwrite(tmp_path / "foreign.tif", np.round(255 * volume).astype(np.uint8)[:24])
    pb.write_image(tmp_path / "cells.tif", pb.Image(cells, VOXEL_UM))
    return tmp_path


SIZE = ["--psf-voxel-um", 0.2, 0.1, 0.1]


def test_deconvolve_names_the_option_of_the_psf(capsys, files):
    arguments = [files / "cells.tif", "--psf", files / "foreign.tif", "-o", files / "out.tif"]
    status, line = refused(capsys, "deconvolve", *arguments)
    assert status == 1
    assert "foreign.tif has no voxel size." in line
    assert "--psf-voxel-um 0.2 0.065 0.065" in line
    assert not (files / "out.tif").exists()
    done = ["--iterations", 3, "--engine", "cpu"]
    status, out, _ = run(capsys, "deconvolve", *arguments, *SIZE, *done)
    assert status == 0
    assert "foreign.tif was converted to a standard PSF: 24 x 31 x 31 voxels became 25" in out


def test_convert_writes_what_every_command_takes(capsys, files):
    status, out, _ = run(capsys, "convert", files / "foreign.tif", "-o", files / "psf.tif", *SIZE)
    assert status == 0
    assert "its sum" in out
    assert pb.PSF.load(files / "psf.tif").voxel_um == pytest.approx(VOXEL_UM)
    again = run(capsys, "convert", files / "psf.tif", "-o", files / "same.tif")
    assert again[1] == f"wrote {files / 'same.tif'}\n"
    first, second = (pb.read_image(files / name).data for name in ("psf.tif", "same.tif"))
    np.testing.assert_array_equal(first, second)


def test_resample_takes_a_foreign_psf(capsys, files):
    status, out, _ = run(
        capsys, "resample", files / "foreign.tif", "-o", files / "coarse.tif", *SIZE,
        "--voxel-um", 0.3, 0.2, 0.2,
    )  # fmt: skip
    assert status == 0
    assert "foreign.tif was converted" in out
    assert pb.PSF.load(files / "coarse.tif").voxel_um == pytest.approx((0.3, 0.2, 0.2))


def test_check_takes_a_foreign_psf(capsys, small_field, tmp_path):
    pb.write_image(tmp_path / "beads.tif", small_field.image)
    stored = np.round(small_field.psf.data / small_field.psf.data.max() * 4095).astype(np.uint16)
    tifffile.imwrite(tmp_path / "foreign.tif", stored[:-1])
    status, out, _ = run(
        capsys, "check", tmp_path / "foreign.tif", tmp_path / "beads.tif", "--iterations", 2, *SIZE
    )
    assert status == 0
    assert "was converted" in out
    assert "beads checked: " in out
