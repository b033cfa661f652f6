"""The one form of a PSF: whatever goes in, what comes out is safe in every program."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import psfbridge as pb
from psfbridge.errors import OptionError, OutputError, PSFError
from psfbridge.imaging.formats.tiff_write import ATTACHMENT_TAG
from psfbridge.imaging.image import Image
from psfbridge.imaging.read import read_image
from psfbridge.imaging.write import write_image
from psfbridge.numerics.fourier import peak_position
from psfbridge.psf.error_volume import unpacked
from psfbridge.psf.form import odd_shape
from psfbridge.psf.psf import PSF

VOXEL_UM = (0.2, 0.1, 0.1)


def blob(shape, centre, sigmas=(1.5, 1.5, 1.5)):
    waves = [
        np.exp(-0.5 * ((np.arange(length) - at) / sigma) ** 2)
        for length, at, sigma in zip(shape, centre, sigmas, strict=True)
    ]
    return waves[0][:, None, None] * waves[1][:, None] * waves[2]


def assert_in_form(psf):
    """Check every clause of the contract, apart from the constructor's own checks."""
    data = psf.data
    assert data.dtype == np.float32
    assert all(length % 2 for length in data.shape)
    assert data.min() >= 0
    assert data.sum(dtype=float) == pytest.approx(1, abs=1e-5)
    centre = np.array(data.shape) // 2
    assert tuple(np.unravel_index(np.argmax(data), data.shape)) == tuple(centre)
    assert np.abs(peak_position(data) - centre).max() <= 0.05
    for axis, length in enumerate(data.shape):
        edges = np.moveaxis(data, axis, 0)[[0, -1]]
        assert length == 1 or not edges.any()


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(*[st.integers(4, 20)] * 3),
    st.tuples(*[st.floats(0, 1)] * 3),
    st.tuples(*[st.floats(0.6, 3)] * 3),
    st.sampled_from([np.uint8, np.uint16, np.float32, np.float64]),
)
def test_any_blob_comes_into_form(shape, place, sigmas, dtype):
    """Off centre, at borders, cut off, wide for its box, of even shape, of any type."""
    centre = [at * (length - 1) for at, length in zip(place, shape, strict=True)]
    volume = (200 * blob(shape, centre, sigmas)).astype(dtype)
    assume((volume > 0).any())
    assert_in_form(PSF.from_volume(volume, VOXEL_UM))


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(5, 24), st.integers(5, 24)),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.floats(0.6, 3),
)
def test_any_plane_comes_into_form(shape, place, sigma):
    centre = [at * (length - 1) for at, length in zip(place, shape, strict=True)]
    psf = PSF.from_volume(blob((1, *shape), (0, *centre), (1, sigma, sigma))[0], VOXEL_UM)
    assert psf.data.shape[0] == 1
    assert_in_form(psf)


@settings(max_examples=40, deadline=None)
@given(st.tuples(*[st.integers(1, 25)] * 3), st.tuples(*[st.floats(-0.5, 0.5)] * 3))
def test_any_size_can_be_asked_for(size, offset):
    volume = blob((15, 16, 17), np.array((7, 8, 8)) + offset)
    try:
        psf = PSF.from_volume(volume, VOXEL_UM, shape=size)
    except PSFError as fault:
        assert min(length for length in odd_shape(size) if length > 1) <= 3
        assert "larger" in str(fault)
        return
    assert psf.data.shape == odd_shape(size)
    assert_in_form(psf)


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.floats(-0.5, 0.5)] * 3))
def test_what_fits_is_only_moved(offset):
    """A blob well inside its box is the same blob at the centre, not faded or blurred."""
    shape = (19, 21, 23)
    psf = PSF.from_volume(blob(shape, np.array((9, 10, 11)) + offset), VOXEL_UM)
    truth = blob(shape, (9, 10, 11))
    # A peak within 0.005 voxel of the centre stays there; along all axes that is 3.5e-3.
    np.testing.assert_allclose(psf.data, truth / truth.sum(), atol=4e-3 * truth.max() / truth.sum())


def test_noise_comes_into_form():
    """No peak worth the name, and yet every clause holds."""
    rng = np.random.default_rng(8)
    for _ in range(10):
        assert_in_form(PSF.from_volume(rng.normal(size=(9, 10, 11)), VOXEL_UM))


@pytest.mark.parametrize(
    "volume",
    [
        np.zeros((5, 5, 5)),
        -np.ones((5, 5, 5)),
        np.full((5, 5, 5), np.nan),
        np.full((5, 5, 5), np.inf),
    ],
)
def test_nothing_positive_is_no_psf(volume):
    with pytest.raises(PSFError, match="the volume is not a PSF"):
        PSF.from_volume(volume, VOXEL_UM)


def test_other_than_two_or_three_axes_are_refused():
    with pytest.raises(PSFError, match="4 axes"):
        PSF.from_volume(np.ones((2, 5, 5, 5)), VOXEL_UM)


def good():
    return PSF.from_volume(blob((7, 9, 11), (3, 4, 5), (1, 1.2, 1.4)), VOXEL_UM).data.copy()


def normalised(data):
    return data / data.sum()


def with_value(data, where, value):
    data[where] = value
    return data


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.astype(float), "float64"),
        (lambda data: data[0], "2 axes"),
        (lambda data: data[:-1], "must be odd"),
        (lambda data: with_value(data, (3, 4, 4), np.nan), "NaN"),
        (lambda data: with_value(data, (3, 4, 1), -0.1), "negative"),
        (lambda data: 2 * data, "its sum is 2"),
        (lambda data: normalised(with_value(data, (3, 4, 6), 2 * data.max())), "its peak is at"),
        (lambda data: with_value(data, (0, 4, 5), 1e-6), "outermost planes"),
    ],
)
def test_other_forms_are_refused(change, words):
    with pytest.raises(PSFError, match=words):
        PSF(change(good()), VOXEL_UM)


def test_a_peak_between_voxels_is_refused():
    data = blob((7, 9, 11), (3, 4, 5.2), (0.8, 1, 1)).astype(np.float32)
    data[[0, -1]] = data[:, [0, -1]] = data[:, :, [0, -1]] = 0
    with pytest.raises(PSFError, match=r"5\.2.*; it must be within 0.05 voxel"):
        PSF(data / data.sum(), VOXEL_UM)


def test_a_bad_voxel_size_is_refused():
    with pytest.raises(OptionError, match="voxel_um"):
        PSF(good(), (0.2, 0.0, 0.1))


def test_cropped_is_in_form_and_smaller():
    psf = PSF.from_volume(blob((21, 21, 21), (10, 10, 10)), VOXEL_UM, provenance={"beads": 3})
    small = psf.cropped((9, 10, 11))
    assert small.data.shape == (9, 11, 11)
    assert small.provenance == {"beads": 3}
    assert_in_form(small)


@settings(max_examples=15, deadline=None)
@given(
    st.tuples(*[st.floats(0.01, 5)] * 3),
    st.dictionaries(st.text(min_size=1, max_size=8), st.integers() | st.text(max_size=20)),
)
def test_save_and_load_keep_everything(tmp_path_factory, voxel_um, provenance):
    path = tmp_path_factory.mktemp("psf") / "psf.tif"
    psf = PSF(good(), voxel_um, None, provenance)
    psf.save(path)
    back = PSF.load(path)
    np.testing.assert_array_equal(back.data, psf.data)
    assert back.voxel_um == pytest.approx(voxel_um, rel=1e-6)
    assert back.provenance == provenance


def test_the_saved_file_is_what_imagej_writes(tmp_path):
    PSF(good(), VOXEL_UM, None, {"beads": 3}).save(tmp_path / "psf.tif")
    with tifffile.TiffFile(tmp_path / "psf.tif") as file:
        meta = file.imagej_metadata
        assert file.series[0].axes == "ZYX"
        assert file.pages.first.dtype == np.float32
    assert (meta["unit"], meta["spacing"]) == ("micron", 0.2)
    assert meta["max"] == pytest.approx(good().max())
    assert json.loads(meta["Info"]) == {"beads": 3}


def test_a_plane_comes_back(tmp_path):
    psf = PSF.from_volume(blob((1, 11, 11), (0, 5, 5)), VOXEL_UM)
    psf.save(tmp_path / "psf.tif")
    back = PSF.load(tmp_path / "psf.tif")
    np.testing.assert_array_equal(back.data, psf.data)
    assert back.voxel_um == pytest.approx(VOXEL_UM)


def test_another_programs_file_is_loaded(tmp_path):
    write_image(tmp_path / "psf.tif", Image(good(), VOXEL_UM), info="from elsewhere")
    assert PSF.load(tmp_path / "psf.tif").provenance == {"info": "from elsewhere"}
    write_image(tmp_path / "list.tif", Image(good(), VOXEL_UM), info="[1, 2]")
    assert PSF.load(tmp_path / "list.tif").provenance == {"info": "[1, 2]"}


def test_an_image_that_is_no_psf_is_named(tmp_path):
    write_image(tmp_path / "cells.tif", Image(np.ones((5, 5, 5), "f4"), VOXEL_UM))
    with pytest.raises(PSFError, match=r"cells\.tif: not a usable PSF"):
        PSF.load(tmp_path / "cells.tif")


def test_save_says_where_it_cannot(tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        PSF(good(), VOXEL_UM).save(tmp_path / "none" / "psf.tif")


def test_saving_over_the_file_that_is_mapped_is_safe(tmp_path):
    path = tmp_path / "psf.tif"
    PSF(good(), VOXEL_UM).save(path)
    mapped = read_image(path)
    PSF.from_volume(blob((5, 5, 5), (2, 2, 2)), VOXEL_UM).save(path)
    np.testing.assert_array_equal(mapped.data, good())


@pytest.mark.parametrize("name", ["psf.tif", "psf.ome.tif", "psf.zarr"])
def test_the_standard_error_is_kept_in_the_file(small_field, tmp_path, name):
    psf = small_field.psf
    error = np.linspace(0, 1e-3, psf.data.size, dtype=np.float32).reshape(psf.data.shape)
    replace(psf, error=error).save(tmp_path / name)
    loaded = PSF.load(tmp_path / name)
    np.testing.assert_array_equal(loaded.error, error)
    np.testing.assert_array_equal(loaded.data, psf.data)
    middle = tuple(n // 2 for n in psf.data.shape)
    expected = loaded.data.max() / error[middle]
    assert pb.measure(tmp_path / name).snr == pytest.approx(expected, rel=0.1)


def test_an_error_of_other_voxels_is_not_taken(small_field, tmp_path):
    psf = small_field.psf
    error = np.full_like(psf.data, 1e-4)
    replace(psf, error=error).save(tmp_path / "psf.tif")
    with tifffile.TiffFile(tmp_path / "psf.tif") as file:
        tag = file.pages.first.tags[ATTACHMENT_TAG].value
    other = PSF.from_volume(np.roll(psf.data, 0) ** 1.1, psf.voxel_um)
    assert unpacked(tag, other.data) is None
    assert unpacked(tag[:-9], psf.data) is None
    assert unpacked(b"", psf.data) is None
    other.save(tmp_path / "other.tif")
    assert PSF.load(tmp_path / "other.tif").error is None
