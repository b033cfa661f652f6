"""Arrays that name their axes are taken in any order, with the voxel size of their coordinates."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import xarray

import psfbridge as pb
from psfbridge.errors import ImageError
from psfbridge.imaging.input_image import given_image
from psfbridge.imaging.lazy_volume import LazyVolume

DATA = np.arange(2 * 3 * 4 * 5, dtype=np.uint16).reshape(2, 3, 4, 5)
UM = {"Z": 0.2, "Y": 0.1, "X": 0.08}


def labelled(dims="CZYX", units="micrometer", factor=1.0):
    coordinates = {
        axis: xarray.DataArray(
            np.arange(length) * UM[axis] * factor + 7, dims=axis, attrs={"units": units}
        )
        for axis, length in zip("ZYX", DATA.shape[1:], strict=True)
    }
    return xarray.DataArray(DATA, coordinates, list("CZYX")).transpose(*dims)


@pytest.mark.parametrize("dims", ["CZYX", "ZCYX", "XYZC", "YXCZ"])
def test_any_order_is_the_same_image(dims):
    image = given_image(labelled(dims))
    np.testing.assert_array_equal(image.data, DATA)
    assert image.voxel_um == pytest.approx((0.2, 0.1, 0.08))


@pytest.mark.parametrize(("units", "factor"), [("nm", 1e3), ("m", 1e-6), ("µm", 1)])
def test_the_unit_of_the_coordinates_counts(units, factor):
    image = given_image(labelled(units=units, factor=factor))
    assert image.voxel_um == pytest.approx((0.2, 0.1, 0.08))


def test_one_time_point_is_left_out_and_a_plane_needs_no_z():
    frames = labelled().expand_dims("T")
    np.testing.assert_array_equal(given_image(frames).data, DATA)
    plane = labelled().isel(Z=1, C=0, drop=True)
    assert given_image(plane).voxel_um == pytest.approx((1, 0.1, 0.08))


def test_without_units_the_voxel_size_is_asked_for():
    bare = labelled(units="pixel")
    with pytest.raises(ImageError, match="an array has no voxel size"):
        given_image(bare)
    assert given_image(bare, voxel_um=(0.3, 0.1, 0.1)).voxel_um == (0.3, 0.1, 0.1)


def test_uneven_coordinates_are_no_voxel_size():
    uneven = labelled().assign_coords(Z=("Z", [0.0, 0.2, 0.5], {"units": "um"}))
    with pytest.raises(ImageError, match="no voxel size"):
        given_image(uneven)


def test_one_channel_is_none():
    np.testing.assert_array_equal(given_image(labelled().isel(C=[1])).data, DATA[1])


def test_a_stack_of_one_plane_needs_no_step():
    plane = given_image(labelled().isel(Z=[1], C=0, drop=True))
    np.testing.assert_array_equal(plane.data, DATA[0, 1:2])
    assert plane.voxel_um == pytest.approx((1, 0.1, 0.08))


def bioimage(units=("micrometer",) * 3):
    """What a BioImage of bioio gives: axes TCZYX, and the units of the coordinates beside them."""
    dask = pytest.importorskip("dask.array")
    array = labelled(units=None).expand_dims("T").transpose(*"TCZYX")
    array = array.copy(data=dask.from_array(array.values, chunks=(1, 1, 2, 4, 5)))
    properties = {
        axis: SimpleNamespace(type="space", unit=unit)
        for axis, unit in zip("ZYX", units, strict=True)
    }
    properties |= {axis: SimpleNamespace(type=None, unit=None) for axis in "TC"}
    return SimpleNamespace(
        xarray_dask_data=array, dimension_properties=SimpleNamespace(**properties)
    )


def test_a_bioimage_is_taken_with_the_units_that_it_keeps_beside_its_axes():
    image = given_image(bioimage())
    np.testing.assert_array_equal(image.data, DATA)
    assert image.voxel_um == pytest.approx((0.2, 0.1, 0.08))
    second = given_image(bioimage(), channel=1, lazy=True)
    assert isinstance(second.data, LazyVolume)
    np.testing.assert_array_equal(np.asarray(second.data), DATA[1])


def test_a_bioimage_without_units_is_asked_for_its_voxel_size():
    bare = bioimage(units=(None, "micrometer", "micrometer"))
    with pytest.raises(ImageError, match="an array has no voxel size"):
        given_image(bare)
    assert given_image(bare, voxel_um=(0.3, 0.1, 0.1)).voxel_um == (0.3, 0.1, 0.1)


def test_an_array_of_dask_is_an_image_to_distill_and_to_deconvolve(small_field):
    dask = pytest.importorskip("dask.array")
    image = small_field.image
    array = dask.from_array(image.data, chunks=(20, 64, 64))
    psfs, sharp = zip(
        *(
            (
                pb.distill(one, voxel_um=image.voxel_um, method="average").psf.data,
                pb.deconvolve(one, small_field.psf, voxel_um=image.voxel_um, iterations=2).data,
            )
            for one in (array, image.data)
        ),
        strict=True,
    )
    for first, second in (psfs, sharp):
        np.testing.assert_allclose(first, second, atol=1e-6 * float(np.max(second)))


def test_a_psf_comes_of_it(small_field):
    image = small_field.image
    steps = dict(zip("zyx", image.voxel_um, strict=True))
    coordinates = {
        axis: xarray.DataArray(np.arange(n) * steps[axis], dims=axis, attrs={"units": "um"})
        for axis, n in zip("zyx", image.data.shape, strict=True)
    }
    array = xarray.DataArray(image.data, coordinates, list("zyx")).transpose("y", "x", "z")
    first, second = (pb.distill(one, method="average").psf for one in (array, image))
    np.testing.assert_allclose(first.data, second.data, atol=1e-7)
