"""Voxel sizes where acquisition programs put them in TIFFs; what is doubtful is said."""

from __future__ import annotations

import json
import struct
from functools import partial

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


STEPS = (round(1e4 * Z), 10_000)


def stk(path, steps=STEPS):
    """MetaMorph's own layout: one page, the other planes behind it, tags of tags that point on."""
    planes = len(STACK)
    tags = [(33628, 4, 4, (0,) * 4), (33629, 5, planes, (0, 1) * planes)]
    write(path, *tags, stack=STACK[:1])
    body = path.read_bytes() + STACK[1:].tobytes()
    texts = struct.pack("<I3s5x", 3, b"um\0")
    numbers = struct.pack("<4I", round(1e5 * X), 100_000, round(1e5 * Y), 100_000)
    at = len(body)
    calibration = struct.pack("<8I", 3, 1, 4, at + 12, 5, at + 20, 6, at)
    step = np.array([[*steps, 2460000, 0, 2460000, 0]] * planes, "<u4").tobytes()
    with tifffile.TiffFile(path) as file:
        places = [file.pages.first.tags[tag].offset + 8 for tag in (33628, 33629)]
    blocks = texts + numbers + calibration + step
    body = bytearray(body + blocks)
    body[places[0] : places[0] + 4] = struct.pack("<I", at + 28)
    body[places[1] : places[1] + 4] = struct.pack("<I", at + 28 + len(calibration))
    path.write_bytes(bytes(body))
    return path


def sis(path):
    """Olympus cellSens: a tag that points to a block with the pixel size in metres by a power."""
    general = struct.pack("<10xhdd8xd2x34s32s", -6, X, Y, 60.0, b"camera", b"picture")
    head = struct.pack("<4s6xhhhhh6x32sH", b"SIS0", 1, 2, 3, 4, 99, b"beads", 1)
    write(path, (33560, 7, 5, bytes(5)))  # five bytes lie out of line: a tag with an offset
    body = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        place = file.pages.first.tags[33560].offset
    body[place + 2 : place + 12] = struct.pack("<HII", 4, 1, len(body))
    entry = struct.pack("<hhI", 1, 1, len(body) + len(head) + 8)
    path.write_bytes(bytes(body) + head + entry + general + bytes(108))
    return path


def nih(path):
    header = record(
        tifffile.TIFF.NIH_IMAGE_HEADER, FileID=b"IPICIMAG", nLines=6, PixelsPerLine=7, XScale=1 / X,
        UnitsID=6, PixelAspectRatio=Y / X, SliceSpacing=Z / X, nSlices=4,
    )  # fmt: skip
    return write(path, (43314, 7, len(header), header))


def pyme(path):
    """PYME rounds the OME pixels, has planes as time points, and says the rest in a note."""
    sizes = "".join(
        f'<{a} class="float" value="{v}"/>' for a, v in zip("xyz", (X, Y, Z), strict=True)
    )
    xml = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2015-01"><Image ID="Image:0">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint16" SizeX="7" SizeY="6" SizeZ="4" '
        'SizeC="1" SizeT="1" PhysicalSizeX="0.1" PhysicalSizeY="0.1"><TiffData/></Pixels></Image>'
        '<StructuredAnnotations><XMLAnnotation ID="PYME"><Value><MetaData><voxelsize>'
        f"{sizes}</voxelsize></MetaData></Value></XMLAnnotation></StructuredAnnotations></OME>"
    )
    return write(path, description=lambda number: xml if number == 0 else None)


@pytest.mark.parametrize("make", [lsm, fluoview, scanimage, metaseries, stk, nih, pyme])
def test_the_voxel_size_of_a_program_is_found(tmp_path, make):
    image = read_image(make(tmp_path / "a.tif"))
    assert image.voxel_um == pytest.approx(VOXEL_UM, rel=1e-6)
    np.testing.assert_array_equal(image.data, STACK)


@pytest.mark.parametrize("make", [micromanager, sis, partial(stk, steps=(0, 0))])
def test_what_a_program_does_not_say_is_asked_for(tmp_path, make):
    path = make(tmp_path / "a.tif")
    with pytest.raises(ImageError, match=r"has no z step.*voxel_um=\(0.2, 0.1"):
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
    with pytest.raises(ImageError, match=r"PhysicalSizeX is 0\.1 m, probably intended as µm"):
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


@pytest.mark.parametrize(("tag", "um"), [(3, 1e4), (2, 25400)])
def test_a_pixel_by_the_tag_alone_is_not_taken_unsaid(tmp_path, tag, um):
    """ImageJ names µm; the resolution is in pixels per centimetre or inch, as the tag says."""
    resolution = um / 0.1
    tifffile.imwrite(
        tmp_path / "a.tif", STACK, imagej=True, resolution=(resolution, resolution),
        metadata={"axes": "ZYX", "unit": "um", "spacing": 0.3},
    )  # fmt: skip
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as file:
        file.pages.first.tags["ResolutionUnit"].overwrite(tag)
    with pytest.raises(ImageError, match=r"0\.1 µm by the unit of its resolution tag"):
        read_image(tmp_path / "a.tif")
    assert read_image(tmp_path / "a.tif", voxel_um=VOXEL_UM).voxel_um == VOXEL_UM


# ---------------------------------------------------------------- planes that are not listed


def unlisted(path, planes=24, listed=1):
    """An OME-TIFF of two time points, three channels and four planes, of which few are listed."""
    stack = np.arange(24 * 42, dtype=np.uint16).reshape(24, 6, 7)
    xml = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="7" SizeY="6" SizeZ="4" '
        'SizeC="3" SizeT="2" PhysicalSizeX="0.12" PhysicalSizeY="0.11" PhysicalSizeZ="0.3">'
        "<TiffData/></Pixels></Image></OME>"
    )
    write(path, description=lambda number: xml if number == 0 else None, stack=stack[:listed])
    path.write_bytes(path.read_bytes() + stack[1:planes].tobytes())
    return stack.reshape(2, 3, 4, 6, 7)


def test_an_ome_tiff_that_lists_one_plane_and_has_all_is_read(tmp_path):
    stack = unlisted(tmp_path / "a.ome.tif")
    image = read_image(tmp_path / "a.ome.tif", time=1)
    np.testing.assert_array_equal(image.data, stack[1])
    assert image.voxel_um == pytest.approx(VOXEL_UM)
    assert any("lists fewer planes than it contains" in note for note in image.notes)


@pytest.mark.parametrize(("planes", "listed"), [(23, 1), (24, 2)])
def test_an_ome_tiff_that_lacks_planes_or_has_them_apart_is_damaged(tmp_path, planes, listed):
    unlisted(tmp_path / "a.ome.tif", planes, listed)
    with pytest.raises(ImageError, match="missing 2"):
        read_image(tmp_path / "a.ome.tif", time=0)


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
