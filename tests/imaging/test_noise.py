"""The noise model is recovered from the image alone."""

import numpy as np
import pytest
from scipy import ndimage

from psfbridge.imaging.image import Image
from psfbridge.imaging.noise import Noise, estimate_noise, saturation_level

VOXEL = (0.2, 0.1, 0.1)


def beads_and_haze(rng):
    """Photons of smooth spots of all sizes: what out-of-focus light looks like."""
    spots = np.zeros((16, 160, 160))
    spots[tuple(rng.integers(0, n, 60) for n in spots.shape)] = 1
    haze = sum(ndimage.gaussian_filter(spots, s) * s**3 for s in (2.0, 4.0, 8.0))
    return 30 + 4000 * haze / haze.max()


@pytest.mark.parametrize(("gain", "read_noise"), [(1.0, 2.0), (2.5, 4.0), (0.45, 1.0)])
def test_gain_and_noise_floor_are_recovered(gain, read_noise):
    rng = np.random.default_rng(3)
    light = beads_and_haze(rng)
    counts = gain * rng.poisson(light) + rng.normal(0, read_noise, light.shape) + 100
    noise = estimate_noise(Image(np.round(counts).astype(np.uint16), VOXEL))
    true_floor = gain * (noise.offset - 100) + read_noise**2 + 1 / 12
    assert noise.gain == pytest.approx(gain, rel=0.08)
    assert noise.read_noise**2 == pytest.approx(true_floor, rel=0.15)


def test_pure_read_noise_has_its_standard_deviation():
    rng = np.random.default_rng(0)
    noise = estimate_noise(Image(rng.normal(500, 7, (4, 100, 100)).astype(np.float32), VOXEL))
    assert noise.read_noise == pytest.approx(7, rel=0.05)
    assert noise.gain * 50 < 7**2


def test_a_flat_integer_background_keeps_the_rounding_noise():
    counts = np.full((3, 40, 40), 2, np.uint8)
    counts[1, 20, 20] = 90
    assert estimate_noise(Image(counts, VOXEL)).read_noise == pytest.approx((1 / 12) ** 0.5)


def test_variance_follows_the_light_and_never_falls_below_the_floor():
    variance = Noise(100, 2, 3).variance(np.array([0, 100, 150]))
    assert variance.tolist() == [9, 9, 109]


@pytest.mark.parametrize("top", [255, 200])
def test_clipped_images_show_their_level(top):
    rng = np.random.default_rng(1)
    spots = ndimage.gaussian_filter(rng.poisson(1e-3, (8, 80, 80)) * 40000.0, 2)
    counts = np.clip(spots + rng.normal(20, 2, spots.shape), 0, top).astype(np.uint8)
    assert saturation_level(counts) == top


def test_an_image_that_is_not_clipped_has_no_level():
    rng = np.random.default_rng(1)
    spots = ndimage.gaussian_filter(rng.poisson(1e-3, (8, 80, 80)) * 4000.0, 2)
    assert saturation_level((rng.poisson(spots) + 20).astype(np.uint16)) == float("inf")
    assert saturation_level(spots.astype(np.float32)) == float("inf")
