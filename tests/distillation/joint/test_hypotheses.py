"""A stop that cuts the pupil, and a polarised laser, are found where they are, and only there."""

from dataclasses import replace

import numpy as np
import pytest

from psfbridge.distillation.joint.hypotheses.laser import with_laser
from psfbridge.distillation.joint.hypotheses.vignetting import with_stop
from psfbridge.distillation.joint.pupil_fit import detailed_fit, fit_from, refined_fit
from psfbridge.distillation.joint.settings import STACK
from psfbridge.distillation.joint.stack import Stack
from psfbridge.optics.pupil import (
    BLUR_X,
    BLUR_Y,
    EDGE,
    EDGE_X,
    EDGE_Y,
    FIRST_MODE,
    INDEX,
    NA,
    PupilModel,
)

SHAPE, VOXEL_UM = (17, 21, 21), (0.2, 0.09, 0.09)


def stack_of(model, values, noise=0.005, seed=0):
    """A stack of beads seen by a model, with noise of this share of the peak."""
    light = model.volume(values)
    error = noise * light.max()
    random = np.random.default_rng(seed)
    parts = light + np.sqrt(STACK.parts) * error * random.normal(size=(STACK.parts, *light.shape))
    weights = np.full(parts.shape, 1 / (STACK.parts * error**2), np.float32)
    return Stack((weights * parts).astype(np.float32), weights)


def pupil(model, **changes):
    values = np.zeros(model.size)
    values[[NA, INDEX, BLUR_Y, BLUR_X]] = 2.4, 2.65, 7e-4, 7e-4
    values[FIRST_MODE : FIRST_MODE + 4] = 0.15, -0.1, 0.1, 0.05
    for place, value in changes.items():
        values[{"edge": EDGE, "edge_y": EDGE_Y, "edge_x": EDGE_X, "blur_x": BLUR_X}[place]] = value
    return values


def fitted(stack, model, details):
    plain = PupilModel(SHAPE, model.voxel_um, model.samples, order=4, power=model.power)
    start = fit_from(plain, pupil(plain), stack, 4)
    fit = refined_fit(start.polarised(), stack, order=6, rounds=4)
    return detailed_fit(fit, stack) if details else fit


@pytest.fixture(scope="module")
def widefield():
    return PupilModel(SHAPE, VOXEL_UM, 40, vectorial=True)


@pytest.mark.slow
def test_a_stop_that_cuts_the_pupil_is_found(widefield):
    cut = pupil(widefield, edge=1.0, edge_y=0.1, edge_x=0.35)
    stack = stack_of(widefield, cut)
    detailed = fitted(stack, widefield, details=True)
    found = with_stop(detailed, stack)
    assert found.values[[EDGE, EDGE_Y, EDGE_X]] == pytest.approx([1.0, 0.1, 0.35], abs=0.06)
    assert found.cost < detailed.cost - 25


@pytest.mark.slow
def test_a_whole_pupil_has_no_stop(widefield):
    stack = stack_of(widefield, pupil(widefield))
    fit = fitted(stack, widefield, details=True)
    assert with_stop(fit, stack) is fit


@pytest.fixture(scope="module")
def confocal():
    return PupilModel(SHAPE, (0.1, 0.05, 0.05), 32, power=2, vectorial=True)


def test_the_polarisation_of_a_laser_is_found_by_its_direction(confocal):
    polarised = replace(confocal, laser_along=0.5)
    stack = stack_of(polarised, pupil(polarised))
    found = with_laser(fitted(stack, confocal, details=False), stack)
    assert found.model.laser_along == pytest.approx(0.5, abs=0.1)


def test_jitter_of_lines_is_no_polarised_laser(confocal):
    stack = stack_of(confocal, pupil(confocal, blur_x=2.5e-3))
    fit = fitted(stack, confocal, details=False)
    assert with_laser(fit, stack) is fit
