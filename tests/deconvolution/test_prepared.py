"""Images before and results after: backgrounds, masks, types of voxels, and what a file keeps."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from ome_types import from_tiff
from ome_zarr_models import open_ome_zarr

import psfbridge as pb
from psfbridge.deconvolution.files import deconvolve_file

VOXEL_UM = (0.2, 0.1, 0.1)
OPTIONS = {"iterations": 3, "engine": "cpu"}


@pytest.fixture(scope="module")
def psf():
    z, y, x = np.ogrid[-2:3, -3:4, -3:4]
    return pb.PSF.from_volume(np.exp(-(z**2 + y**2 + x**2) / 2.0), VOXEL_UM)


@pytest.fixture(scope="module")
def counts():
    """Spots on a background of 100 counts with the noise of a camera."""
    rng = np.random.default_rng(1)
    light = np.zeros((8, 40, 44))
    light[tuple(rng.integers(2, size - 2, 30) for size in light.shape)] = 4e3
    z, y, x = np.ogrid[-3:4, -3:4, -3:4]
    from scipy.ndimage import convolve

    light = convolve(light, np.exp(-(z**2 + y**2 + x**2) / 2.0), mode="nearest")
    return (100 + rng.poisson(light) + rng.normal(0, 3, light.shape)).round().astype(np.uint16)


def test_a_background_is_subtracted_as_asked(counts, psf):
    image = pb.Image(counts, VOXEL_UM, "a.tif")
    plain, by_hand, told, auto = (
        pb.deconvolve(one, psf, background=level, **OPTIONS)
        for one, level in (
            (image, "none"),
            (pb.Image(np.maximum(counts.astype(np.float32) - 100, 0), VOXEL_UM), "none"),
            (image, 100),
            (image, "auto"),
        )
    )
    np.testing.assert_allclose(told.data, by_hand.data, atol=1e-3)
    note = next(note for note in auto.notes if "background of a.tif" in note)
    level = float(note.split(", ")[1].split()[0])
    assert level == pytest.approx(100, abs=3)
    assert np.percentile(auto.data, 20) < 0.1 * np.percentile(plain.data, 20)


def test_what_the_mask_leaves_out_does_not_spoil_what_is_around_it(counts, psf, tmp_path):
    broken = counts.copy()
    broken[:, 20:23, 20:23] = 65535
    valid = np.ones(counts.shape[1:], np.uint8)
    valid[20:23, 20:23] = 0
    pb.write_image(tmp_path / "mask.tif", pb.Image(valid, VOXEL_UM))
    image = pb.Image(broken, VOXEL_UM, "a.tif")
    masked = pb.deconvolve(image, psf, mask=str(tmp_path / "mask.tif"), **OPTIONS)
    right, wrong = (
        pb.deconvolve(pb.Image(one, VOXEL_UM), psf, **OPTIONS).data for one in (counts, broken)
    )
    near = np.zeros(counts.shape, bool)
    near[:, 16:27, 16:27] = True
    near[:, 20:23, 20:23] = False
    off = [np.abs(one - right)[near].mean() / right[near].mean() for one in (masked.data, wrong)]
    assert off[0] < 0.1 * off[1]
    assert any("without data were filled" in note for note in masked.notes)
    pb.write_image(tmp_path / "a.tif", image)
    pb.PSF.from_volume(psf.data, VOXEL_UM).save(tmp_path / "psf.tif")
    deconvolve_file(
        tmp_path / "a.tif", [tmp_path / "psf.tif"], tmp_path / "out.tif",
        mask=str(tmp_path / "mask.tif"), **OPTIONS,
    )  # fmt: skip
    np.testing.assert_allclose(pb.read_image(tmp_path / "out.tif").data, masked.data, rtol=1e-5)


@pytest.mark.parametrize(("dtype", "most"), [("uint8", 255), ("uint16", 65535)])
def test_the_result_is_of_the_type_asked_for(counts, psf, dtype, most):
    image = pb.Image(counts * np.float32(20), VOXEL_UM, "a.tif")
    floats = pb.deconvolve(image, psf, **OPTIONS).data
    clipped = pb.deconvolve(image, psf, dtype=dtype, **OPTIONS)
    assert clipped.data.dtype == dtype
    np.testing.assert_array_equal(clipped.data, np.clip(np.rint(floats), 0, most).astype(dtype))
    over = int((floats > most).sum())
    assert any(f"{over} voxels of a.tif were above {most}" in note for note in clipped.notes)
    scaled = pb.deconvolve(image, psf, dtype=dtype, overflow="scale", **OPTIONS)
    assert scaled.data.max() == most
    np.testing.assert_allclose(scaled.data, floats * (most / floats.max()), atol=0.51)


@pytest.fixture
def movie(tmp_path, counts, psf):
    """Three time points of two channels with names, 1.5 s apart."""
    data = np.stack([np.stack([counts, counts[::-1]])] * 3)
    metadata = {"axes": "TCZYX", "Channel": {"Name": ["DAPI", "GFP"]}, "TimeIncrement": 1.5}
    metadata |= {f"PhysicalSize{axis}": um for axis, um in zip("ZYX", VOXEL_UM, strict=True)}
    tifffile.imwrite(tmp_path / "a.ome.tif", data, ome=True, metadata=metadata)
    psf.save(tmp_path / "psf.tif")
    return tmp_path / "a.ome.tif"


def run(movie, name, **options):
    out = movie.with_name(name)
    options = {"iterations": 1, "engine": "cpu"} | options
    deconvolve_file(movie, [movie.with_name("psf.tif")], out, **options)
    return out


def test_an_ome_tiff_keeps_the_names_of_channels_and_the_time(movie):
    pixels = from_tiff(run(movie, "out.ome.tif", dtype="uint16")).images[0].pixels
    assert [one.name for one in pixels.channels] == ["DAPI", "GFP"]
    assert (pixels.time_increment, pixels.size_t) == (1.5, 3)
    assert pixels.type.value == "uint16"
    one = run(movie, "gfp.ome.tif", channel="GFP")
    assert [c.name for c in from_tiff(one).images[0].pixels.channels] == ["GFP"]
    with tifffile.TiffFile(run(movie, "out.tif")) as file:
        assert file.imagej_metadata["finterval"] == 1.5


def test_an_ome_zarr_keeps_them_too_and_is_what_its_specification_says(movie):
    out = run(movie, "out.zarr")
    group = open_ome_zarr(str(out))
    assert [one.label for one in group.attributes.omero.channels] == ["DAPI", "GFP"]
    axes = group.attributes.multiscales[0].axes
    assert (axes[0].name, axes[0].unit) == ("t", "second")
    again = run_again(movie, out)
    assert [one.name for one in from_tiff(again).images[0].pixels.channels] == ["DAPI", "GFP"]
    assert from_tiff(again).images[0].pixels.time_increment == 1.5


def run_again(movie, source):
    out = movie.with_name("again.ome.tif")
    deconvolve_file(source, [movie.with_name("psf.tif")], out, iterations=1, engine="cpu")
    return out


def test_a_large_ome_zarr_has_smaller_copies_in_their_place(tmp_path):
    rng = np.random.default_rng(0)
    data = rng.integers(0, 60000, (2, 1300, 1100), np.uint16)
    pb.write_image(tmp_path / "a.zarr", pb.Image(data, VOXEL_UM, "a"))
    group = open_ome_zarr(str(tmp_path / "a.zarr"))
    datasets = group.attributes.multiscales[0].datasets
    assert [one.path for one in datasets] == ["0", "1", "2"]
    scale, shift = datasets[2].coordinateTransformations
    assert scale.scale == pytest.approx([0.2, 0.4, 0.4])
    assert shift.translation == pytest.approx([0, 0.15, 0.15])
    import zarr

    small = zarr.open_group(tmp_path / "a.zarr", mode="r")["1"][:]
    mean = data.reshape(2, 650, 2, 550, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(small, mean, atol=0.51)
    np.testing.assert_array_equal(pb.read_image(tmp_path / "a.zarr").data, data)
