"""Simulated fields hold what they promise."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psfbridge.cli import main
from psfbridge.errors import OptionError
from psfbridge.imaging.read import read_image
from psfbridge.numerics.fourier import crop_or_pad, peak_position
from psfbridge.options import Optics
from psfbridge.psf.psf import PSF
from psfbridge.simulation.fine_psf import fine_psf
from psfbridge.simulation.microscope import Microscope, psf_volume
from psfbridge.simulation.simulate import SCENES, Scene, demo_scene, scene, simulate

SMALL = Scene(
    beads=1,
    shape=(25, 64, 64),
    voxel_um=(0.25, 0.1, 0.1),
    psf_um=(3, 3, 3),
    optics=Optics(na=0.9, wavelength_um=0.52, refractive_index=1.33),
    bead_diameter_um=0.0,
    seed=5,
)
CLEAN = replace(SMALL, noise=False, background=0, offset=0)


def test_the_peak_of_a_lone_bead_is_where_the_truth_says():
    field = simulate(CLEAN)
    truth = field.beads.positions[0]
    start = np.round(truth).astype(int)
    shape = field.psf.data.shape
    window = crop_or_pad(field.image.data, shape, start)
    found = peak_position(window) - np.array(shape) // 2 + start
    np.testing.assert_allclose(found, truth, atol=0.01)


@settings(max_examples=15, deadline=None)
@given(st.tuples(*[st.floats(-0.5, 0.5)] * 3))
def test_a_bead_between_the_voxels_is_the_psf_moved_there(step):
    fine = fine_psf(SMALL.microscope, SMALL.voxel_um, 25, (13, 31, 31))
    voxels = [np.arange(length) for length in (13, 31, 31)]
    there = np.add([6, 15, 15], step)
    found = peak_position(fine.sampled(voxels, there))
    np.testing.assert_allclose(found, there, atol=0.01)


def test_drawing_agrees_with_a_psf_computed_on_the_moved_points():
    """A half-voxel move in y, done by twice as fine voxels, with pixels as large as before."""
    fine = fine_psf(SMALL.microscope, (0.25, 0.1, 0.1), 25, (13, 31, 31))
    voxels = [np.arange(13), np.arange(0, 31), np.arange(31)]
    moved = fine.sampled(voxels, (6, 15.5, 15))
    doubled = [np.arange(13), np.arange(0, 31, 0.5), np.arange(31)]
    dense = fine.sampled(doubled, (6, 15, 15))
    np.testing.assert_allclose(moved[:, 1:], dense[:, 1:-1:2][:, : moved.shape[1] - 1], atol=1e-7)


def test_photons_add_up_within_the_volume_of_the_true_psf():
    field = simulate(replace(CLEAN, gain=3.0, photons=(5e4, 5e4), seed=11))
    centre = np.round(field.beads.positions[0]).astype(int)
    total = crop_or_pad(field.image.data, np.array(field.psf.data.shape) - 2, centre).sum()
    assert field.beads[0].intensity == pytest.approx(1.5e5)
    assert total == pytest.approx(1.5e5, rel=0.02)


def test_the_true_psf_is_the_bead_on_a_voxel():
    field = simulate(CLEAN)
    crop = crop_or_pad(field.psf_grid, (11, 29, 29), [n // 2 for n in field.psf_grid.shape])
    inner = crop_or_pad(field.psf.data, (11, 29, 29), [n // 2 for n in field.psf.data.shape])
    scale = (crop * inner).sum() / (crop * crop).sum()
    np.testing.assert_allclose(inner, scale * crop, atol=1e-6)
    assert scale == pytest.approx(1, abs=1e-3)


def test_noise_has_the_mean_and_the_variance_of_the_camera():
    dark = replace(SMALL, beads=0, background=50, ramp=0, gain=2.5, read_noise=4, offset=100)
    counts = simulate(dark).image.data.astype(float)
    assert counts.mean() == pytest.approx(100 + 2.5 * 50, rel=0.002)
    # Rounding to whole counts adds a twelfth.
    assert counts.var() == pytest.approx(2.5**2 * 50 + 4**2 + 1 / 12, rel=0.02)


def test_the_ramp_rises_by_its_share_along_x():
    ramp = replace(CLEAN, beads=0, background=20, ramp=0.5)
    np.testing.assert_allclose(simulate(ramp).image.data[0, 0, [0, -1]], [10, 30])


def test_a_sphere_widens_by_its_second_moment():
    """The variance of a filled sphere along an axis is its diameter squared over 20."""
    fine = fine_psf(SMALL.microscope, SMALL.voxel_um, 25, (13, 31, 31))
    ball = fine.blurred_by_sphere(0.6, SMALL.voxel_um)
    step = SMALL.voxel_um[2] / fine.factor[2]
    # Near frequency 0 a transform falls with the variance: ratio = 1 - 2 (pi f sigma)².
    frequency = 1 / (fine.data.shape[2] * step)
    wave = np.exp(2j * np.pi * frequency * step * np.arange(fine.data.shape[2]))
    ratio = np.abs((ball.data.sum(axis=(0, 1)) * wave).sum() / ball.data.sum())
    ratio /= np.abs((fine.data.sum(axis=(0, 1)) * wave).sum() / fine.data.sum())
    variance = (1 - ratio) / (2 * (np.pi * frequency) ** 2)
    assert variance == pytest.approx(0.6**2 / 20, rel=0.02)


def test_the_same_seed_gives_the_same_field_and_another_does_not():
    first, again, other = (simulate(replace(SMALL, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.image.data, again.image.data)
    assert first.beads.to_csv() == again.beads.to_csv()
    assert (first.image.data != other.image.data).mean() > 0.5


def test_a_bead_at_the_border_is_cut_and_does_not_come_in_on_the_other_side():
    field = simulate(replace(CLEAN, beads=0, border_beads=1, seed=3))
    volume, position = field.image.data, field.beads.positions[0]
    assert field.beads[0].reason == "border"
    opposite = (
        np.array(volume.shape) - 1 - np.clip(np.round(position), 0, np.array(volume.shape) - 1)
    )
    near = np.clip(np.round(position).astype(int), 0, np.array(volume.shape) - 1)
    axis = int(np.argmax(np.minimum(position[1:], 63 - position[1:]) < 6)) + 1
    far = near.copy()
    far[axis] = int(opposite[axis])
    assert volume[tuple(far)] < 1e-3 * volume[tuple(near)]


def test_saturation_clips_and_is_told():
    field = simulate(replace(SMALL, photons=(1e6, 1e6), saturation=4095))
    assert field.image.data.max() == 4095
    assert (field.image.data == 4095).sum() > 1
    assert field.beads[0].reason == "saturated"


def test_doublets_are_rejected_in_pairs_nearer_than_half_a_micrometre():
    field = simulate(replace(SMALL, beads=3, doublets=2, min_distance_um=1))
    assert field.beads.funnel()["rejected"] == {"doublet": 4}
    steps = (field.beads.positions[3:] - field.beads.positions[:2]) * SMALL.voxel_um
    distance = np.linalg.norm(steps, axis=1)
    assert ((distance > 0.14) & (distance < 0.41)).all()


def test_hot_voxels_are_as_many_as_asked_and_hot_pixels_are_hot_in_every_plane():
    dark = replace(CLEAN, background=10, ramp=0)
    voxels = simulate(replace(dark, hot_pixels=5)).image.data != simulate(dark).image.data
    assert voxels.sum() == 5
    columns = simulate(replace(dark, hot_columns=3)).image.data != simulate(dark).image.data
    assert columns.all(axis=0).sum() == 3
    assert columns.sum() == 3 * 25


def test_beads_keep_their_distance():
    field = simulate(replace(SMALL, beads=12, min_distance_um=1.0))
    positions = field.beads.positions * SMALL.voxel_um
    steps = positions[:, np.newaxis] - positions
    distance = np.linalg.norm(steps, axis=2) + 99 * np.eye(12)
    assert distance.min() >= 1.0


def test_a_plane_is_a_field_too():
    field = simulate(replace(CLEAN, shape=(1, 64, 64)))
    assert field.psf.data.shape[0] == 1
    truth = field.beads.positions[0]
    found = peak_position(field.image.data)
    np.testing.assert_allclose(found[1:], truth[1:], atol=0.02)


def test_coma_moves_the_peak_and_the_truth_goes_with_it():
    field = simulate(replace(CLEAN, coma=0.1))
    grid = field.psf_grid
    np.testing.assert_allclose(peak_position(grid), np.array(grid.shape) // 2, atol=0.01)
    # The comet's tail is on one side along x, and on none along y.
    middle = grid[grid.shape[0] // 2] / grid.max()
    assert np.abs(middle - middle[:, ::-1]).max() > 0.1
    np.testing.assert_allclose(middle, middle[::-1], atol=1e-3)


def test_a_confocal_is_narrower_than_a_widefield():
    sharp = replace(SMALL.optics, microscope="confocal")
    peaks = [simulate(replace(CLEAN, optics=o)).psf.data.max() for o in (SMALL.optics, sharp)]
    assert peaks[1] > 2 * peaks[0]


def test_a_light_sheet_dims_what_is_out_of_it():
    sheet = replace(SMALL.optics, microscope="lightsheet")
    plain, lit = (
        simulate(replace(CLEAN, optics=o, sheet_um=1.0)).psf_grid for o in (SMALL.optics, sheet)
    )
    middle = plain.shape[0] // 2
    ratio = (lit[middle + 2] / plain[middle + 2]).max() / (lit[middle] / plain[middle]).max()
    # Half a micrometre from the middle of a sheet of 1 µm FWHM.
    assert ratio == pytest.approx(0.5, rel=0.05)


def test_two_photons_excite_by_the_square_of_the_light():
    pair = replace(SMALL.optics, microscope="two-photon", excitation_um=0.8)
    single = replace(SMALL.optics, wavelength_um=0.8)
    step, shape = (0.1, 0.05, 0.05), (21, 41, 41)
    two, one = (psf_volume(Microscope(optics=optics), step, shape) for optics in (pair, single))
    np.testing.assert_allclose(two, one**2, atol=1e-9)


def test_a_tilted_sheet_rises_with_y():
    plain, tilted = (replace(SMALL.optics, microscope=kind) for kind in ("widefield", "lightsheet"))
    tilted = replace(tilted, sheet_tilt_deg=30)
    step, shape = (0.1, 0.1, 0.1), (21, 21, 21)
    dark, lit = (
        psf_volume(Microscope(optics=optics, sheet_um=1.0), step, shape)
        for optics in (plain, tilted)
    )
    z, y = np.meshgrid(np.arange(-1, 1.05, 0.1), np.arange(-1, 1.05, 0.1), indexing="ij")
    away = z * np.cos(np.pi / 6) - y * np.sin(np.pi / 6)
    expected = np.exp(-4 * np.log(2) * away**2)
    np.testing.assert_allclose((lit / dark)[:, :, 10], expected, rtol=1e-6)


def test_what_no_pupil_has_is_not_simulated():
    with pytest.raises(OptionError, match="the PSF of microscope sted cannot be described"):
        Microscope(optics=replace(SMALL.optics, microscope="sted"))


def test_the_command_line_writes_what_the_library_makes(tmp_path, capsys):
    words = "--beads 2 --shape 15 48 48 --psf-um 2 2 2 --seed 4 --na 0.9 --refractive-index 1.33"
    assert main(["simulate", "-o", str(tmp_path / "field"), *words.split()]) == 0
    optics = replace(SCENES["bright"].optics, na=0.9, refractive_index=1.33)
    field = simulate(Scene(beads=2, shape=(15, 48, 48), psf_um=(2, 2, 2), seed=4, optics=optics))
    image = read_image(tmp_path / "field" / "image.tif")
    np.testing.assert_array_equal(image.data, field.image.data)
    assert image.voxel_um == pytest.approx(field.image.voxel_um)
    np.testing.assert_array_equal(PSF.load(tmp_path / "field" / "psf.tif").data, field.psf.data)
    with (tmp_path / "field" / "beads.csv").open() as table:
        rows = list(csv.DictReader(table))
    read = [[float(row[axis]) for axis in "zyx"] for row in rows]
    np.testing.assert_allclose(read, field.beads.positions, rtol=1e-5)
    assert "2 found: 2 used" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--scene brihgt", "--scene is 'brihgt'; allowed are bright, dim"),
        ("--beads 500 --shape 9 32 32", "there is room for only"),
        ("--psf psfmodels --coma 0.1", "--psf is psfmodels, which has no coma"),
        ("--voxel-um 0.2 0.1 0.11", "--voxel-um is 0.1 in y and 0.11 in x"),
        ("--ramp 2", "--ramp is 2; allowed is 0 to 1"),
        ("--photons 9 3", "--photons is 9 3; allowed are two numbers"),
        ("--doublets 99", "--doublets is 99, --beads is 60"),
        ("--saturation 9999999999", "--saturation is 9999999999"),
        ("--bead-diameter-um 100", "--bead-diameter-um is 100, --psf-um is"),
        ("--voxel-um 200 100 100", "--voxel-um is 200 100 100"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(words, line, tmp_path, capsys):
    assert main(["simulate", "-o", str(tmp_path / "x"), *words.split()]) == 2
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1
    assert not (tmp_path / "x").exists()


def test_every_scene_of_the_benchmark_has_its_numbers():
    assert list(SCENES)[:9] == [
        "bright",
        "dim",
        "sparse",
        "crowded",
        "confocal-dim",
        "large-beads",
        "dirty",
        "index-mismatch",
        "air",
    ]
    for name in list(SCENES)[:9]:
        assert scene(name, seed=7, psf="psfmodels").voxel_um == (0.2, 0.1, 0.1)
    assert demo_scene(3).seed == 3
