"""What the beads tell of how large a pupil's terms are at all."""

import numpy as np
import pytest

from psfbridge.distillation.joint.pupil_prior import UNSCALED, Prior
from psfbridge.optics.pupil import BLUR_X, BLUR_Y, BLUR_YX, FIRST_MODE, NA, PupilModel

MODEL = PupilModel((21, 31, 31), (0.2, 0.1, 0.1), 32, order=6, amplitudes=7)
FREE = tuple(range(FIRST_MODE, MODEL.size))


def settled(true, noise, seed=0):
    """Firmness and terms after some rounds, for terms that are measured one by one."""
    measured = true + noise * np.random.default_rng(seed).normal(size=true.size)
    prior_scale, information = UNSCALED, np.eye(len(FREE)) / noise**2
    for _ in range(20):
        prior = Prior(MODEL, 2.7, None, prior_scale)
        normal = information + prior.stiffness(FREE)
        values = np.zeros(MODEL.size)
        values[list(FREE)] = np.linalg.solve(normal, information @ measured[list(FREE)])
        prior_scale = prior.rescale(values, normal, np.zeros(len(FREE)), FREE)
    return prior_scale, values


def test_terms_that_are_noise_are_held_firmly():
    prior_scale, values = settled(np.zeros(MODEL.size), 0.05)
    assert prior_scale.phases > 50
    assert np.abs(values).max() < 0.03


def test_terms_that_stand_out_are_left_as_they_are():
    true = np.zeros(MODEL.size)
    true[FIRST_MODE : FIRST_MODE + len(MODEL.modes)] = 0.4
    prior_scale, values = settled(true, 0.01)
    assert prior_scale.phases < 5
    assert np.allclose(values[FIRST_MODE : FIRST_MODE + 5], 0.4, atol=0.03)


def test_a_blur_may_be_as_large_as_it_likes_but_not_oval_for_nothing():
    prior = Prior(MODEL, 2.7, None, UNSCALED)
    round_, oval, tilted = (np.zeros(MODEL.size) for _ in range(3))
    round_[[BLUR_Y, BLUR_X]] = 0.01
    oval[[BLUR_Y, BLUR_X]] = 0.01, 0.0
    tilted[BLUR_YX] = 0.005
    assert prior.cost(round_) == pytest.approx(0, abs=1e-9)
    # Turned by 45 degrees it is the same blur.
    assert prior.cost(oval) == pytest.approx(prior.cost(tilted))


def test_what_is_known_is_held_to_its_own_spread():
    prior = Prior(MODEL, 2.7, {NA: (2.7, 0.04)}, UNSCALED)
    values = np.zeros(MODEL.size)
    values[NA] = 2.74
    assert prior.cost(values) == pytest.approx(1)
    assert prior.pull(values, (NA,)) == pytest.approx([-25])
