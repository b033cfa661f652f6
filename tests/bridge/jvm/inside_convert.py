"""Images both ways between ImageJ and NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import psfbridge as pb
from psfbridge import PSF, bridge
from psfbridge.bridge.java.find import java_class
from psfbridge.errors import ImageError, OptionError
from psfbridge.imaging.image import Image

VOXEL_UM = (0.3, 0.12, 0.1)
DTYPES = ("uint8", "uint16", "float32", "int16")
inside_java = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def volume(dtype: str, shape: tuple[int, ...], seed: int) -> Any:
    """Every bit pattern of the type, its extremes included."""
    rng = np.random.default_rng(seed)
    if dtype == "float32":
        data = rng.normal(0, 1e3, shape).astype(dtype)
        data.flat[0] = np.finfo(dtype).max
        return data
    limits = np.iinfo(dtype)
    data = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    data.flat[0], data.flat[-1] = limits.max, limits.min
    return data


@inside_java
@given(
    st.sampled_from(DTYPES),
    st.lists(st.integers(1, 5), min_size=3, max_size=4),
    st.integers(0, 2**32 - 1),
)
def test_there_and_back_changes_nothing(host, dtype, shape, seed):
    if len(shape) == 4 and shape[0] == 1:
        shape = shape[1:]
    data = volume(dtype, tuple(shape), seed)
    imp = bridge.to_imageplus(Image(data, VOXEL_UM, "there"))
    back = bridge.from_imageplus(imp)
    assert back.data.dtype == data.dtype
    np.testing.assert_array_equal(back.data, data)
    assert back.voxel_um == VOXEL_UM
    assert back.name == "there"
    channels = shape[0] if len(shape) == 4 else 1
    assert [imp.getNChannels(), imp.getNSlices(), imp.getNFrames()] == [channels, shape[-3], 1]
    assert [imp.getHeight(), imp.getWidth()] == list(shape[-2:])


def test_axes_are_where_imagej_has_them(host):
    data = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
    imp = bridge.to_imageplus(Image(data, VOXEL_UM))
    for c, z, y, x in [(0, 0, 0, 0), (1, 0, 0, 0), (0, 2, 0, 0), (0, 0, 3, 0), (1, 2, 3, 4)]:
        stack_index = imp.getStackIndex(c + 1, z + 1, 1)
        assert imp.getStack().getVoxel(x, y, stack_index - 1) == data[c, z, y, x]


def test_a_view_and_big_endian_voxels(host):
    data = np.arange(4 * 6 * 8, dtype=">u2").reshape(4, 6, 8)[::2, ::-1, 1:5]
    back = bridge.from_imageplus(bridge.to_imageplus(Image(data, VOXEL_UM)))
    np.testing.assert_array_equal(back.data, data)


def test_types_that_imagej_lacks_become_32_bit(host):
    data = np.array([[[0, 2**24]]], np.int32)
    back = bridge.from_imageplus(bridge.to_imageplus(Image(data, VOXEL_UM)))
    assert back.data.dtype == np.float32
    np.testing.assert_array_equal(back.data, data)


def test_whole_numbers_that_would_not_survive_are_refused(host):
    data = np.array([[[0, 2**24 + 1]]], np.int32)
    with pytest.raises(ImageError, match="16777216"):
        bridge.to_imageplus(Image(data, VOXEL_UM))


def test_pixels_are_copies_both_ways(host):
    data = np.zeros((2, 3, 4), np.float32)
    imp = bridge.to_imageplus(Image(data, VOXEL_UM))
    data[:] = 7
    assert imp.getStack().getVoxel(0, 0, 0) == 0
    back = bridge.from_imageplus(imp)
    back.data[:] = 9
    assert imp.getStack().getVoxel(0, 0, 0) == 0


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("micron", 1), ("µm", 1), ("um", 1), ("nm", 1000), ("mm", 1e-3), ("cm", 1e-4), ("m", 1e-6)],
)
def test_every_unit_of_imagej(host, unit, factor):
    imp = bridge.to_imageplus(Image(np.zeros((2, 3, 4), np.uint8), VOXEL_UM))
    calibration = imp.getCalibration()
    calibration.setUnit(unit)
    z, y, x = (length * factor for length in VOXEL_UM)
    calibration.pixelDepth, calibration.pixelHeight, calibration.pixelWidth = z, y, x
    np.testing.assert_allclose(bridge.from_imageplus(imp).voxel_um, VOXEL_UM)


def test_another_unit_in_z(host):
    imp = bridge.to_imageplus(Image(np.zeros((2, 3, 4), np.uint8), VOXEL_UM))
    imp.getCalibration().setZUnit("nm")
    imp.getCalibration().pixelDepth = 300.0
    np.testing.assert_allclose(bridge.from_imageplus(imp).voxel_um, VOXEL_UM)


@pytest.mark.parametrize("unit", ["pixel", "", "furlong"])
def test_no_unit_of_length_is_said(host, unit):
    imp = bridge.to_imageplus(Image(np.zeros((2, 3, 4), np.uint8), VOXEL_UM, "a.tif"))
    imp.getCalibration().setUnit(unit)
    with pytest.raises(ImageError, match=r"a\.tif has no voxel size.*Image > Properties"):
        bridge.from_imageplus(imp)
    assert bridge.from_imageplus(imp, voxel_um=(1, 1, 1)).voxel_um == (1, 1, 1)


def test_a_single_plane_needs_no_step(host):
    imp = java_class("ij.IJ").createImage("plane", "16-bit", 5, 4, 1)
    imp.getCalibration().setUnit("micron")
    imp.getCalibration().pixelDepth = 0.0
    assert bridge.from_imageplus(imp).data.shape == (1, 4, 5)


def test_hyperstack_channel_and_frame(host):
    hyper = java_class("ij.IJ").createImage("hyper", "16-bit", 5, 4, 2, 3, 2)
    calibrate(hyper)
    for index in range(1, 13):
        hyper.getStack().getProcessor(index).set(index)
    hyper.setPosition(2, 1, 2)
    both = bridge.from_imageplus(hyper)
    assert both.data.shape == (2, 3, 4, 5)
    assert both.data[:, :, 0, 0].tolist() == [[7, 9, 11], [8, 10, 12]]
    one = bridge.from_imageplus(hyper, channel=1, frame=1)
    assert one.data[:, 0, 0].tolist() == [1, 3, 5]
    with pytest.raises(ImageError, match="no frame 3; allowed are 1 to 2"):
        bridge.from_imageplus(hyper, frame=3)


def test_colour_is_refused(host):
    imp = java_class("ij.IJ").createImage("photo", "RGB", 5, 4, 2)
    with pytest.raises(ImageError, match="photo is RGB"):
        bridge.from_imageplus(imp)


def test_a_lookup_table_changes_no_counts(host):
    data = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    imp = bridge.to_imageplus(Image(data, VOXEL_UM))
    java_class("ij.IJ").run(imp, "Fire", "")
    np.testing.assert_array_equal(bridge.from_imageplus(imp).data, data)


def test_a_virtual_stack(host, bead_file, beads):
    imp = java_class("ij.IJ").openVirtual(str(bead_file))
    assert imp.getStack().isVirtual()
    np.testing.assert_array_equal(bridge.from_imageplus(imp).data, beads.data)


def test_a_psf_keeps_its_form(host):
    z, y, x = np.ogrid[-6:7, -6:7, -6:7]
    spot = np.exp(-(z**2 + y**2 + x**2) / 4)
    psf = PSF.from_volume(spot, VOXEL_UM)
    image = bridge.from_imageplus(bridge.to_imageplus(psf))
    back = PSF(image.data, image.voxel_um)
    np.testing.assert_array_equal(back.data, psf.data)


def test_python_distils_an_imageplus(host, beads):
    result = bridge.distill(bridge.to_imageplus(beads), method="average")
    assert result.beads.funnel()["used"] == 9


@pytest.mark.parametrize("imp", [None])
def test_no_image_is_said(host, imp):
    with pytest.raises(OptionError, match="imp is None"):
        bridge.distill(imp)


def calibrate(imp: Any) -> None:
    imp.getCalibration().setUnit("micron")
    imp.getCalibration().pixelDepth = 0.2


class TestImageJ2:
    """Its own images, by its own classes."""

    @pytest.fixture
    def gateway(self, host):
        if host.gateway is None:
            pytest.skip("plain ImageJ has no Dataset")
        return host.gateway

    @pytest.fixture
    def dataset(self, gateway, beads):  # noqa: ARG002 - a gateway must be there
        return bridge.to_dataset(beads)

    def test_a_dataset_has_its_axes_in_micrometres(self, dataset, beads):
        axes = [dataset.axis(number) for number in range(dataset.numDimensions())]
        assert [str(axis.type().getLabel()) for axis in axes] == ["X", "Y", "Z"]
        assert {str(axis.unit()) for axis in axes} == {"µm"}
        scales = [float(axis.averageScale(0, 1)) for axis in axes]
        assert scales[::-1] == pytest.approx(beads.voxel_um)

    @pytest.mark.parametrize("kind", ["Dataset", "ImgPlus"])
    def test_there_and_back(self, dataset, beads, kind):
        image = bridge.from_imageplus(dataset if kind == "Dataset" else dataset.getImgPlus())
        np.testing.assert_array_equal(image.data, beads.data)
        assert image.voxel_um == pytest.approx(beads.voxel_um)

    def test_channels_stay_channels(self, gateway, beads):  # noqa: ARG002
        both = Image(np.stack([beads.data, beads.data[:, ::-1]]), beads.voxel_um, "two")
        image = bridge.from_imageplus(bridge.to_dataset(both))
        np.testing.assert_array_equal(image.data, both.data)
        assert image.voxel_um == pytest.approx(both.voxel_um)

    def test_an_xarray_of_pyimagej(self, gateway, dataset, beads):
        image = bridge.from_xarray(gateway.py.from_java(dataset))
        np.testing.assert_array_equal(image.data, beads.data)
        assert image.voxel_um == pytest.approx(beads.voxel_um)

    def test_a_dataset_is_distilled(self, dataset, beads):
        options = {"method": "average", "size_um": (1.5, 1.3, 1.3)}
        psf = bridge.distill(dataset, **options).psf
        np.testing.assert_array_equal(psf.data, pb.distill(beads, **options).psf.data)
