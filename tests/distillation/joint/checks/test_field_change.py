"""A PSF that changes over the field is told by default, and one that does not is left alone."""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
from camera_faults import bead_field

import psfbridge as pb
from psfbridge.distillation.joint.checks import field_change
from psfbridge.distillation.joint.checks.field_change import Trend, field_findings, field_trends

FIELD = {"beads": 20, "shape": (36, 192, 192)}


def reasons(field, **options):
    """The verdict's reasons."""
    verdict = pb.distill(field.image, bead_diameter_um=0.1, **options).diagnostics["verdict"]
    return verdict["grade"], " ".join(verdict["reasons"])


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "photons"), [(1, (20e3, 60e3)), (2, (10e3, 30e3))])
def test_coma_that_changes_across_x_is_told(seed, photons):
    coma = float(np.random.default_rng(seed).uniform(0.05, 0.1))
    field = bead_field(seed, field_coma=coma, photons=photons, psf="vectorial", **FIELD)
    grade, why = reasons(field)
    assert grade != "good"
    assert "Coma changes across x" in why


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("scene", [{"psf": "psfmodels"}, {"psf": "vectorial", "coma": 0.06}])
def test_one_psf_for_the_whole_field_is_not_said_to_change(seed, scene):
    _, why = reasons(bead_field(seed, **{**FIELD, **scene}))
    assert "changes" not in why


def trends_of(monkeypatch, depths):
    """The trends of beads at these depths (±1: ends of the stack), 0.4 radians of coma apart."""
    rng = np.random.default_rng(0)
    count = len(depths)
    places = np.column_stack([depths, rng.uniform(-1, 1, (count, 2))])
    told = [((0.2 * z / np.ptp(depths) * 2, 0.0), (0.01, 0.01)) for z in depths]
    answers = iter([(np.array(c), np.array(e)) for c, e in told])
    fakes = {
        "_templates": lambda *_: np.stack([np.full((3, 3, 3), 0.5), np.ones((3, 3, 3))]),
        "coefficients": lambda *_: next(answers),
        "_places": lambda *_: places,
        "workers": lambda: nullcontext(SimpleNamespace(map=map)),
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(field_change, name, fake)
    model = SimpleNamespace(modes=[(3, 1), (2, 2)], shape=(9, 9, 9))
    best = SimpleNamespace(pupil=SimpleNamespace(model=model), psf=np.ones((3, 3, 3)))
    return field_trends(SimpleNamespace(), best, [SimpleNamespace(state=None)] * count)


@pytest.mark.parametrize("depth", [1.0, 0.02])
def test_a_change_is_told_as_far_as_the_beads_reach_and_no_farther(monkeypatch, depth):
    (trend,) = trends_of(monkeypatch, depth * np.linspace(-1, 1, 21))
    assert (trend.name, trend.axis) == ("Coma", "z")
    # Nine tenths of 0.4 radians, and half of it times the template's norm at either end.
    assert trend.waves == pytest.approx(0.9 * 0.4 / (2 * np.pi), rel=0.02)
    assert trend.effect == pytest.approx(0.9 * 0.2 * 0.5, rel=0.02)


@pytest.mark.parametrize(("effect", "words"), [(0.24, "24% off"), (4.05, "completely unlike")])
def test_a_change_beyond_what_a_line_can_tell_has_no_figure(monkeypatch, effect, words):
    trend = Trend("Coma", "z", 0.3, 1e-9, effect)
    monkeypatch.setattr(field_change, "field_trends", lambda *_: [trend])
    (finding,) = field_findings(SimpleNamespace(), SimpleNamespace(), [])
    assert words in finding.sentence
    assert "405" not in finding.sentence
