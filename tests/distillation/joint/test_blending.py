"""The data pull a PSF away from its model where beads that were left out are better off."""

import numpy as np
import pytest

from psfbridge.distillation.joint.blending import (
    BlendChoice,
    blend_with_data,
    core_of,
    wiener_gain,
)
from psfbridge.distillation.joint.settings import STACK
from psfbridge.distillation.joint.stack import Stack

SHAPE = (21, 31, 31)
NOISE = 1e-4


def spot(*sigmas):
    axes = np.meshgrid(*(np.arange(n) - n // 2 for n in SHAPE), indexing="ij", sparse=True)
    volume = np.exp(-0.5 * sum((a / s) ** 2 for a, s in zip(axes, sigmas, strict=True)))
    return (volume / volume.sum()).astype(np.float32)


def stack_of(true, seed=0):
    """Parts that each see the truth with noise of their own."""
    noise = NOISE * np.random.default_rng(seed).standard_normal((STACK.parts, *SHAPE))
    weights = np.full((STACK.parts, *SHAPE), NOISE**-2, np.float32)
    return Stack(((true + noise) * weights).astype(np.float32), weights)


def blend_of(model, true, seed=0, choice=None, core=None):
    transfer = np.ones((21, 31, 16), np.float32)
    return blend_with_data(stack_of(true, seed), (model, model), transfer, choice, core=core)


@pytest.mark.parametrize("seed", range(6))
def test_a_model_that_is_right_is_left_alone(seed):
    model = spot(3, 2, 2)
    blend = blend_of(model, model, seed)
    assert blend.choice.kind == "model"
    assert np.array_equal(blend.volume, model)


def test_a_model_that_is_wrong_gives_way():
    model, true = spot(3, 2, 2), spot(3.3, 2, 2.1)
    blend = blend_of(model, true)
    assert blend.choice.kind != "model"
    assert np.linalg.norm(blend.volume - true) < 0.5 * np.linalg.norm(model - true)


def test_what_is_left_of_beads_not_used_is_told_for_each_choice():
    held_out = blend_of(spot(3, 2, 2), spot(3.3, 2, 2.1)).choice.held_out
    assert held_out["model and data"] < held_out["model"]


def test_two_models_are_held_against_each_other_in_one_core():
    narrow, wide, true = spot(2.7, 1.8, 1.8), spot(3.6, 2.4, 2.4), spot(3, 2, 2)

    def left_by_the_average(model, core=None):
        choice = blend_of(model, true, core=core).choice
        return choice.held_out["average"] + choice.around

    # The average knows of no model: in one core it leaves the same, whichever is asked.
    core = core_of(wide)
    assert left_by_the_average(narrow, core) == pytest.approx(left_by_the_average(wide, core))
    assert left_by_the_average(narrow) > 1.01 * left_by_the_average(wide)


def test_without_parts_to_leave_out_nothing_is_chosen():
    model = spot(3, 2, 2)
    one = stack_of(model).of([0])
    blend = blend_with_data(one, (model, model), np.ones((21, 31, 16), np.float32))
    assert blend.choice.held_out == {}


def test_what_the_model_misses_is_measured_and_by_chance_alone_where_it_is_right():
    model, true = spot(3, 2, 2), spot(3.1, 2, 2.05)
    right, blend = blend_of(model, model).missed, blend_of(model, true)
    assert abs(right.energy) < 4 * right.chance
    left = float(((blend.seen - true) ** 2).sum())
    assert abs(blend.missed.energy - left) < 4 * blend.missed.chance + 0.3 * left


def test_a_misfit_that_the_data_may_not_mend_is_measured_whole():
    model, true = spot(3, 2, 2), spot(3.3, 2, 2.1)
    blend = blend_of(model, true, choice=BlendChoice("model", np.inf, {}, {}))
    scale = float((model * true).sum() / (model**2).sum())
    left = float(((scale * model - true) ** 2).sum())
    assert blend.missed.energy == pytest.approx(left, rel=0.3)
    assert blend.missed.energy > 5 * blend.missed.chance


def test_a_floor_around_the_beads_is_not_taken_for_the_average_though_cores_agree():
    """The whole box is judged: what adds light where held-out beads have none is no better."""
    true = spot(3, 2, 2)
    choice = blend_of(true, true).choice
    assert choice.held_out["average"] > choice.held_out["model"]


def test_where_no_pupil_fits_the_beads_alone_are_taken():
    model, true = spot(3, 2, 2), np.roll(spot(2, 2, 2), 3, 0) + np.roll(spot(2, 2, 2), -3, 0)
    blend = blend_of(model, true)
    assert blend.choice.kind != "model"
    assert np.linalg.norm(blend.volume - true) < 0.1 * np.linalg.norm(true)


def test_noise_is_shrunk_beside_voxels_that_hardly_any_bead_shows():
    mean, error = spot(3, 2, 2), np.full(SHAPE, NOISE)
    error[5, 5, 5] = 1e30
    gain = wiener_gain(mean, error)
    assert gain.min() >= 0
    assert gain.max() <= 1
