"""Images in: every dialect, every order of axes, every unit; and out, unchanged."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from image_files import VOXEL_UM, counting, write_like_imagej

from psfbridge.errors import ImageError, OptionError, OutputError
from psfbridge.imaging.image import Image
from psfbridge.imaging.read import read_image, read_info
from psfbridge.imaging.write import write_image

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

lengths = st.integers(1, 5)
sizes_um = st.tuples(*[st.floats(0.002, 20)] * 3)


# ---------------------------------------------------------------- round trips


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([".tif", ".ome.tif", ".zarr"]),
    st.tuples(lengths, lengths, lengths) | st.tuples(st.integers(2, 3), lengths, lengths, lengths),
    st.sampled_from([np.uint8, np.uint16, np.float32]),
    sizes_um,
    st.data(),
)
def test_write_then_read_is_the_same(tmp_path_factory, ending, shape, dtype, voxel_um, data):
    finite = {"allow_nan": False} if dtype is np.float32 else None
    array = data.draw(hnp.arrays(dtype, shape, elements=finite))
    path = tmp_path_factory.mktemp("image") / f"a{ending}"
    write_image(path, Image(array, voxel_um), info="line one\nµm")
    back = read_image(path)
    assert back.data.dtype.newbyteorder("=") == dtype
    np.testing.assert_array_equal(back.data, array)
    assert back.voxel_um == pytest.approx(voxel_um, rel=1e-6)
    assert back.notes == ()
    assert read_info(path) == "line one\nµm"


@pytest.mark.parametrize(
    ("ending", "dtype"),
    [
        *itertools.product([".ome.tif", ".zarr"], ["i1", "i2", "i4", "u4", "f8", ">u2", ">f4"]),
        *itertools.product([".zarr"], ["i8", "u8", "f2"]),
    ],
)
def test_ome_keeps_every_type(tmp_path, ending, dtype):
    array = counting(2, 3, 4, 5, dtype=dtype)
    write_image(tmp_path / f"a{ending}", Image(array, VOXEL_UM))
    back = read_image(tmp_path / f"a{ending}")
    assert back.data.dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(back.data, array)


@pytest.mark.parametrize("dtype", ["i8", "u8", "f2"])
def test_types_that_ome_tiff_lacks_are_refused(tmp_path, dtype):
    with pytest.raises(OutputError, match=r"OME-TIFF has no voxels of type .*\.zarr"):
        write_image(tmp_path / "a.ome.tif", Image(counting(3, 4, 5, dtype=dtype), VOXEL_UM))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u4", "u8", "f2", "f8"])
def test_imagej_gets_floats_where_they_are_exact(tmp_path, dtype):
    array = counting(3, 4, 5, dtype=dtype)
    write_image(tmp_path / "a.tif", Image(array, VOXEL_UM))
    back = read_image(tmp_path / "a.tif").data
    assert back.dtype.newbyteorder("=") == np.float32
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("value", [2**24 + 1, 2**62 + 1, 0.1, 1e300])
def test_imagej_never_gets_rounded_voxels(tmp_path, value):
    array = np.full((3, 4, 5), value)
    with pytest.raises(OutputError, match="do not fit ImageJ's 32-bit floats exactly"):
        write_image(tmp_path / "a.tif", Image(array, VOXEL_UM))
    assert list(tmp_path.iterdir()) == []


def test_what_imagej_finds_in_the_file(tmp_path):
    array = counting(2, 3, 4, 5)
    write_image(tmp_path / "a.tif", Image(array, VOXEL_UM))
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        meta, page = file.imagej_metadata, file.pages.first
        assert (meta["unit"], meta["spacing"], meta["slices"], meta["channels"]) == (
            ("micron", 0.2, 3, 2)
        )
        assert (meta["min"], meta["max"]) == (0, array.max())
        assert page.tags["XResolution"].value[0] / page.tags["XResolution"].value[1] == (
            pytest.approx(1 / VOXEL_UM[2])
        )
        np.testing.assert_array_equal(file.asarray(), array.transpose(1, 0, 2, 3))


def test_the_display_range_leaves_out_what_is_not_finite(tmp_path):
    array = np.array([[[np.nan, -1.5, np.inf, 7.0]]], np.float32)
    write_image(tmp_path / "a.tif", Image(array, VOXEL_UM))
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert (file.imagej_metadata["min"], file.imagej_metadata["max"]) == (-1.5, 7.0)


def test_a_constant_image_can_be_written(tmp_path):
    for value in (0, np.nan):
        write_image(tmp_path / "a.tif", Image(np.full((2, 3, 4), value, "f4"), VOXEL_UM))
        np.testing.assert_array_equal(read_image(tmp_path / "a.tif").data, value)


# ---------------------------------------------------------------- ImageJ


@pytest.mark.parametrize(
    ("axes", "shape"), [("ZYX", (4, 5, 6)), ("YX", (5, 6)), ("ZCYX", (4, 2, 5, 6))]
)
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_imagej_stacks(tmp_path, axes, shape, dtype):
    array = counting(*shape, dtype=dtype)
    image = read_image(write_like_imagej(tmp_path / "a.tif", array, axes))
    expected = array.swapaxes(0, 1) if "C" in axes else array.reshape(-1, 5, 6)
    np.testing.assert_array_equal(image.data, expected)
    z_um = VOXEL_UM[0]
    assert image.voxel_um == pytest.approx((z_um, *VOXEL_UM[1:]))
    assert image.notes == ()


def test_imagej_hyperstack_channel_and_time(tmp_path):
    array = counting(3, 4, 2, 5, 6)
    path = write_like_imagej(tmp_path / "a.tif", array, "TZCYX")
    both = read_image(path, time=1)
    np.testing.assert_array_equal(both.data, array[1].swapaxes(0, 1))
    assert both.channels == 2
    for time, channel in itertools.product(range(3), range(2)):
        part = read_image(path, time=time, channel=channel)
        np.testing.assert_array_equal(part.data, array[time, :, channel])


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_ome_hyperstack_in_any_order_and_coding(tmp_path, compression):
    array = counting(2, 3, 4, 16, 17)
    for axes in ("TCZYX", "TZCYX", "CTZYX", "ZCTYX"):
        path = tmp_path / f"{axes}.ome.tif"
        metadata = {"axes": axes, "PhysicalSizeX": 65, "PhysicalSizeXUnit": "nm"}
        metadata |= {"PhysicalSizeY": 0.1, "PhysicalSizeZ": 2e-4, "PhysicalSizeZUnit": "mm"}
        stored = array.transpose(["TCZYX".index(letter) for letter in axes])
        tifffile.imwrite(path, stored, ome=True, metadata=metadata, compression=compression)
        image = read_image(path, time=1)
        np.testing.assert_array_equal(image.data, array[1])
        assert image.voxel_um == pytest.approx(VOXEL_UM)
        np.testing.assert_array_equal(read_image(path, time=0, channel=2).data, array[0, 2])


def test_one_channel_and_one_time_point_need_no_choice(tmp_path):
    array = counting(1, 4, 1, 5, 6)
    path = write_like_imagej(tmp_path / "a.tif", array, "TZCYX")
    np.testing.assert_array_equal(read_image(path).data, array[0, :, 0])
    np.testing.assert_array_equal(read_image(path, time=0, channel=0).data, array[0, :, 0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, r"a\.tif has 3 time points\. Choose one: time=0 to 2"),
        ({"time": 3}, r"no time point 3; allowed are 0 to 2"),
        ({"time": 0, "channel": 2}, r"no channel 2; allowed are 0 to 1"),
    ],
)
def test_a_choice_that_is_missing_or_not_there(tmp_path, options, words):
    path = write_like_imagej(tmp_path / "a.tif", counting(3, 4, 2, 5, 6), "TZCYX")
    with pytest.raises(ImageError, match=words):
        read_image(path, **options)


@pytest.mark.parametrize("option", ["time", "channel"])
@pytest.mark.parametrize("value", [-1, 1.5, "first", True])
def test_impossible_choices(tmp_path, option, value):
    path = write_like_imagej(tmp_path / "a.tif", counting(3, 4, 2, 5, 6), "TZCYX")
    # A word may be the name of a channel: the file is asked, and has none.
    error = ImageError if (option, value) == ("channel", "first") else OptionError
    with pytest.raises(error, match=option):
        read_image(path, **{"time": 0, option: value})


@pytest.mark.parametrize("ending", [".tif", ".ome.tif"])
def test_planes_that_are_called_time_are_not_guessed(tmp_path, ending):
    array = counting(7, 5, 6)
    path = tmp_path / f"a{ending}"
    if ending == ".tif":
        write_like_imagej(path, array, "TYX")
    else:
        sizes = {f"PhysicalSize{axis}": 0.1 for axis in "XYZ"}
        tifffile.imwrite(path, array, ome=True, metadata={"axes": "TYX", **sizes})
    with pytest.raises(ImageError, match=r"7 time points and one z plane.*axes=ZYX.*time=0"):
        read_image(path)
    np.testing.assert_array_equal(read_image(path, axes="ZYX").data, array)
    np.testing.assert_array_equal(read_image(path, time=2).data, array[2:3])


# ---------------------------------------------------------------- axes without a name


def test_planes_that_are_called_channels_are_not_guessed(tmp_path):
    path = write_like_imagej(tmp_path / "a.tif", counting(8, 4, 5), "CYX")
    with pytest.raises(ImageError, match=r"8 channels\. If these are the planes.*axes=ZYX"):
        read_image(path).channel()
    assert read_image(path, axes="ZYX").channel().data.shape == (8, 4, 5)


def test_planes_without_a_name_are_taken_as_z_and_said(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for plane in counting(7, 5, 6):
            writer.write(plane, contiguous=False, metadata=None)
    image = read_image(tmp_path / "a.tif", voxel_um=VOXEL_UM)
    np.testing.assert_array_equal(image.data, counting(7, 5, 6))
    assert image.notes == (
        ("a.tif does not name its first axis; its 7 planes were interpreted as z."),
    )
    named = read_image(tmp_path / "a.tif", voxel_um=VOXEL_UM, axes="CYX")
    assert named.data.shape == (7, 1, 5, 6)
    assert named.notes == ()


def test_two_axes_without_a_name_are_not_guessed(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", counting(2, 7, 5, 6))
    with pytest.raises(ImageError, match=r"for example axes=CZYX"):
        read_image(tmp_path / "a.tif", voxel_um=VOXEL_UM)
    image = read_image(tmp_path / "a.tif", voxel_um=VOXEL_UM, axes="zcyx")
    np.testing.assert_array_equal(image.data, counting(2, 7, 5, 6).swapaxes(0, 1))


@pytest.mark.parametrize("axes", ["", "ZYXC", "YX", "ZZYX", "ZY", "ABYX", "ZXS"])
def test_axes_that_cannot_be(tmp_path, axes):
    tifffile.imwrite(tmp_path / "a.tif", counting(7, 5, 6))
    with pytest.raises(OptionError, match="axes is"):
        read_image(tmp_path / "a.tif", voxel_um=VOXEL_UM, axes=axes)


# ---------------------------------------------------------------- arrays


@pytest.mark.parametrize("ndim", [2, 3, 4])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "i8", "f2", "f8", ">u2"])
def test_arrays_pass_through(tmp_path, ndim, dtype):
    array = counting(2, 3, 5, 6, dtype=dtype)[(0,) * (4 - ndim)]
    np.save(tmp_path / "a.npy", array)
    for image in (
        read_image(array, voxel_um=VOXEL_UM),
        read_image(tmp_path / "a.npy", voxel_um=VOXEL_UM),
    ):
        np.testing.assert_array_equal(image.data, array if ndim > 2 else array[np.newaxis])
        assert np.shares_memory(image.data, array) == (image.name == "array")
        assert len(image.notes) == (ndim > 2)


def test_an_array_of_time_points(tmp_path):
    array = counting(4, 2, 3, 5, 6)
    with pytest.raises(ImageError, match="4 time points"):
        read_image(array, voxel_um=VOXEL_UM)
    image = read_image(array, voxel_um=VOXEL_UM, time=3, channel=1)
    np.testing.assert_array_equal(image.data, array[3, 1])


def test_an_array_needs_a_voxel_size():
    with pytest.raises(ImageError, match="array has no voxel size"):
        read_image(np.zeros((3, 4, 5)))


# ---------------------------------------------------------------- large files


def test_a_stack_beyond_4_gib_as_imagej_writes_it(tmp_path):
    """One header, then contiguous voxels; the file is sparse, so nothing large is written."""
    planes, side = 1200, 2048
    path = tmp_path / "large.tif"
    write_like_imagej(path, np.zeros((2, side, side), "u2"), "ZYX")
    with tifffile.TiffFile(path, mode="r+") as file:
        first = file.pages.first
        offset, description = first.dataoffsets[0], first.description
        text = description.replace("images=2\nslices=2\n", f"images={planes}\nslices={planes}\n")
        first.tags["ImageDescription"].overwrite(text)
        next_page = first.offset + 2 + 12 * len(first.tags)
    plane_bytes = side * side * 2
    with path.open("r+b") as file:
        # ImageJ writes no second directory beyond 4 GiB; what follows the voxels is not there.
        file.seek(next_page)
        file.write(bytes(4))
        file.truncate(offset + plane_bytes * planes)
        file.seek(offset + plane_bytes * (planes - 1))
        file.write((7).to_bytes(2, "big"))
    assert path.stat().st_size > 2**33
    image = read_image(path)
    assert image.data.shape == (planes, side, side)
    assert isinstance(image.data, np.memmap)
    assert image.data[-1, 0, 0] == 7
    assert image.data[-1, 0, 1] == 0


def test_uncompressed_voxels_are_mapped(tmp_path):
    write_image(tmp_path / "a.tif", Image(counting(3, 4, 5), VOXEL_UM))
    assert isinstance(read_image(tmp_path / "a.tif").data, np.memmap)


@pytest.mark.parametrize("ending", ["tif", "zarr"])
def test_more_than_the_memory_is_refused_with_both_numbers(tmp_path, monkeypatch, ending):
    path = tmp_path / f"a.{ending}"
    if ending == "tif":
        tifffile.imwrite(path, counting(40, 64, 64), compression="zlib")
    else:
        write_image(path, Image(counting(40, 64, 64), VOXEL_UM))
    monkeypatch.setattr("psfbridge.imaging.formats.axes.free_bytes", lambda: 100 * 1024)
    with pytest.raises(ImageError, match=r"needs 320\.0 KiB of memory, 100\.0 KiB are free"):
        read_image(path, voxel_um=VOXEL_UM)


# ---------------------------------------------------------------- real stacks


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "shape", "voxel_um"),
    [
        ("sample_zstack.tif", (34, 512, 512), (0.3, 0.108, 0.108)),
        ("Bead_Image1_crop.tif", (41, 150, 150), (0.125, 0.02249, 0.02249)),
        ("lattice_bead.tif", (61, 128, 128), None),
    ],
)
def test_real_stacks(name, shape, voxel_um):
    if not (SHARED / name).exists():
        pytest.skip(f"{name} is not here")
    if voxel_um is None:
        with pytest.raises(ImageError, match=r"lattice_bead\.tif has no voxel size"):
            read_image(SHARED / name)
        voxel_um = (0.1, 0.102, 0.102)
        image = read_image(SHARED / name, voxel_um=voxel_um)
        assert "61 planes were interpreted as z" in image.notes[0]
    else:
        image = read_image(SHARED / name)
        assert image.notes == ()
    assert image.data.shape == shape
    assert image.voxel_um == pytest.approx(voxel_um, rel=1e-3)
    np.testing.assert_array_equal(image.data, tifffile.imread(SHARED / name))


def test_masked_voxels_are_not_taken_as_counts():
    voxels = np.ma.masked_array(counting(3, 4, 5), mask=counting(3, 4, 5) == 7)
    with pytest.raises(ImageError, match=r"1 masked voxels.*array\.filled"):
        Image(voxels, VOXEL_UM)


def test_axes_that_an_array_names_in_another_order_are_refused():
    xarray = pytest.importorskip("xarray")
    Image(xarray.DataArray(counting(3, 4, 5), dims=("z", "y", "x")), VOXEL_UM)
    with pytest.raises(ImageError, match="has the axes x, y, z"):
        Image(xarray.DataArray(counting(3, 4, 5), dims=("x", "y", "z")), VOXEL_UM)
