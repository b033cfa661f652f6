"""The original pipeline, held against a literal transcription of its steps."""

import numpy as np
import pytest
from scipy import fft, ndimage
from skimage.filters import threshold_otsu

import psfbridge as pb
from psfbridge.distillation.reverse_rl import (
    point_image,
    reverse_richardson_lucy,
    without_background,
)
from psfbridge.engines import CpuEngine
from psfbridge.imaging.image import Image


def transcription(stack, iterations):
    """The steps of the original, as its author's script has them, in float64.

    Richardson-Lucy as clij2-fft does it: circular, the estimate starts as the image, the PSF is
    centred on index n // 2 and divided by its sum.
    """
    image = stack.astype("float32")
    image = image - 1.25 * image.mean()
    image[image <= 0] = 0.1
    labels, count = ndimage.label(image > threshold_otsu(image), np.ones((3, 3, 3)))
    points = np.zeros(image.shape)
    for z, y, x in ndimage.center_of_mass(np.ones(image.shape), labels, range(1, count + 1)):
        points[int(z), int(y), int(x)] = 1
    image = image.astype(float)
    otf = fft.fftn(fft.ifftshift(points / points.sum()))
    estimate = image.copy()
    for _ in range(iterations):
        blurred = fft.ifftn(fft.fftn(estimate) * otf).real
        estimate = estimate * fft.ifftn(fft.fftn(image / blurred) * otf.conj()).real
    return estimate, points


@pytest.mark.parametrize("iterations", [1, 20])
def test_it_agrees_with_a_literal_transcription(small_field, iterations):
    # Lengths with small prime factors: elsewhere the engines extend the image first.
    stack = small_field.image.data[:30]
    expected, points = transcription(stack, iterations)
    image = Image(stack, small_field.image.voxel_um)
    found = reverse_richardson_lucy(image, CpuEngine(), iterations=iterations)
    assert np.array_equal(point_image(without_background(stack))[0], points)
    error = np.linalg.norm(found - expected) / np.linalg.norm(expected)
    assert error < 1e-3


def test_the_background_is_1_25_times_the_mean_and_the_floor_0_1():
    rng = np.random.default_rng(0)
    stack = rng.gamma(1.0, 40.0, (8, 32, 32)).astype(np.float32)
    beads = without_background(stack)
    below = stack < 1.249 * stack.mean()
    assert set(beads[below]) == {np.float32(0.1)}
    assert beads.max() == pytest.approx(stack.max() - 1.25 * stack.mean(), rel=1e-5)
    assert beads.min() > 0


def test_a_background_in_counts_is_taken_as_it_is():
    stack = np.array([[[100.0, 130.0]]])
    assert without_background(stack, 90).ravel() == pytest.approx([10, 40])


def test_distilled_it_meets_the_form_and_says_what_it_did(small_field):
    result = pb.distill(small_field.image, method="reverse-rl", iterations=30)
    assert result.method == "reverse-rl"
    assert result.psf.data.sum() == pytest.approx(1, abs=1e-3)
    assert any("30 iterations" in note for note in result.notes)
    assert result.psf.provenance["options"]["iterations"] == 30


def test_the_engine_is_asked_by_name(small_field):
    with pytest.raises(pb.errors.OptionError, match="engine is 'gpu'; allowed are auto, cpu"):
        pb.distill(small_field.image, method="reverse-rl", engine="gpu")
