"""The aligned average recovers the PSF from beads at random fractions of a voxel."""

import numpy as np
import pytest

import psfbridge as pb
from psfbridge.evaluation.psf_error import psf_error
from psfbridge.imaging.image import Image
from psfbridge.numerics.fourier import peak_position


@pytest.fixture(scope="module")
def averaged(small_field):
    return pb.distill(small_field.image, method="average")


def test_the_psf_is_the_blurred_truth(small_field, averaged):
    # 100 nm beads are not removed by averaging, and photons are few: this is what is left.
    assert psf_error(averaged.psf, small_field.psf_grid) < 0.3


def test_it_is_nearer_to_the_truth_than_the_original_pipeline(small_field, averaged):
    original = pb.distill(small_field.image, method="reverse-rl", iterations=200)
    truth = small_field.psf_grid
    assert psf_error(averaged.psf, truth) < 0.7 * psf_error(original.psf, truth)


def test_the_centre_is_the_maximum_to_a_twentieth_of_a_voxel(averaged):
    centre = np.array(averaged.psf.data.shape) // 2
    assert np.abs(peak_position(averaged.psf.data) - centre).max() < 0.05


def test_positions_are_refined(small_field, averaged):
    found = averaged.beads.with_status("used").positions
    true = small_field.beads.positions
    nearest = np.linalg.norm(found[:, None] - true[None], axis=2)
    offsets = found - true[nearest.argmin(axis=1)]
    # A common offset is the PSF's own convention of its centre; what remains is the error.
    assert (offsets - offsets.mean(axis=0)).std(axis=0).max() < 0.06


def test_intensities_follow_the_truth(small_field, averaged):
    used = averaged.beads.with_status("used")
    true = small_field.beads
    pairs = np.linalg.norm(used.positions[:, None] - true.positions[None], axis=2).argmin(axis=1)
    ratio = used.column("intensity") / true.column("intensity")[pairs]
    assert ratio.std() / ratio.mean() < 0.1


def test_a_single_bead_is_enough(small_field):
    _z, y, x = (round(c) for c in small_field.beads.positions[0])
    data = small_field.image.data[:, max(y - 16, 0) : y + 17, max(x - 16, 0) : x + 17]
    result = pb.distill(Image(data, small_field.image.voxel_um), method="average")
    assert result.beads.funnel()["used"] == 1
    assert psf_error(result.psf, small_field.psf_grid) < 0.6


def test_a_plane_gives_a_plane(small_field):
    plane = small_field.image.data[15]
    result = pb.distill(plane, voxel_um=(1, 0.1, 0.1), method="average")
    assert result.psf.data.shape[0] == 1
    assert result.psf.data.sum() == pytest.approx(1, abs=1e-3)


def test_several_images_give_one_psf(small_field, averaged):
    image = small_field.image
    half = image.data.shape[1] // 2
    parts = [
        Image(image.data[:, :half], image.voxel_um, "a"),
        Image(image.data[:, half:], image.voxel_um, "b"),
    ]
    result = pb.distill(parts, method="average", size=(*averaged.psf.data.shape[:1], 45, 45))
    assert {bead.image for bead in result.beads} == {"a", "b"}
    assert psf_error(result.psf, small_field.psf_grid) < 0.35


def test_a_given_background_is_used(small_field):
    result = pb.distill(small_field.image, method="average", background=120)
    used = result.beads.with_status("used")
    assert set(used.column("background")) == {120.0}


def test_light_between_near_beads_is_not_passed_to_and_fro():
    """Boxes far larger than the beads are apart: rounds once grew without end."""
    rng = np.random.default_rng(3)
    z, y, x = np.ogrid[:17, :96, :96]
    expected = np.full((17, 96, 96), 20.0)
    for y0 in (20, 48, 76):
        for x0 in (20, 48, 76):
            at = np.array((8, y0, x0)) + rng.uniform(-0.5, 0.5, 3)
            squares = ((z - at[0]) / 1.6) ** 2 + (((y - at[1]) ** 2 + (x - at[2]) ** 2) / 1.3**2)
            expected += 4000 * np.exp(-squares / 2)
    image = Image(rng.poisson(expected).astype(np.uint16), (0.2, 0.1, 0.1))
    result = pb.distill(image, method="average")
    assert result.beads.funnel()["used"] == 9
    true = 2.3548 * np.array((1.6 * 0.2, 1.3 * 0.1, 1.3 * 0.1))
    assert result.measures.fwhm_um == pytest.approx(true, rel=0.02)
