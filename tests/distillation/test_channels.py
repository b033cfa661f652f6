"""Channels: a PSF each, and a shift that is known."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from command_line import refused, run

import psfbridge as pb
from psfbridge.distillation.channels import distill_channels
from psfbridge.distillation.chromatic_shift import ChromaticShift
from psfbridge.errors import ImageError, NoBeadsError, OptionError
from psfbridge.numerics.fourier import peak_position
from psfbridge.psf.psf import load_psfs
from psfbridge.simulation.fine_psf import fine_psf
from psfbridge.simulation.scene import Scene

VOXEL = (0.2, 0.1, 0.1)
SHAPE = (27, 96, 112)
SHIFT_NM = np.array([150.0, -60.0, 35.0])
PLACES = np.array([[12.3, 20.4, 22.1], [13.6, 22.7, 56.5], [12.9, 24.2, 88.8],
                   [14.2, 50.6, 34.3], [13.1, 54.9, 72.2], [11.8, 74.5, 24.6],
                   [13.4, 73.1, 92.7], [12.6, 72.2, 57.9]])  # fmt: skip


def channel(wavelength_um, places, seed, photons=400e3):
    """One channel of a field of bright beads; bead k has its own brightness."""
    optics = replace(Scene().optics, wavelength_um=wavelength_um)
    scene = Scene(shape=SHAPE, optics=optics, coma=0.03, astigmatism=0.03, psf="scalar")
    fine = fine_psf(scene.microscope, VOXEL, SHAPE[0], (21, 37, 37))
    light = np.full(SHAPE, 10.0)
    for number, place in enumerate(places):
        brightness = photons * (0.7 + 0.1 * number)
        light += brightness * fine.sampled([np.arange(n) for n in SHAPE], place)
    rng = np.random.default_rng(seed)
    counts = 100 + rng.poisson(np.maximum(light, 0)) + rng.normal(0, 2, SHAPE)
    return np.rint(np.clip(counts, 0, None)).astype(np.uint16)


@pytest.fixture(scope="module")
def two():
    moved = PLACES + SHIFT_NM / 1e3 / VOXEL
    data = np.stack([channel(0.52, PLACES, 1), channel(0.61, moved, 2)])
    return pb.Image(data, VOXEL, "two.tif")


@pytest.fixture(scope="module")
def found(two):
    return distill_channels(two, method="average")


@pytest.mark.slow
def test_the_shift_is_found_within_its_own_error(found):
    shift = found.shifts[1]
    off = np.array(shift.shift_nm) - SHIFT_NM
    assert shift.beads >= 6
    assert (np.abs(off) < 3 * np.array(shift.se_nm)).all()
    # Half a nanometre would be an error that the photons do not allow.
    assert (np.array(shift.se_nm) > 0.2).all()
    assert (np.array(shift.se_nm) < (10, 4, 4)).all()
    assert (np.abs(off)[1:] < 5).all()


def test_the_reference_lies_on_itself(two, found):
    assert found.shifts[0] == ChromaticShift(channel=0, reference=0)
    turned = distill_channels(two, method="average", reference=1)
    assert np.allclose(turned.shifts[0].shift_nm, -np.array(found.shifts[1].shift_nm), atol=1e-6)


def test_centred_psfs_are_in_form_and_registered_ones_keep_the_shift(found):
    centred = found.centred()
    assert centred.data.shape[0] == 2
    for data in centred.data:
        pb.PSF(data, VOXEL)
    registered = found.registered()
    middle = np.array(registered.data.shape[1:]) // 2
    peaks = [peak_position(data) for data in registered.data]
    assert np.abs(peaks[0] - middle).max() < 0.05
    apart = (peaks[1] - peaks[0]) * VOXEL * 1e3
    assert np.abs(apart - found.shifts[1].shift_nm).max() < 3
    assert registered.data.sum(axis=(1, 2, 3)) == pytest.approx([1, 1], abs=1e-5)


def test_the_longer_wave_is_the_wider_psf(found):
    short, long = (result.measures.fwhm_um for result in found.results)
    assert long[1] / short[1] == pytest.approx(0.61 / 0.52, rel=0.06)


@pytest.mark.slow
def test_images_of_several_fields_join_in_one_shift(two, found):
    again = pb.Image(two.data[:, :, ::-1, ::-1].copy(), VOXEL, "turned.tif")
    flipped = distill_channels(again, method="average").shifts[1].shift_nm
    expected = np.array(found.shifts[1].shift_nm) * (1, -1, -1)
    assert np.allclose(flipped, expected, atol=3)
    both = distill_channels(two, two, method="average")
    assert both.shifts[1].beads == 2 * found.shifts[1].beads
    assert {bead.image for bead in both.results[1].beads} == {
        "two.tif channel 1",
        "two.tif channel 1 (2)",
    }


def test_channels_without_common_beads_have_no_shift():
    left = channel(0.52, [[13.2, 20, 20], [12.6, 74, 30]], 1, 80e3)
    right = channel(0.61, [[13, 22, 82], [13, 70, 92]], 2, 80e3)
    result = distill_channels(
        np.stack([left, right]), voxel_um=VOXEL, method="average", size=(9, 15, 15)
    )
    assert result.shifts[1].beads == 0
    assert np.isnan(result.shifts[1].shift_nm).all()
    assert "is unknown" in result.shifts[1].sentence()
    assert json.loads(result.to_json())["chromatic_shifts"][1]["shift_nm"] == [None] * 3
    with pytest.raises(NoBeadsError, match="no common origin"):
        result.registered()


def test_what_cannot_be_done_is_said(two):
    one = pb.Image(two.data[0], VOXEL, "one.tif")
    with pytest.raises(ImageError, match=r"one\.tif has only one channel"):
        distill_channels(one)
    three = pb.Image(np.concatenate([two.data, two.data[:1]]), VOXEL, "three.tif")
    with pytest.raises(ImageError, match=r"3 channels.*has 2"):
        distill_channels(two, three)
    with pytest.raises(OptionError, match="reference is 2"):
        distill_channels(two, reference=2)
    with pytest.raises(OptionError, match="each channel has its own"):
        distill_channels(two, na=1.4, wavelength_um=0.52, refractive_index=1.518)
    with pytest.raises(ImageError, match="voxel size"):
        distill_channels(two.data)
    with pytest.raises(ImageError, match=r"no channel Cy5; allowed are 0 to 1"):
        distill_channels(two, channels=[0, "Cy5"])
    dark = pb.Image(np.stack([DARK, DARK]), VOXEL, "dark.tif")
    with pytest.raises(NoBeadsError, match=r"channel 0 gave no PSF: .*; channel 1 gave no PSF"):
        distill_channels(dark, method="average")


DARK = np.random.default_rng(0).poisson(100, SHAPE).astype(np.uint16)


def test_a_channel_without_beads_is_a_row_and_stops_no_other(capsys, two, tmp_path):
    pb.write_image(tmp_path / "a.tif", pb.Image(np.stack([DARK, two.data[0], two.data[1]]), VOXEL))
    status, out, err = run(
        capsys, "distill", tmp_path / "a.tif", "--channel", "all", "--method", "average",
        "-o", tmp_path / "psf.tif", "--report", tmp_path / "report", "--json", tmp_path / "a.json",
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert "channel 0 gave no PSF: " in out
    assert "channel 2 is shifted by z +1" in out  # against channel 1, the first that has one
    record = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert record["channel_numbers"] == [1, 2]
    assert record["channels_without_psf"][0]["channel"] == 0
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "No PSF: " in page
    assert "Co-registration" in page
    assert (tmp_path / "report" / "channel_2" / "index.html").is_file()


def test_some_channels_are_chosen_by_number_or_name(two):
    named = replace(two, channel_names=("DAPI", "GFP"))
    both = distill_channels(named, channels=["gfp", 0], method="average")
    assert both.numbers == (1, 0)
    assert both.shifts[0].beads >= 6
    alone = distill_channels(two, channels=[1], method="average")
    np.testing.assert_array_equal(alone.psfs[0].data, both.psfs[0].data)


def test_a_bright_channel_lends_a_dim_one_its_beads(capsys, two, tmp_path):
    """Of beads at the limit of what is found alone, the places make more usable."""
    dim = channel(0.61, PLACES, 5, photons=2600)
    image = pb.Image(np.stack([two.data[0], dim]), VOXEL, "a.tif")
    alone = pb.find_beads(image.channel(1)).with_status("used")
    lent = distill_channels(image, beads_from=0, method="average").results[1]
    assert len(lent.beads.with_status("used")) > len(alone)
    table = tmp_path / "beads.csv"
    pb.find_beads(image.channel(0)).save(table)
    pb.write_image(tmp_path / "a.tif", image)
    for source in (table, 0):
        status, _, err = run(
            capsys, "distill", tmp_path / "a.tif", "--channel", 1, "--beads-from", source,
            "--method", "average", "-o", tmp_path / "psf.tif",
        )  # fmt: skip
        assert (status, err) == (0, "")
        psf = pb.PSF.load(tmp_path / "psf.tif")
        assert pb.psf_error(psf, lent.psf) < 0.02


def test_a_table_without_places_is_refused(tmp_path, two):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    for name, said in (("a.csv", "contains no bead positions"), ("b.csv", "cannot read")):
        with pytest.raises(ImageError, match=said):
            distill_channels(two, beads_from=str(tmp_path / name))


@pytest.fixture(scope="module")
def file(two, tmp_path_factory):
    path = tmp_path_factory.mktemp("channels") / "two.tif"
    pb.write_image(path, two)
    return path


def test_the_command_line_writes_a_hyperstack(capsys, file, two, tmp_path):
    names = {name: tmp_path / name for name in ("psf.tif", "reg.tif", "beads.csv", "out.json")}
    status, out, err = run(
        capsys, "distill", file, "--channel", "all", "--method", "average",
        "-o", names["psf.tif"], "--registered", names["reg.tif"], "--beads", names["beads.csv"],
        "--json", names["out.json"],
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert "channel 1 is shifted by z +1" in out
    with tifffile.TiffFile(names["psf.tif"]) as tiff:
        assert tiff.imagej_metadata["channels"] == 2
        assert tiff.imagej_metadata["spacing"] == pytest.approx(0.2)
    psfs = load_psfs(names["psf.tif"])
    assert [psf.voxel_um for psf in psfs] == [pytest.approx(VOXEL)] * 2
    assert len(psfs[0].provenance["chromatic_shifts"]) == 2
    said = json.loads(names["out.json"].read_text("utf-8"))
    assert said["chromatic_shifts"][1]["shift_nm"] == pytest.approx(SHIFT_NM, abs=25)
    sharp = pb.deconvolve(two, names["psf.tif"], iterations=2, engine="cpu")
    assert sharp.data.shape == two.data.shape


def test_usage_errors_of_channels(capsys, file, tmp_path):
    output = tmp_path / "psf.tif"
    for arguments in (
        ["--registered", tmp_path / "r.tif"],
        ["--channel", "all", "--view"],
    ):
        assert refused(capsys, "distill", file, "-o", output, *arguments)[0] == 2
    # A word may be the name of a channel: only the file tells.
    assert refused(capsys, "distill", file, "-o", output, "--channel", "every")[0] == 1
    assert not output.exists()


def test_resample_brings_a_psf_to_other_voxels(capsys, found, tmp_path):
    found.psfs[0].save(tmp_path / "psf.tif")
    status, out, _ = run(
        capsys, "resample", tmp_path / "psf.tif", "-o", tmp_path / "other.tif",
        "--voxel-um", 0.15, 0.08, 0.08,
    )  # fmt: skip
    assert status == 0
    assert "0.15 0.08 0.08 µm" in out
    other = pb.PSF.load(tmp_path / "other.tif")
    assert other.voxel_um == pytest.approx((0.15, 0.08, 0.08))
    before, after = pb.measure(found.psfs[0]).fwhm_um, pb.measure(other).fwhm_um
    assert after == pytest.approx(before, rel=0.02)
    found.save(tmp_path / "two.tif")
    one = ["resample", tmp_path / "two.tif", "-o", tmp_path / "o.tif", "--voxel-um", 0.2, 0.1, 0.1]
    assert "Choose one" in refused(capsys, *one)[1]
    assert run(capsys, *one, "--channel", "1")[0] == 0
    assert refused(capsys, *one[:-3], 0, 0.1, 0.1)[0] == 2
