"""PSFs of other programs: whatever their size, place, sum and type, the PSF in them comes out."""

from __future__ import annotations

import re

import numpy as np
import psfmodels
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

import psfbridge as pb
from psfbridge.errors import ImageError, OptionError, PSFError
from psfbridge.numerics.fourier import crop_or_pad, shift_volume
from psfbridge.psf.foreign import in_form, rim_level
from psfbridge.psf.psf import PSF, load_psfs

VOXEL_UM = (0.2, 0.08, 0.08)


@pytest.fixture(scope="module")
def gibson_lanni():
    """A PSF as PSF Generator's Gibson and Lanni model makes it: odd, centred, scaled to 1."""
    volume = psfmodels.make_psf(
        z=41, nx=41, dz=VOXEL_UM[0], dxy=VOXEL_UM[1], NA=1.2, ni0=1.33, ni=1.33, model="scalar"
    )
    return volume / volume.max()


def error(data, truth):
    """Distance of two PSFs of sum 1, as a share of the second, over what both hold."""
    shape = np.minimum(data.shape, truth.shape) - 2
    a, b = (crop_or_pad(v, shape, [n // 2 for n in v.shape]) for v in (data, truth))
    return np.linalg.norm(a / a.sum() - b / b.sum()) / np.linalg.norm(b / b.sum())


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i2", "i4", "i8", "f4", "f8", ">f8", ">u2"])
@pytest.mark.parametrize("pad", [(0, 0, 0), (1, 1, 1), (3, 0, 1)])
def test_any_type_and_size_is_the_same_psf(gibson_lanni, dtype, pad):
    volume = np.pad(gibson_lanni, [(0, n) for n in pad])
    scale = 1.0 if np.dtype(dtype).kind == "f" else min(np.iinfo(dtype).max, 2**40)
    stored = (volume * scale).round(12 if scale == 1 else 0).astype(dtype)
    data, notes = in_form(stored, "psf.tif")
    assert all(length % 2 for length in data.shape)
    # Of 8 bits the faint light is rounded away: the truth is what the file holds.
    assert error(data, stored[:41, :41, :41].astype(float)) < 0.02
    assert len(notes) == 1
    assert "was converted to a standard PSF" in notes[0]


@settings(max_examples=20, deadline=None)
@given(st.tuples(*[st.floats(-3, 3)] * 3), st.floats(1e-6, 1e12))
def test_place_and_sum_do_not_matter(gibson_lanni, move, scale):
    moved = np.maximum(shift_volume(np.pad(gibson_lanni, 6), move), 0) * scale
    data, notes = in_form(moved, "psf.tif")
    assert error(data, gibson_lanni) < 0.03
    told = re.search(r"moved by (\S+) (\S+) (\S+) voxels", notes[0])
    found = [float(told[k]) for k in (1, 2, 3)] if told else [0, 0, 0]
    assert found == pytest.approx([-step for step in move], abs=0.06)


def test_a_psf_in_form_is_not_touched_and_nothing_is_said(gibson_lanni):
    psf = PSF.from_volume(gibson_lanni, VOXEL_UM)
    data, notes = in_form(psf.data, "psf.tif")
    np.testing.assert_array_equal(data, psf.data)
    assert notes == ()


def test_an_offset_is_told_and_subtracted_only_if_asked(gibson_lanni):
    stored = np.round(200 * gibson_lanni + 20).astype(np.uint8)
    kept, told = in_form(stored, "psf.tif")
    assert "has an offset: the edge of its darkest plane is at 20" in told[1]
    assert error(kept, gibson_lanni) > 0.3
    for background in ("auto", 20):
        data, notes = in_form(stored, "psf.tif", background)
        assert "20 was subtracted" in notes[0]
        assert len(notes) == 1
        assert error(data, stored.astype(float) - 20) < 0.02


def test_a_noisy_floor_is_found_to_its_noise(gibson_lanni):
    rng = np.random.default_rng(3)
    stored = rng.poisson(5000 * gibson_lanni + 100).astype(np.uint16)
    assert rim_level(stored) == pytest.approx(100, abs=3)


@pytest.mark.parametrize("model", ["vectorial", "scalar", "gaussian"])
@pytest.mark.parametrize("size", [17, 33, 64])
def test_theoretical_psfs_are_not_said_to_stand_on_an_offset(model, size):
    volume = psfmodels.make_psf(z=size, nx=size, dz=0.2, dxy=0.1, NA=1.4, model=model)
    _, notes = in_form(volume, "psf.tif")
    assert not [note for note in notes if "offset" in note]


def test_negative_voxels_and_light_at_the_borders_are_told(gibson_lanni):
    data, notes = in_form(gibson_lanni - 0.01, "psf.tif")
    assert "negative voxels" in notes[0]
    assert data.min() == 0
    _, notes = in_form(gibson_lanni[12:29, 8:33, 8:33], "psf.tif")
    assert "of its light, in and beyond its outermost planes, was cropped" in notes[0]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda psf: psf * np.nan, "NaN or infinite"),
        (lambda psf: psf * 0, "no voxel above"),
        (lambda psf: psf * 0 + 7, "nothing but one value"),
        (lambda psf: np.tile(psf, (1, 2, 2)), "4 bright spots; a PSF has one"),
        (lambda psf: np.random.default_rng(0).normal(size=psf.shape), "bright spots"),
        (lambda psf: psf.astype(complex), "type complex"),
    ],
)
def test_what_is_no_psf_is_refused(gibson_lanni, spoil, words):
    with pytest.raises((PSFError, ImageError), match=words):
        in_form(spoil(gibson_lanni), "psf.tif")


def test_two_lobes_are_a_psf_and_told(gibson_lanni):
    double_helix = gibson_lanni + np.roll(gibson_lanni, 16, axis=2)
    _, notes = in_form(double_helix, "psf.tif")
    assert "2 bright spots" in notes[-1]


def test_an_impossible_background_is_refused(gibson_lanni):
    with pytest.raises(OptionError, match="psf_background is 'some'; allowed are none, auto or"):
        in_form(gibson_lanni, "psf.tif", "some")


def test_huge_values_do_not_overflow(gibson_lanni):
    data, _ = in_form(gibson_lanni * 1e300, "psf.tif")
    assert error(data, gibson_lanni) < 0.02


# ---------------------------------------------------------------- files


def test_a_file_without_voxel_size_names_the_right_option(gibson_lanni, tmp_path):
    tifffile.imwrite(tmp_path / "psf.tif", gibson_lanni.astype("f4"))
    with pytest.raises(
        ImageError,
        match=r"psf\.tif has no voxel size\..*, for example psf_voxel_um=",
    ):
        PSF.load(tmp_path / "psf.tif", conform=True)
    psf = PSF.load(tmp_path / "psf.tif", conform=True, voxel_um=VOXEL_UM)
    assert psf.voxel_um == VOXEL_UM
    assert any("its 41 planes were interpreted as z" in note for note in psf.notes)


def test_load_is_strict_unless_asked(gibson_lanni, tmp_path):
    pb.write_image(tmp_path / "psf.tif", pb.Image((255 * gibson_lanni[:40]).astype("f4"), VOXEL_UM))
    with pytest.raises(PSFError, match="every axis must be odd"):
        PSF.load(tmp_path / "psf.tif")
    assert PSF.load(tmp_path / "psf.tif", conform=True).data.shape == (41, 41, 41)


def test_frames_of_a_psf_are_its_planes(gibson_lanni, tmp_path):
    tifffile.imwrite(
        tmp_path / "psf.tif",
        gibson_lanni.astype("f4"),
        imagej=True,
        resolution=(12.5, 12.5),
        metadata={"axes": "TYX", "unit": "um", "spacing": 0.2},
    )
    psf = PSF.load(tmp_path / "psf.tif", conform=True)
    assert error(psf.data, gibson_lanni) < 0.01
    assert "The 41 time points of psf.tif were interpreted as z planes." in psf.notes


def test_each_channel_is_a_psf(gibson_lanni, tmp_path):
    stack = np.stack([gibson_lanni, shift_volume(gibson_lanni, (1, 0.5, 0))]).astype("f4")
    pb.write_image(tmp_path / "psf.tif", pb.Image(stack, VOXEL_UM))
    for psf in load_psfs(tmp_path / "psf.tif", conform=True):
        assert error(psf.data, gibson_lanni) < 0.03
