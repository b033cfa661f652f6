"""Voxel sizes where acquisition programs put them in TIFFs; what is doubtful is said."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile

from psfbridge.errors import ImageError
from psfbridge.imaging.read import read_image

VOXEL_UM = (0.3, 0.11, 0.12)
Z, Y, X = VOXEL_UM
STACK: np.ndarray = np.arange(4 * 6 * 7, dtype=np.uint16).reshape(4, 6, 7)


def record(fields, **values):
    """The bytes of a binary header in tifffile's own description of it."""
    made = np.zeros(1, np.dtype(fields).newbyteorder("<"))
    for name, value in values.items():
        made[name] = value
    return made.tobytes()


def write(path, *tags, software=None, description=None, stack=STACK):
    """Write planes as pages, with private tags on the first."""
    with tifffile.TiffWriter(path, byteorder="<") as writer:
        for number, plane in enumerate(stack):
            writer.write(
                plane,
                contiguous=False,
                metadata=None,
                software=software if number == 0 else None,
                description=description(number) if description else None,
                extratags=[(*tag, True) for tag in tags] if number == 0 else (),
                photometric="minisblack",
            )
    return path


def lsm(path):
    info = record(
        tifffile.TIFF.CZ_LSMINFO, MagicNumber=67127628, StructureSize=500, DimensionX=7,
        DimensionY=6, DimensionZ=4, DimensionChannels=1, DimensionTime=1, VoxelSizeX=X * 1e-6,
        VoxelSizeY=Y * 1e-6, VoxelSizeZ=Z * 1e-6,
    )  # fmt: skip
    with tifffile.TiffWriter(path, byteorder="<") as writer:
        for number, plane in enumerate(STACK):
            tags = [(34412, 7, len(info), info, True)] if number == 0 else []
            writer.write(plane, metadata=None, extratags=tags, photometric="minisblack")
            writer.write(plane[:2, :2], metadata=None, subfiletype=1, photometric="minisblack")
    return path


def fluoview(path):
    names = [(b"X", 7, 0, X, b"um"), (b"Y", 6, 0, Y, b"um"), (b"Z", 4, 0, 1e3 * Z, b"nm")]
    header = record(tifffile.TIFF.MM_HEADER, Dimensions=[*names, *[(b"", 0, 0, 0, b"")] * 7])
    return write(path, (34361, 7, len(header), header), (34362, 12, 8, (0.0,) * 8))


def scanimage(path):
    software = (
        "SI.VERSION_MAJOR = 5\nSI.hStackManager.stackZStepSize = 0.3\n"
        f"SI.hRoiManager.imagingFovUm = [0 0;{7 * X} 0;{7 * X} {6 * Y};0 {6 * Y}]\n"
    )
    return write(path, software=software)


def metaseries(path):
    def description(number):
        return (
            '<MetaData><PlaneInfo><prop id="spatial-calibration-state" type="bool" value="on"/>'
            f'<prop id="spatial-calibration-x" type="float" value="{X}"/>'
            f'<prop id="spatial-calibration-y" type="float" value="{Y}"/>'
            '<prop id="spatial-calibration-units" type="string" value="um"/>'
            f'<prop id="z-position" type="float" value="{10 + number * Z}"/>'
            "</PlaneInfo></MetaData>"
        )

    return write(path, software="MetaSeries", description=description)


def micromanager(path):
    plane = json.dumps({"PixelSizeUm": X}).encode()
    return write(path, (51123, 2, len(plane) + 1, plane + b"\0"))


@pytest.mark.parametrize("make", [lsm, fluoview, scanimage, metaseries])
def test_the_voxel_size_of_a_program_is_found(tmp_path, make):
    image = read_image(make(tmp_path / "a.tif"))
    assert image.voxel_um == pytest.approx(VOXEL_UM, rel=1e-6)
    np.testing.assert_array_equal(image.data, STACK)


def test_what_a_program_does_not_say_is_asked_for(tmp_path):
    path = micromanager(tmp_path / "a.tif")
    with pytest.raises(ImageError, match="has no z step"):
        read_image(path)


def test_metadata_that_cannot_be_read_are_said_and_the_voxels_are_read(tmp_path):
    software = "SI.VERSION_MAJOR = 5\nSI.hRoiManager.imagingFovUm = abc\n"
    path = write(tmp_path / "a.tif", software=software)
    with pytest.raises(ImageError, match=r"no usable voxel size \(its ScanImage metadata"):
        read_image(path)
    np.testing.assert_array_equal(read_image(path, voxel_um=VOXEL_UM).data, STACK)


def test_a_lost_micro_sign_is_said(tmp_path):
    sizes = {f"PhysicalSize{axis}": 0.1 for axis in "XYZ"}
    units = {f"PhysicalSize{axis}Unit": "m" for axis in "XYZ"}
    tifffile.imwrite(tmp_path / "a.ome.tif", STACK, ome=True, metadata={**sizes, **units})
    with pytest.raises(ImageError, match=r"PhysicalSizeX is 0\.1 m, where µm was probably meant"):
        read_image(tmp_path / "a.ome.tif")


def test_a_unit_that_contradicts_the_tag_is_said(tmp_path):
    """Micrometres are named, and the resolution is in pixels per centimetre."""
    tifffile.imwrite(
        tmp_path / "a.tif", STACK, imagej=True, resolution=(100_000, 100_000),
        metadata={"axes": "ZYX", "unit": "micron", "spacing": 0.3},
    )  # fmt: skip
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as file:
        file.pages.first.tags["ResolutionUnit"].overwrite(3)
    with pytest.raises(
        ImageError, match=r"1e-05 µm by the unit named, 0\.1 µm by the unit of its resolution tag"
    ):
        read_image(tmp_path / "a.tif")


# ---------------------------------------------------------------- ImageJ's value calibration


def imagej(path, stack, **calibration):
    tifffile.imwrite(
        path, stack, imagej=True, resolution=(10, 10),
        metadata={"axes": "ZYX", "unit": "um", "spacing": 0.3, **calibration},
    )  # fmt: skip
    return path


def test_signed_16_bit_is_read_as_imagej_shows_it(tmp_path):
    stored = (STACK + 32768 - 50).astype(np.uint16)
    image = read_image(imagej(tmp_path / "a.tif", stored, cf=0, c0=-32768.0, c1=1.0))
    assert image.data.dtype == np.int32
    np.testing.assert_array_equal(image.data, STACK.astype(int) - 50)
    assert "has a value calibration, signed 16 bit: it was applied" in image.notes[0]


def test_a_straight_line_and_a_parabola_are_applied_plane_by_plane(tmp_path):
    line = {"cf": 0, "c0": 2.0, "c1": 0.5, "vunit": "photons"}
    image = read_image(imagej(tmp_path / "a.tif", STACK, **line))
    np.testing.assert_allclose(image.data, 2 + 0.5 * STACK)
    assert "value = 2 + 0.5 x stored (photons)" in image.notes[0]
    path = imagej(tmp_path / "b.tif", STACK.astype("u1"), cf=1, c0=1.0, c1=2.0, c2=0.25)
    stored = STACK.astype("u1").astype(float)
    np.testing.assert_allclose(read_image(path).data, 1 + 2 * stored + 0.25 * stored**2)


def test_what_changes_nothing_is_not_told_and_stays_mapped(tmp_path):
    image = read_image(imagej(tmp_path / "a.tif", STACK, cf=0, c0=0.0, c1=1.0))
    assert image.notes == ()
    assert image.data.dtype.newbyteorder("=") == np.uint16
    floats = read_image(imagej(tmp_path / "b.tif", STACK.astype("f4"), cf=0, c0=5.0, c1=1.0))
    np.testing.assert_array_equal(floats.data, STACK)  # ImageJ calibrates no 32-bit image


@pytest.mark.parametrize("calibration", [{"cf": 20}, {"cf": 0, "c0": "x", "c1": 1.0}])
def test_a_calibration_that_cannot_be_applied_is_refused(tmp_path, calibration):
    with pytest.raises(ImageError, match="value calibration"):
        read_image(imagej(tmp_path / "a.tif", STACK, **calibration))
