"""Measures: known shapes, real beads, and what cannot be measured."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import j1

import psfbridge as pb
from psfbridge.detection.beads import USED
from psfbridge.errors import ImageError, NoBeadsError
from psfbridge.measurement.measures import Measures, measure, measure_beads, median_of
from psfbridge.numerics.robust import FWHM_PER_SIGMA
from psfbridge.psf.psf import PSF

DATA = Path(__file__).parents[3] / "shared" / "data"
VOXEL_UM = (0.2, 0.1, 0.1)


def stack(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not in {DATA}")
    return path


def bead(shape=(21, 31, 31), centre=(10.2, 15.3, 14.8), sigma=(2.0, 1.8, 1.5)):
    grid = np.ogrid[tuple(slice(0, length) for length in shape)]
    terms = (((g - c) / s) ** 2 for g, c, s in zip(grid, centre, sigma, strict=True))
    return np.exp(-0.5 * sum(terms))


def widths(sigma, voxel_um=VOXEL_UM):
    return FWHM_PER_SIGMA * np.array(sigma) * voxel_um


def test_measures_a_psf_of_known_width():
    psf = PSF.from_volume(bead(), VOXEL_UM)
    found = measure(psf)
    assert found.subject == "the PSF"
    assert found.fwhm_um == pytest.approx(widths((2.0, 1.8, 1.5)), rel=5e-3)
    assert found.gaussian_fwhm_um == pytest.approx(widths((2.0, 1.8, 1.5)), rel=5e-3)
    assert found.profile_fit_fwhm_um == pytest.approx(widths((2.0, 1.8, 1.5)), rel=5e-3)
    assert found.principal_fwhm_um == pytest.approx(widths((2.0, 1.8, 1.5)), rel=5e-3)
    assert found.gaussian_r2 > 0.9999
    assert found.tilt_deg == pytest.approx(0, abs=0.2)
    assert max(found.asymmetry) < 1e-4
    assert found.background_share == pytest.approx(0, abs=1e-4)
    assert found.peak_zyx == pytest.approx((10, 15, 15), abs=0.05)


def test_the_background_left_in_a_psf_is_told_and_not_taken_off():
    psf = PSF.from_volume(bead() + 0.05, VOXEL_UM)
    found = measure(psf)
    assert found.background_share == pytest.approx(0.05 / 1.05, rel=0.02)
    half = FWHM_PER_SIGMA * 1.8 * 0.1
    # Half of 1.05 is 0.525, which the Gaussian reaches where it is 0.475 of its own peak.
    assert found.fwhm_um[1] == pytest.approx(half * np.sqrt(np.log2(1 / 0.475)), rel=5e-3)


def test_background_and_noise_of_a_bead_come_from_the_borders():
    rng = np.random.default_rng(11)
    noisy = rng.normal(500 + 2000 * bead(), 20)
    found = measure(noisy, voxel_um=VOXEL_UM)
    assert found.subject == "the only spot in array"
    assert found.background == pytest.approx(500, abs=4)
    assert found.noise == pytest.approx(20, rel=0.1)
    assert found.snr == pytest.approx(100, rel=0.12)
    assert found.peak == pytest.approx(2000, rel=0.05)
    assert found.fwhm_um == pytest.approx(widths((2.0, 1.8, 1.5)), rel=0.03)
    assert found.gaussian_fwhm_um == pytest.approx(widths((2.0, 1.8, 1.5)), rel=0.01)
    assert found.peak_zyx == pytest.approx((10.2, 15.3, 14.8), abs=0.3)


def test_a_plane_has_no_z():
    plane = 10 + 1000 * bead((1, 41, 41), (0, 20.3, 19.6), (1, 2.2, 1.7))
    found = measure(plane[0], voxel_um=(1.0, 0.1, 0.1))
    assert np.isnan(found.fwhm_um[0])
    assert found.fwhm_um[1:] == pytest.approx(widths((2.2, 1.7), 0.1), rel=5e-3)
    assert found.gaussian_fwhm_um[1:] == pytest.approx(widths((2.2, 1.7), 0.1), rel=5e-3)
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert record["fwhm_um"][0] is None
    assert record["tilt_deg"] is None
    assert record["zone_energy_volume"] is None
    assert record["zone_energy"] > 0.9


def test_an_airy_pattern_has_its_width_and_its_zone():
    v = np.hypot(*np.mgrid[-32:33, -32:33]) * 0.5
    airy = np.divide(2 * j1(v), v, out=np.ones_like(v), where=v > 0) ** 2
    found = measure(PSF.from_volume(airy, (1.0, 0.1, 0.1)))
    assert found.fwhm_um[1:] == pytest.approx([2 * 1.61634 / 0.5 * 0.1] * 2, rel=2e-3)
    assert found.zone_energy == pytest.approx(0.9188, abs=3e-3)


@settings(max_examples=15, deadline=None)
@given(
    dtype=st.sampled_from(["uint8", "uint16", "int16", "float32", "float64", ">u2"]),
    level=st.integers(2, 60),
    height=st.integers(100, 190),
)
def test_widths_depend_neither_on_type_nor_on_level_or_height(dtype, level, height):
    counts = np.round(level + height * bead()).astype(dtype)
    found = measure(counts, voxel_um=VOXEL_UM)
    assert found.fwhm_um == pytest.approx(widths((2.0, 1.8, 1.5)), rel=0.02)


def field(rng):
    """Six beads far apart, one of them five times brighter and twice as wide."""
    volume = np.full((21, 120, 180), 100.0)
    centres = [(10.3, 25.2, y) for y in (30.4, 90.1, 149.7)]
    centres += [(9.8, 90.6, y) for y in (30.9, 89.5)]
    for centre in centres:
        volume += 1500 * bead(volume.shape, centre)
    volume += 7500 * bead(volume.shape, (10, 90, 150), (4.0, 3.6, 3.0))
    return rng.poisson(volume).astype("uint16"), centres


def test_several_beads_give_the_median_and_say_so():
    counts, _ = field(np.random.default_rng(4))
    found = measure(pb.Image(counts, VOXEL_UM, "field.tif"))
    assert found.beads >= 5
    assert found.subject.startswith(f"median of {found.beads} beads in field.tif (6 found: ")
    assert found.gaussian_fwhm_um == pytest.approx(widths((2.0, 1.8, 1.5)), rel=0.03)
    assert np.isnan(found.peak_zyx).all()


def test_measures_the_beads_that_are_named():
    counts, centres = field(np.random.default_rng(5))
    every = measure_beads(pb.Image(counts, VOXEL_UM, "field.tif"), centres[:3])
    assert len(every) == 3
    for one, centre in zip(every, centres, strict=False):
        assert one.peak_zyx == pytest.approx(centre, abs=0.6)
        assert one.gaussian_fwhm_um == pytest.approx(widths((2.0, 1.8, 1.5)), rel=0.05)
    assert every[2].subject == "bead 2 of field.tif"


def test_the_median_leaves_out_what_is_not_known():
    nan = float("nan")
    every = [
        Measures(subject="a", voxel_um=VOXEL_UM, fwhm_um=(nan, 1.0, 1.0), snr=nan),
        Measures(subject="b", voxel_um=VOXEL_UM, fwhm_um=(3.0, 2.0, 5.0), snr=nan),
        Measures(subject="c", voxel_um=VOXEL_UM, fwhm_um=(4.0, 9.0, 6.0), snr=nan),
    ]
    found = median_of(every, "all")
    assert found.fwhm_um == (3.5, 2.0, 5.0)
    assert np.isnan(found.snr)
    assert found.beads == 3
    with pytest.raises(NoBeadsError):
        median_of([], "none")


def test_a_width_that_the_image_cuts_off_is_not_known_and_said():
    cut = 10 + 1000 * bead((9, 31, 31), (0.0, 15, 15))
    found = measure(cut, voxel_um=VOXEL_UM)
    assert np.isnan(found.fwhm_um[0])
    assert np.isfinite(found.fwhm_um[1])
    assert found.notes == ("The volume does not extend to the half maximum along z.",)


def hot_pixel():
    counts = np.random.default_rng(8).poisson(20, (9, 64, 64))
    counts[4, 30, 30] = 5000
    return counts


def test_a_saturated_bead_is_measured_with_a_warning():
    clipped = np.minimum(600 * bead(), 255).astype("uint8")
    found = measure(clipped, voxel_um=VOXEL_UM)
    assert found.subject == "the only spot in array (would be rejected by distill: saturated)"
    assert found.fwhm_um[1] > 1.1 * widths((1.8,), 0.1)[0]


@pytest.mark.parametrize("shape", [(1, 1, 1), (21, 1, 1), (1, 1, 21)])
def test_what_has_hardly_an_extent_is_measured_or_refused(shape):
    grid = np.ogrid[tuple(slice(0, length) for length in shape)]
    line = np.exp(-sum((g - n // 2) ** 2 for g, n in zip(grid, shape, strict=True)) / 5.0)
    if max(shape) == 1:
        assert np.isnan(measure(PSF(line.astype("float32"), VOXEL_UM)).fwhm_um).all()
        return
    found = measure(line, voxel_um=VOXEL_UM)
    axis = int(np.argmax(shape))
    truth = 2 * np.sqrt(5 * np.log(2)) * VOXEL_UM[axis]
    assert found.fwhm_um[axis] == pytest.approx(truth, rel=0.03)


@pytest.mark.parametrize(
    ("counts", "fault", "words"),
    [
        (np.zeros((5, 9, 9)), ImageError, "nothing but the value 0"),
        (np.full((5, 9, 9), np.nan), ImageError, "NaN"),
        (np.arange(4.0).reshape(1, 2, 2), NoBeadsError, "no width"),
        (hot_pixel(), NoBeadsError, "hot pixels"),
        (np.random.default_rng(0).poisson(100, (9, 64, 64)), NoBeadsError, "no spot found in"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(counts, fault, words):
    with pytest.raises(fault, match=words) as caught:
        measure(counts, voxel_um=VOXEL_UM)
    assert "\n" not in str(caught.value)


def test_an_array_needs_its_voxel_size():
    with pytest.raises(ImageError, match="voxel_um"):
        measure(bead())


def test_several_channels_need_a_choice():
    image = pb.Image(np.stack([100 * bead(), 50 * bead(sigma=(1, 1, 1))]), VOXEL_UM)
    with pytest.raises(ImageError, match="2 channels"):
        measure(image)
    found = measure(image, channel=0)
    assert found.fwhm_um == pytest.approx(widths((2.0, 1.8, 1.5)), rel=0.02)


def test_an_image_in_the_form_of_a_psf_is_measured_as_one(tmp_path):
    psf = PSF.from_volume(bead() + 0.05, VOXEL_UM)
    psf.save(tmp_path / "psf.tif")
    found = measure(pb.read_image(tmp_path / "psf.tif"))
    assert found.subject == "the PSF psf.tif"
    assert found.fwhm_um == pytest.approx(measure(psf).fwhm_um)


#: Medians or single beads by 1-D Gaussian fits, z, y, x in µm: the data's own README.
KNOWN = {
    "sample_zstack.tif": (None, (0.844, 0.403, 0.404)),
    "Bead_Image1_crop.tif": (None, (0.529, 0.226, 0.162)),
    "lattice_bead.tif": ((0.1, 0.102, 0.102), (0.674, 0.307, 0.302)),
}


@pytest.mark.data
@pytest.mark.parametrize("name", KNOWN)
def test_reproduces_the_known_figures_of_real_beads(name):
    voxel_um, known = KNOWN[name]
    image = pb.read_image(stack(name), voxel_um=voxel_um)
    found = measure(image)
    assert found.profile_fit_fwhm_um == pytest.approx(known, rel=0.03)
    positions = pb.find_beads(image).with_status(USED).positions
    again = median_of(measure_beads(image, positions), name)
    assert again.profile_fit_fwhm_um == pytest.approx(found.profile_fit_fwhm_um, rel=1e-6)


@pytest.mark.data
def test_the_half_maximum_agrees_with_the_known_figures_of_the_field():
    found = measure(pb.read_image(stack("sample_zstack.tif")))
    assert found.beads > 25
    assert found.fwhm_um == pytest.approx(KNOWN["sample_zstack.tif"][1], rel=0.03)


def test_the_snr_of_a_psf_is_its_peak_over_its_standard_error(small_field):
    psf = small_field.psf
    assert np.isnan(measure(psf).snr)  # its border is a model, and no noise
    error = np.full_like(psf.data, psf.data.max() / 50)
    found = measure(replace(psf, error=error))
    assert found.snr == pytest.approx(50, rel=0.1)
    assert found.noise == pytest.approx(error[0, 0, 0])
