"""Aberrations by name, and the Strehl ratio that they leave."""

from __future__ import annotations

import numpy as np
import pytest

from psfbridge.measurement.aberrations import wavefront_of

TWO_PI = 2 * np.pi


def test_two_orientations_are_one_aberration_with_a_direction():
    phases = {"3,1": 0.0, "3,-1": 0.4, "2,2": -0.1, "2,-2": 0.0, "4,0": -0.2}
    found = {one.name: one for one in wavefront_of(phases).aberrations}
    assert found["coma"].waves == pytest.approx(0.4 / TWO_PI)
    assert found["coma"].angle_deg == pytest.approx(90)
    assert abs(found["astigmatism"].angle_deg) == pytest.approx(90)
    assert found["spherical aberration"].waves == pytest.approx(-0.2 / TWO_PI)
    assert np.isnan(found["spherical aberration"].angle_deg)


def test_the_largest_comes_first_and_all_make_the_whole():
    wavefront = wavefront_of({"3,1": 0.3, "4,0": -0.5, "2,2": 0.1})
    assert [one.n for one in wavefront.aberrations] == [4, 3, 2]
    assert wavefront.rms_waves == pytest.approx(np.sqrt(0.35) / TWO_PI)


def test_errors_follow_the_direction_of_the_aberration():
    wavefront = wavefront_of({"3,1": 0.3, "3,-1": 0.0}, {"3,1": 0.01, "3,-1": 0.2})
    (coma,) = wavefront.aberrations
    assert coma.error == pytest.approx(0.01 / TWO_PI)
    assert coma.significant
    assert not wavefront_of({"3,1": 0.02}, {"3,1": 0.01}).aberrations[0].significant


def test_an_aberration_without_a_known_error_is_not_called_significant():
    assert not wavefront_of({"3,1": 0.3}).aberrations[0].significant


@pytest.mark.parametrize("mode", ["2,2", "3,1", "4,0", "6,0"])
def test_the_strehl_ratio_of_a_small_aberration_is_marechals(mode):
    # Born & Wolf, ch. 9.1: 1 - rms² for small aberrations, whatever their kind.
    assert wavefront_of({mode: 0.2}).strehl == pytest.approx(np.exp(-0.04), abs=2e-3)


def test_no_aberration_is_a_strehl_ratio_of_one():
    assert wavefront_of({"2,2": 0.0, "4,0": 0.0}).strehl == pytest.approx(1)


def test_the_strehl_ratio_is_that_of_the_best_focus():
    # A large spherical aberration is best seen out of its paraxial focus: less is lost there.
    phase = 1.5
    assert wavefront_of({"4,0": phase}).strehl > np.exp(-(phase**2))
    assert wavefront_of({"2,0": 0.5}).strehl == pytest.approx(1, abs=1e-4)
