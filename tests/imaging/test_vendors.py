"""Files of microscope makers give the voxels, sizes and names that were written into them."""

from __future__ import annotations

import importlib.util
import locale

import numpy as np
import pytest
from command_line import refused, run
from image_files import write_huygens
from lif import write_lif

import psfbridge as pb
from psfbridge.errors import ImageError, MissingPartError
from psfbridge.imaging.formats.file_optics import FileOptics
from psfbridge.imaging.formats.vendors.optics_note import optics_note
from psfbridge.imaging.read import Reading, read_image

VOXEL_UM = (0.3, 0.11, 0.1)
RNG = np.random.default_rng(4)
SCENES = RNG.integers(0, 60000, (2, 3, 5, 20, 30), np.uint16)  # scene, channel, z, y, x


@pytest.fixture
def czi_file(tmp_path):
    """Two scenes of three channels, written by Zeiss's own library."""
    czi = pytest.importorskip("pylibCZIrw.czi")
    path = tmp_path / "beads.czi"
    with czi.create_czi(str(path)) as writer:
        for scene, channel, z in np.ndindex(SCENES.shape[:3]):
            plane = {"C": channel, "Z": z, "T": 0}
            writer.write(
                SCENES[scene, channel, z][..., np.newaxis], plane=plane, scene=scene,
                location=(100 * scene, 0),
            )  # fmt: skip
        z, y, x = (length * 1e-6 for length in VOXEL_UM)
        names = {0: "DAPI", 1: "GFP", 2: "Cy5"}
        writer.write_metadata("beads", channel_names=names, scale_x=x, scale_y=y, scale_z=z)
    return path


@pytest.fixture
def lif_file(tmp_path):
    pytest.importorskip("liffile")
    stacks = {"overview": SCENES[0, 0], "beads": SCENES[1, 0]}
    return write_lif(tmp_path / "beads.lif", stacks, VOXEL_UM)


def test_a_czi_is_read_scene_by_scene(czi_file):
    image = read_image(czi_file)
    np.testing.assert_array_equal(image.data, SCENES[0])
    assert image.voxel_um == pytest.approx(VOXEL_UM)
    assert "beads.czi holds 2 images: 0, 1; the first was used." in image.notes
    assert any("channel 1 GFP" in note for note in image.notes)
    second = Reading(series="1", channel=2).image(czi_file)
    np.testing.assert_array_equal(second.data, SCENES[1, 2])


def test_a_lif_is_read_image_by_image(lif_file):
    image = read_image(lif_file)
    np.testing.assert_array_equal(image.data, SCENES[0, 0])
    assert image.voxel_um == pytest.approx(VOXEL_UM)
    assert any("0 (overview), 1 (beads); the first was used" in note for note in image.notes)
    assert any("NA 1.4; refractive index 1.518" in note for note in image.notes)
    for series in ("beads", "1"):
        beads = Reading(series=series).image(lif_file)
        np.testing.assert_array_equal(beads.data, SCENES[1, 0])


@pytest.mark.parametrize("series", ["2", "-1", "cells"])
def test_a_series_that_is_not_there_is_named_with_those_that_are(czi_file, lif_file, series):
    with pytest.raises(ImageError, match=r"no series .*; it has 0, 1\. .*series=0"):
        Reading(series=series).image(czi_file)
    with pytest.raises(ImageError, match=r"it has 0 \(overview\), 1 \(beads\)"):
        Reading(series=series).image(lif_file)


def test_the_psf_is_that_of_the_same_voxels_in_a_tiff(small_field, tmp_path):
    counts = np.asarray(small_field.image.data).astype(np.uint16)
    voxel_um = small_field.image.voxel_um
    write_lif(tmp_path / "beads.lif", {"beads": counts}, voxel_um)
    pb.write_image(tmp_path / "beads.tif", pb.Image(counts, voxel_um))
    first, second = (
        pb.distill(tmp_path / name, method="average").psf for name in ("beads.lif", "beads.tif")
    )
    np.testing.assert_allclose(first.data, second.data, atol=1e-7)


@pytest.mark.parametrize(
    ("head", "name", "package"),
    [
        (b"ZISRAWFILE", "a.czi", "pylibCZIrw"),
        (b"\x70\x00\x00\x00", "a.lif", "liffile"),
        (b"\xda\xce\xbe\x0a", "a.nd2", "nd2"),
        (b"\xd0\xcf\x11\xe0", "a.oib", "oiffile"),
    ],
)
def test_without_its_library_one_line_says_what_to_install(
    tmp_path, monkeypatch, capsys, head, name, package
):
    (tmp_path / name).write_bytes(head + bytes(100))
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "psfbridge.imaging.formats.vendors.detect.find_spec",
        lambda module: None if module == package else find(module),
    )
    with pytest.raises(MissingPartError, match=f"pip install {package}"):
        read_image(tmp_path / name)
    _, line = refused(capsys, "beads", tmp_path / name)
    assert f"pip install {package}" in line


@pytest.mark.parametrize("name", ["beads.czi", "beads.lif", "beads.nd2", "beads.oib"])
def test_a_damaged_file_is_one_clear_error(tmp_path, request, name):
    heads = {"beads.nd2": b"\xda\xce\xbe\x0a", "beads.oib": b"\xd0\xcf\x11\xe0"}
    if name in heads:
        whole = heads[name] + bytes(RNG.integers(0, 256, 4000, np.uint8))
    else:
        whole = request.getfixturevalue(f"{name[-3:]}_file").read_bytes()
    for length in (len(whole) // 3, len(whole) - 100):
        (tmp_path / name).write_bytes(whole[:length])
        with pytest.raises(ImageError) as caught:
            Reading(series="1" if name.endswith("lif") else None).image(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_optics_are_said_and_not_used():
    optics = FileOptics.of({"na": 1.4, "index": "1.515"}, [{"name": "GFP", "emission_um": 0.52}])
    note = optics_note("a.nd2", optics)
    assert note == ("a.nd2 says: NA 1.4; refractive index 1.515; channel 0 GFP: emission 0.52 µm.",)
    assert optics_note("a.nd2", FileOptics.of({"na": None, "index": 0})) == ()
    named = FileOptics.of({}, [{"name": "GFP"}])
    assert optics_note("a.czi", named) == ("a.czi says: channel 0 GFP.",)


def ics(path, data, voxel_um):
    pytest.importorskip("diplib")
    pb.write_image(path, pb.Image(data, voxel_um))
    return path


@pytest.mark.parametrize(("make", "name"), [(write_huygens, "a.h5"), (ics, "a.ics")])
def test_ics_and_huygens_files_are_read_as_images_and_as_psfs(tmp_path, make, name):
    path = make(tmp_path / name, SCENES[0, 0], VOXEL_UM)
    image = read_image(path)
    np.testing.assert_array_equal(image.data, SCENES[0, 0])
    assert image.voxel_um == pytest.approx(VOXEL_UM)
    z, y, x = np.ogrid[-4:4, -6:6, -6:6]
    spot = np.exp(-(z**2 + y**2 + x**2) / 4.0).astype(np.float32)
    first = pb.PSF.load(make(tmp_path / f"psf_{name}", spot, VOXEL_UM), conform=True)
    pb.write_image(tmp_path / "psf.tif", pb.Image(spot, VOXEL_UM))
    second = pb.PSF.load(tmp_path / "psf.tif", conform=True)
    np.testing.assert_allclose(first.data, second.data, atol=1e-7)


def test_an_ics_file_leaves_the_locale_as_it_was(tmp_path):
    before = locale.setlocale(locale.LC_ALL)
    read_image(ics(tmp_path / "a.ics", SCENES[0, 0], VOXEL_UM))
    assert locale.setlocale(locale.LC_ALL) == before


def test_a_psf_goes_out_as_ics(capsys, tmp_path, small_field):
    pytest.importorskip("diplib")
    small_field.psf.save(tmp_path / "psf.tif")
    status, _, err = run(capsys, "convert", tmp_path / "psf.tif", "-o", tmp_path / "psf.ics")
    assert (status, err) == (0, "")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["psf.ics", "psf.tif"]
    again = pb.PSF.load(tmp_path / "psf.ics", conform=True)
    np.testing.assert_allclose(again.data, small_field.psf.data, atol=1e-7)


def test_an_hdf5_file_of_another_program_is_named(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = np.zeros((3, 4, 5))
    with pytest.raises(
        ImageError, match=("without ImageData/Image, so it was not written by Huygens")
    ):
        read_image(tmp_path / "a.h5")
