"""The voxel size that a file states, in any unit; and what is said where it states none."""

from __future__ import annotations

import pytest
import tifffile
from image_files import VOXEL_UM, counting, write_like_imagej

from psfbridge.errors import ImageError, OptionError
from psfbridge.imaging.read import read_image


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("micron", 1), ("\\u00B5m", 1), ("um", 1), ("nm", 1e-3), ("mm", 1e3), ("cm", 1e4)],
)
def test_imagej_units(tmp_path, unit, factor):
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path,
        counting(3, 4, 5),
        imagej=True,
        resolution=(factor / 0.065, factor / 0.1),
        metadata={"unit": unit, "spacing": 0.2 / factor},
    )
    assert read_image(path).voxel_um == pytest.approx(VOXEL_UM)


def test_imagej_units_that_differ_by_axis(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        counting(3, 4, 5),
        imagej=True,
        resolution=(1 / 0.065, 1 / 100),
        metadata={"axes": "ZYX", "spacing": 200, "unit": "micron", "yunit": "nm", "zunit": "nm"},
    )
    assert read_image(tmp_path / "a.tif").voxel_um == pytest.approx(VOXEL_UM)


def test_centimetres_in_the_tags_count(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        counting(4, 5),
        resolution=(1e4 / 0.065, 1e4 / 0.1),
        resolutionunit="CENTIMETER",
    )
    assert read_image(tmp_path / "a.tif").voxel_um[1:] == pytest.approx(VOXEL_UM[1:])


def test_a_printers_resolution_is_no_voxel_size(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", counting(4, 5), resolution=(72, 72), resolutionunit="INCH")
    with pytest.raises(ImageError, match=r"352\.8 µm per pixel, is that of a printer"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_a_unit_that_makes_it_no_microscopes_is_said(tmp_path, factor):
    unit = {1e-3: "nm", 1e3: "mm"}[factor]
    path = write_like_imagej(tmp_path / "a.tif", counting(3, 4, 5), "ZYX", unit=unit)
    with pytest.raises(ImageError, match=r"a\.tif has voxels of .*allowed are 0\.001 to 25 µm"):
        read_image(path)
    assert read_image(path, voxel_um=VOXEL_UM).voxel_um == VOXEL_UM


def test_no_voxel_size_at_all(tmp_path):
    tifffile.imwrite(tmp_path / "beads.tif", counting(7, 5, 6))
    with pytest.raises(ImageError) as caught:
        read_image(tmp_path / "beads.tif")
    assert str(caught.value) == (
        "beads.tif has no voxel size. Give the voxel size in µm (z y x), for example "
        "voxel_um=(0.2, 0.065, 0.065)."
    )
    assert read_image(tmp_path / "beads.tif", voxel_um=VOXEL_UM).voxel_um == VOXEL_UM


def test_no_z_step(tmp_path):
    path = tmp_path / "beads.tif"
    tifffile.imwrite(
        path,
        counting(3, 4, 5),
        imagej=True,
        resolution=(10, 10),
        metadata={"unit": "um", "axes": "ZYX"},
    )
    with pytest.raises(ImageError) as caught:
        read_image(path)
    assert str(caught.value) == (
        "beads.tif has no z step. Give the voxel size in µm (z y x), for example voxel_um=(0.2, "
        "0.1, 0.1)."
    )


def test_a_single_plane_needs_no_z_step(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, counting(4, 5), imagej=True, resolution=(10, 10), metadata={"unit": "um"}
    )
    image = read_image(path)
    assert image.data.shape == (1, 4, 5)
    assert image.voxel_um == pytest.approx((1, 0.1, 0.1))


@pytest.mark.parametrize("value", [0.0, -0.3, float("nan"), float("inf")])
def test_an_impossible_z_step_is_said(tmp_path, value):
    path = write_like_imagej(tmp_path / "a.tif", counting(3, 4, 5), "ZYX", spacing=value)
    with pytest.raises(ImageError, match=rf"no usable z step \(its z step is {value}"):
        read_image(path)
    assert read_image(path, voxel_um=VOXEL_UM).voxel_um == VOXEL_UM


@pytest.mark.parametrize("value", [0.0, -0.3, float("nan")])
def test_an_impossible_ome_size_is_said(tmp_path, value):
    path = tmp_path / "a.ome.tif"
    sizes = {"PhysicalSizeX": value, "PhysicalSizeY": 0.1, "PhysicalSizeZ": 0.2}
    tifffile.imwrite(path, counting(3, 4, 5), ome=True, metadata={"axes": "ZYX", **sizes})
    with pytest.raises(ImageError, match=r"no usable .*PhysicalSizeX is "):
        read_image(path)


def test_a_zero_resolution_is_said(tmp_path):
    path = write_like_imagej(tmp_path / "a.tif", counting(3, 4, 5), "ZYX")
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages.first.tags["XResolution"].overwrite((0, 1))
    with pytest.raises(ImageError, match=r"no usable .*x resolution is \(0, 1\)"):
        read_image(path)


@pytest.mark.parametrize("value", [(0.2, 0.1), (0.2, 0.1, 0), (0.2, 0.1, float("nan")), "abc"])
def test_an_impossible_override_is_refused(tmp_path, value):
    path = write_like_imagej(tmp_path / "a.tif", counting(3, 4, 5), "ZYX")
    with pytest.raises(OptionError, match="voxel_um"):
        read_image(path, voxel_um=value)
