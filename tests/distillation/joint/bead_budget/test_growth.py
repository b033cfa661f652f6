"""Beads are taken while they lower the stated error; the others are judged and score the PSF."""

from collections import Counter

import numpy as np
import pytest

from psfbridge.detection.beads import HELD_OUT, USED
from psfbridge.detection.find import find
from psfbridge.distillation.joint.bead_budget.budget import SolveBudget
from psfbridge.distillation.joint.solver import solve_joint
from psfbridge.evaluation.psf_error import psf_error
from psfbridge.options import DistillOptions
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import simulate

SHAPE = (29, 37, 37)


@pytest.fixture(scope="module")
def field():
    return simulate(Scene(beads=60, shape=(40, 400, 400), photons=(20e3, 60e3), seed=3))


@pytest.fixture(scope="module")
def found(field):
    return find(field.image, DistillOptions())


def solved(found, monkeypatch, **budget):
    monkeypatch.setattr(SolveBudget, "of", lambda _: SolveBudget(**budget))
    return solve_joint([found], SHAPE, DistillOptions(bead_diameter_um=0.1))


def states(solution):
    return Counter(bead.status for bead in solution.beads[0])


@pytest.fixture(scope="module")
def few(found):
    with pytest.MonkeyPatch.context() as patch:
        return solved(found, patch, first_beads=16, growth=1)


@pytest.mark.slow
def test_beads_beyond_the_budget_are_held_out_and_score_the_psf(field, found, few):
    told = states(few)
    assert told[USED] >= 12
    assert told[HELD_OUT] >= 20
    assert sum(told.values()) == len(found.beads)
    assert few.diagnostics["held_out_beads"]["chi2"] == pytest.approx(1, abs=0.3)
    assert psf_error(few.volume, field.psf_grid) < 0.06


def test_beads_held_out_are_placed_as_well_as_those_used(field, few):
    true = field.beads.positions
    off = {
        status: np.array(
            [
                true[np.argmin(((true - p) ** 2).sum(1))] - p
                for p in few.beads[0].with_status(status).positions
            ]
        )
        for status in (USED, HELD_OUT)
    }
    # The centre of the PSF is a convention, the same for both.
    assert np.abs(off[HELD_OUT] - off[USED].mean(axis=0)).max() < 0.15


@pytest.mark.slow
def test_more_beads_are_taken_while_the_stated_error_falls(found, monkeypatch):
    grown = solved(found, monkeypatch, first_beads=8, least_gain=0.0)
    assert states(grown)[USED] > 30


@pytest.mark.slow
def test_without_a_bound_it_is_the_solve_of_all_beads(found, monkeypatch):
    every = solved(found, monkeypatch)
    assert states(every)[HELD_OUT] == 0
    assert np.isnan(every.diagnostics["held_out_beads"]["chi2"])
