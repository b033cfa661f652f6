"""Bad files: each is one clear line, within seconds, and never garbage."""

from __future__ import annotations

import os
import socket

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from psfbridge.errors import ImageError
from psfbridge.imaging.image import Image
from psfbridge.imaging.read import read_image, read_info
from psfbridge.imaging.write import write_image

VOXEL_UM = (0.2, 0.1, 0.1)
STACK = np.random.default_rng(6).integers(0, 4000, (9, 20, 30)).astype(np.uint16)


def refused(path, words, **options):
    """Check that reading is refused in one line with these words, and so is reading the info."""
    with pytest.raises(ImageError, match=words) as caught:
        read_image(path, **options)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_missing(tmp_path):
    refused(tmp_path / "none.tif", r"none\.tif does not exist")
    refused("", "is a folder|does not exist")
    refused(tmp_path / ("x" * 300), "cannot open")
    refused("a\0b.tif", "cannot open")
    with pytest.raises(ImageError, match="does not exist"):
        read_info(tmp_path / "none.tif")


def test_a_folder(tmp_path):
    refused(
        tmp_path, "is a folder, but neither contains TIFF files nor is an OME-Zarr. Give a single"
    )


def test_empty(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"")
    refused(tmp_path / "a.tif", r"a\.tif is empty \(0 bytes\)")


def test_unreadable(tmp_path, monkeypatch):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK)
    path.chmod(0)
    if os.access(path, os.R_OK):
        # An administrator may read everything: let the system's refusal be acted.
        def refuse(*args, **kwargs):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("pathlib.Path.open", refuse)
    refused(path, r"a\.tif cannot be read: permission denied")


def test_neither_file_nor_folder(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.tif")
    refused(tmp_path / "pipe.tif", "is not a file")
    with socket.socket(socket.AF_UNIX) as plug:
        monkeypatch.chdir(tmp_path)
        plug.bind("plug.tif")
        refused(tmp_path / "plug.tif", "is not a file")


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"\xff\xd8\xff\xe0", "is a JPEG"),
        (b"\x89PNG\r\n", "is a PNG"),
        (b"\x89HDF\r\n", "is an HDF5 file"),
        (b"\xd0\xcf\x11\xe0", "is an OLE file"),
        (b"PK\x03\x04", "is a ZIP file"),
        (b"once upon a time", "is not a TIFF"),
        (b"\x00" * 100, "is not a TIFF"),
        (b"\x00", "is not a TIFF"),
    ],
)
def test_other_formats_are_named(tmp_path, head, words):
    (tmp_path / "a.tif").write_bytes(head)
    refused(
        tmp_path / "a.tif", rf"{words}.*; allowed are TIFF.*Open it in Fiji and save it as TIFF"
    )


@pytest.mark.parametrize("head", [b"II*\0", b"MM\0*", b"II*\0\x08\0\0\0", b"II+\0\x08\0\0\0"])
def test_a_header_alone(tmp_path, head):
    (tmp_path / "a.tif").write_bytes(head)
    refused(tmp_path / "a.tif", "damaged or cut off")


def written(folder, kind):
    """One file of each kind that a microscope's software may leave."""
    path = folder / f"{kind}.tif"
    if kind == "imagej":
        write_image(path, Image(STACK, VOXEL_UM), info="about")
    elif kind == "ome":
        path = folder / "a.ome.tif"
        write_image(path, Image(STACK, VOXEL_UM))
    elif kind == "pages":
        with tifffile.TiffWriter(path) as writer:
            for plane in STACK:
                writer.write(plane, contiguous=False, metadata=None)
    elif kind == "hyperstack":
        write_image(path, Image(STACK.reshape(3, 3, 20, 30), VOXEL_UM))
    else:
        tifffile.imwrite(path, STACK, compression=kind, metadata={"axes": "ZYX"})
    return path


@pytest.mark.parametrize("kind", ["imagej", "hyperstack", "ome", "pages", "zlib", "lzw"])
@settings(max_examples=40, deadline=None)
@given(part=st.floats(0, 1))
def test_a_file_cut_off_anywhere_is_refused_or_whole(tmp_path_factory, kind, part):
    folder = tmp_path_factory.mktemp("cut")
    path = written(folder, kind)
    whole = read_image(path, voxel_um=VOXEL_UM).data.copy()
    content = path.read_bytes()
    path.write_bytes(content[: int(part * (len(content) - 1))])
    try:
        found = read_image(path, voxel_um=VOXEL_UM).data
    except ImageError as fault:
        assert "\n" not in str(fault)
    else:
        np.testing.assert_array_equal(found, whole)


@pytest.mark.parametrize("kind", ["imagej", "hyperstack", "ome", "pages", "zlib", "lzw"])
def test_a_file_cut_in_half_is_damaged(tmp_path, kind):
    path = written(tmp_path, kind)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refused(path, "damaged or cut off.*save it as TIFF", voxel_um=VOXEL_UM)


@pytest.mark.parametrize("kind", ["imagej", "ome", "pages", "zlib", "lzw"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_flipped_bytes_never_give_a_traceback(tmp_path_factory, kind, data):
    """What a damaged header leads to cannot be foreseen; it is an image, or one clear line."""
    path = written(tmp_path_factory.mktemp("flip"), kind)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(4, 1000))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        image = read_image(path, voxel_um=VOXEL_UM)
    except ImageError as fault:
        assert "\n" not in str(fault)
    else:
        assert image.data.ndim in (3, 4)


def test_rgb(tmp_path):
    colours = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", colours, photometric="rgb")
    tifffile.imwrite(tmp_path / "b.tif", colours, imagej=True, photometric="rgb")
    stack = np.stack([colours] * 5)
    tifffile.imwrite(tmp_path / "c.tif", stack, imagej=True, photometric="rgb")
    tifffile.imwrite(
        tmp_path / "d.ome.tif", colours.transpose(2, 0, 1), photometric="rgb", ome=True
    )
    np.save(tmp_path / "e.npy", colours)
    for path in sorted(tmp_path.iterdir()):
        refused(path, r"is an RGB image.*Image > Color > Split Channels", voxel_um=VOXEL_UM)
    for array in (colours, stack):
        refused(array, "is an RGB image", voxel_um=VOXEL_UM)


def test_five_real_axes_and_more(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((2, 3, 2, 5, 6), "u2"))
    refused(tmp_path / "a.tif", r"has 5 axes .* \(2, 3, 2, 5, 6\)", voxel_um=VOXEL_UM)
    refused(np.zeros((2, 2, 3, 2, 5, 6)), "has 6 axes", voxel_um=VOXEL_UM)
    refused(np.zeros(6), "has 1 axes", voxel_um=VOXEL_UM)


@pytest.mark.parametrize("dtype", ["c8", "c16", "?"])
def test_voxels_that_are_no_counts(tmp_path, dtype):
    array = np.ones((3, 40, 50), dtype)
    np.save(tmp_path / "a.npy", array)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="minisblack")
    for source in (array, tmp_path / "a.npy", tmp_path / "a.tif"):
        refused(source, "voxels of type (complex|bool)", voxel_um=VOXEL_UM, axes="ZYX")


def test_text_and_objects(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[{}, 1]], object), allow_pickle=True)
    refused(tmp_path / "a.npy", "not a numeric array", voxel_um=VOXEL_UM)
    refused(np.array([["a", "b"]]), "voxels of type <U1", voxel_um=VOXEL_UM)


def test_arrays_without_voxels(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((0, 4, 5)))
    for source in (np.zeros((0, 4, 5)), np.zeros((3, 0)), tmp_path / "a.npy"):
        refused(source, "is empty", voxel_um=VOXEL_UM)


def test_a_cut_off_npy(tmp_path):
    np.save(tmp_path / "a.npy", STACK)
    content = (tmp_path / "a.npy").read_bytes()
    for length in (8, 40, len(content) // 2, len(content) - 1):
        (tmp_path / "a.npy").write_bytes(content[:length])
        refused(tmp_path / "a.npy", "is damaged", voxel_um=VOXEL_UM)


def test_something_that_is_no_path():
    refused(5, "a path or an array is needed")
    refused(None, "a path or an array is needed")


def test_an_ome_tiff_whose_other_files_are_gone(tmp_path):
    """OME-TIFFs may spread over files; tifffile would fill the missing planes with zeros."""
    path = tmp_path / "a.ome.tif"
    write_image(path, Image(STACK, VOXEL_UM))
    with tifffile.TiffFile(path) as file:
        text = file.ome_metadata
    start, end = text.index("<TiffData"), text.rindex("</Pixels>")
    planes = "".join(
        f'<TiffData IFD="0" FirstZ="{z}" FirstC="0" FirstT="0" PlaneCount="1">'
        f'<UUID FileName="{z}.ome.tif">urn:uuid:{z:08}-0000-0000-0000-000000000000</UUID>'
        "</TiffData>"
        for z in range(9)
    )
    spread = text[:start] + planes + text[end:]
    tifffile.imwrite(path, STACK[0], description=spread.encode(), metadata=None)
    refused(path, "damaged or cut off")
