"""OME-Zarr of every version, and plain Zarr arrays."""

from __future__ import annotations

import numpy as np
import pytest
import zarr

from psfbridge.errors import ImageError
from psfbridge.imaging.image import Image
from psfbridge.imaging.read import Reading, read_image, read_info
from psfbridge.imaging.write import write_image

VOXEL_UM = (0.2, 0.1, 0.065)
STACK = np.arange(2 * 3 * 4 * 5 * 6, dtype=np.uint16).reshape(2, 3, 4, 5, 6)


def axes_of(letters, unit="micrometer"):
    kinds = {"t": {"type": "time", "unit": "second"}, "c": {"type": "channel"}}
    space = {"type": "space", "unit": unit} if unit else {"type": "space"}
    return [{"name": letter, **kinds.get(letter, space)} for letter in letters]


def written(path, array, axes, *, version="0.4", scale=None, whole_scale=None):
    """Write what another program writes: any version, any axes, two levels."""
    group = zarr.open_group(path, mode="w", zarr_format=3 if version == "0.5" else 2)
    datasets = []
    for level, data in enumerate([array, array[..., ::2, ::2]]):
        stored = group.create_array(str(level), shape=data.shape, dtype=data.dtype)
        stored[...] = data
        dataset = {"path": str(level)}
        if scale:
            step = {"type": "scale", "scale": [s * (1 + level) for s in scale]}
            dataset["coordinateTransformations"] = [step]
        datasets.append(dataset)
    multiscale = {"version": version, "datasets": datasets}
    if axes:
        multiscale["axes"] = axes
    if whole_scale:
        multiscale["coordinateTransformations"] = [{"type": "scale", "scale": whole_scale}]
    content = {"multiscales": [multiscale]}
    group.attrs.update({"ome": {"version": "0.5", **content}} if version == "0.5" else content)
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_time_and_channel_are_chosen(tmp_path, version):
    scale = [1, 1, *VOXEL_UM]
    path = written(tmp_path / "a.zarr", STACK, axes_of("tczyx"), version=version, scale=scale)
    with pytest.raises(ImageError, match="2 time points"):
        read_image(path)
    image = read_image(path, time=1)
    np.testing.assert_array_equal(image.data, STACK[1])
    assert image.voxel_um == pytest.approx(VOXEL_UM)
    assert image.notes == ()
    np.testing.assert_array_equal(read_image(path, time=0, channel=2).data, STACK[0, 2])


def test_units_and_both_scales_count(tmp_path):
    path = written(
        tmp_path / "a.zarr",
        STACK[0, 0],
        axes_of("zyx", "nanometer"),
        scale=[100, 50, 65],
        whole_scale=[2, 2, 1],
    )
    assert read_image(path).voxel_um == pytest.approx(VOXEL_UM)


def test_the_third_version_has_names_only(tmp_path):
    path = written(tmp_path / "a.zarr", STACK[0], list("czyx"), version="0.3")
    with pytest.raises(ImageError, match="no voxel size"):
        read_image(path)
    np.testing.assert_array_equal(read_image(path, voxel_um=VOXEL_UM).data, STACK[0])


def test_the_first_version_is_always_tczyx(tmp_path):
    path = written(tmp_path / "a.zarr", STACK, None, version="0.1")
    np.testing.assert_array_equal(read_image(path, voxel_um=VOXEL_UM, time=1).data, STACK[1])


@pytest.mark.parametrize("unit", ["", "pixel"])
def test_without_a_unit_there_is_no_voxel_size(tmp_path, unit):
    path = written(tmp_path / "a.zarr", STACK[0, 0], axes_of("zyx", unit), scale=VOXEL_UM)
    with pytest.raises(ImageError, match=r"a\.zarr has no voxel size"):
        read_image(path)


@pytest.mark.parametrize("value", [0.0, -0.2])
def test_an_impossible_scale_is_said(tmp_path, value):
    path = written(tmp_path / "a.zarr", STACK[0, 0], axes_of("zyx"), scale=[value, 0.1, 0.1])
    with pytest.raises(ImageError, match=rf"no usable z step \(its z scale is {value:g}\)"):
        read_image(path)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_plain_array_has_axes_without_names(tmp_path, zarr_format):
    path = tmp_path / "a.zarr"
    zarr.create_array(path, data=STACK[0, 0], zarr_format=zarr_format)
    image = read_image(path, voxel_um=VOXEL_UM)
    np.testing.assert_array_equal(image.data, STACK[0, 0])
    assert "4 planes were interpreted as z" in image.notes[0]


def test_a_plain_array_may_name_its_axes(tmp_path):
    zarr.create_array(tmp_path / "a.zarr", data=STACK[0], dimension_names=["c", "z", "y", "x"])
    image = read_image(tmp_path / "a.zarr", voxel_um=VOXEL_UM)
    np.testing.assert_array_equal(image.data, STACK[0])
    assert image.notes == ()


def test_several_images_in_one_folder(tmp_path):
    zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    written(tmp_path / "a.zarr" / "0", STACK[0, 0], axes_of("zyx"), scale=VOXEL_UM)
    image = read_image(tmp_path / "a.zarr")
    np.testing.assert_array_equal(image.data, STACK[0, 0])
    assert image.notes == ()
    written(tmp_path / "a.zarr" / "1", STACK[0, 1], axes_of("zyx"), scale=VOXEL_UM)
    assert "a.zarr holds 2 images: 0, 1; the first was used." in (
        read_image(tmp_path / "a.zarr").notes
    )
    second = Reading(series="1").image(tmp_path / "a.zarr")
    np.testing.assert_array_equal(second.data, STACK[0, 1])


def test_a_group_without_an_image(tmp_path):
    zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    with pytest.raises(ImageError, match="without an OME image"):
        read_image(tmp_path / "a.zarr")
    assert read_info(tmp_path / "a.zarr") == ""


def test_an_axis_that_is_unknown(tmp_path):
    axes = [{"name": "angle"}, *axes_of("zyx")]
    path = written(tmp_path / "a.zarr", STACK[0], axes, scale=[1, *VOXEL_UM])
    with pytest.raises(ImageError, match="allowed are t, c, z, y and x"):
        read_image(path)


def test_missing_chunks_are_said(tmp_path):
    path = tmp_path / "a.zarr"
    write_image(path, Image(np.ones((3, 4, 1500), "u1"), VOXEL_UM))
    chunks = [
        chunk for chunk in (path / "0").rglob("*") if chunk.name.isdigit() and chunk.is_file()
    ]
    chunks[0].unlink()
    assert "1 of 2 chunks of a.zarr are not stored" in read_image(path).notes[0]


@pytest.mark.parametrize("victim", [".zarray", "chunk", ".zattrs", ".zgroup"])
@pytest.mark.parametrize("content", [b"", b"{", b"\x00\x01\x02 no"])
def test_damage_is_one_clear_line(tmp_path, victim, content):
    path = tmp_path / "a.zarr"
    write_image(path, Image(STACK[0, 0], VOXEL_UM))
    files = {file.name: file for file in path.rglob("*") if file.is_file()}
    (files["0"] if victim == "chunk" else files[victim]).write_bytes(content)
    with pytest.raises(ImageError, match=r"a\.zarr is damaged") as caught:
        read_image(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_what_others_find_in_the_folder(tmp_path):
    write_image(tmp_path / "a.zarr", Image(STACK[0], VOXEL_UM, "beads"), info="about")
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    (multiscale,) = group.attrs["multiscales"]
    assert multiscale["version"] == "0.4"
    assert multiscale["axes"] == axes_of("czyx")
    (dataset,) = multiscale["datasets"]
    assert dataset["coordinateTransformations"] == [{"type": "scale", "scale": [1.0, *VOXEL_UM]}]
    np.testing.assert_array_equal(group[dataset["path"]][:], STACK[0])
    assert group[dataset["path"]].metadata.dimension_separator == "/"
