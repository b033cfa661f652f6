"""What a PSF leaves of beads: how much, and in which way it differs."""

from __future__ import annotations

import numpy as np
import pytest
from bead_stacks import spot

from psfbridge.evaluation.misfit import MeanBead, measure_misfit

SHAPE = (21, 31, 31)
MIDDLE = (10, 15, 15)
NONE = np.zeros(5)


def kinds(light, model):
    return measure_misfit(NONE, NONE, MeanBead(light, model)).kinds


def bead(sigma=(2.5, 1.4, 1.4), at=MIDDLE):
    light = spot(SHAPE, at, sigma)
    return light / light.sum()


def test_the_error_is_the_root_of_what_is_left_beyond_noise():
    noise = np.full(9, 0.01)
    residual = noise + 0.0025 + np.linspace(-1e-4, 1e-4, 9)
    found = measure_misfit(residual, noise, MeanBead(bead(), bead()))
    assert found.error == pytest.approx(0.05)
    assert 0 < found.error_se < 0.002


def test_a_residual_below_the_noise_is_no_error():
    assert measure_misfit(NONE, NONE + 0.01, MeanBead(bead(), bead())).error == 0


def test_a_psf_like_the_beads_differs_in_nothing():
    assert kinds(bead(), bead()) == ()


@pytest.mark.parametrize(
    ("sigma", "word"),
    [
        ((2.5, 1.6, 1.6), "too narrow laterally"),
        ((2.5, 1.2, 1.2), "too wide laterally"),
        ((2.9, 1.4, 1.4), "too narrow along z"),
        ((2.1, 1.4, 1.4), "too wide along z"),
    ],
)
def test_a_wrong_width_is_named_with_its_axis(sigma, word):
    assert kinds(bead(sigma), bead()) == (f"the PSF is {word}",)


def test_a_floor_is_named():
    # The outermost planes of every PSF are zero.
    raised = bead()
    raised[1:-1, 1:-1, 1:-1] += 0.02 * bead().max()
    assert kinds(bead(), raised) == ("the background of the PSF is too high",)


def test_a_one_sided_flare_is_coma_and_one_along_z_spherical_aberration():
    flared = bead() + 0.1 * bead((2.5, 1.0, 1.0), (10, 15, 18))
    assert "coma" in kinds(flared, bead())[0]
    flared = bead() + 0.1 * bead((2.0, 1.4, 1.4), (15, 15, 15))
    assert "spherical aberration" in kinds(flared, bead())[0]


def test_a_lens_that_is_a_cylinder_before_and_after_focus_is_astigmatism():
    before, after = ((6, 15, 15), (14, 15, 15))
    wide_y, wide_x = (1.5, 2.2, 1.0), (1.5, 1.0, 2.2)
    crossed = bead(wide_y, before) - bead(wide_x, before)
    crossed += bead(wide_x, after) - bead(wide_y, after)
    crossed = bead() + 0.1 * crossed
    assert "astigmatism" in kinds(crossed, bead())[0]


def test_the_mean_bead_is_the_mean_of_all():
    mean = MeanBead.of([(np.ones(SHAPE), np.zeros(SHAPE)), (np.zeros(SHAPE), np.ones(SHAPE))])
    assert (mean.light == 0.5).all()
    assert (mean.model == 0.5).all()
