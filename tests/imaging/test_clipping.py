"""Noise that was cut off at the lowest value is restored, and counted photons are left alone."""

import numpy as np
import pytest
from scipy import ndimage

from psfbridge.imaging.clipping import clipped_floor, restored_below


def uneven(seed, shape=(16, 96, 96)):
    """Light that varies by a few times the noise, as out-of-focus light does."""
    rng = np.random.default_rng(seed)
    light = ndimage.gaussian_filter(rng.normal(size=shape), (3, 8, 8))
    return 8 * light / light.std()


@pytest.mark.parametrize("share", [0.3, 0.65, 0.8])
@pytest.mark.parametrize("noise", [3.0, 12.0])
def test_mean_and_noise_are_as_before_the_cut(share, noise):
    rng = np.random.default_rng(7)
    counts = rng.normal(uneven(1) * noise / 10, noise)
    level = np.quantile(counts, share)
    cut = np.maximum(np.rint(counts - level), 0)
    floor = clipped_floor(cut)
    assert floor.share == pytest.approx(share, abs=0.06)
    assert floor.noise == pytest.approx(noise, rel=0.2)
    restored = restored_below(cut, floor)
    before = ndimage.uniform_filter(counts - level, (4, 12, 12))
    after = ndimage.uniform_filter(restored.astype(float), (4, 12, 12))
    assert np.mean(after - before) == pytest.approx(0, abs=0.25 * noise)
    assert np.std(after - before) < 0.2 * noise
    # Where the most is cut off, cutting it off had moved the mean by more than that.
    assert np.mean(ndimage.uniform_filter(cut, (4, 12, 12)) - before) > 0.1 * noise


@pytest.mark.parametrize("mean", [0.1, 0.4, 1.0])
def test_counted_photons_are_measurements(mean):
    counts = np.random.default_rng(2).poisson(mean, (16, 96, 96))
    assert clipped_floor(counts).noise == 0


def test_a_dark_background_of_two_levels_is_not_restored():
    """A quarter of a clean 8-bit background has the lowest value by its rounding alone."""
    counts = np.rint(np.random.default_rng(3).normal(1.8, 0.45, (16, 96, 96))).clip(0)
    assert clipped_floor(counts).noise == 0


def test_the_same_image_gives_the_same_voxels():
    cut = np.maximum(np.random.default_rng(4).normal(0, 5, (9, 64, 64)).round(), 0)
    floor = clipped_floor(cut)
    assert np.array_equal(restored_below(cut, floor), restored_below(cut, floor))
