"""The assessment of an objective: theory, tolerances, and what the beads show of the optics."""

from __future__ import annotations

import json

import pytest
from bead_stacks import distillation

from psfbridge.evaluation.assessment import assess
from psfbridge.evaluation.tolerances import Tolerances

#: The Gaussian of the stacks is 0.330 µm wide: so is the ideal pupil of this NA at 0.52 µm.
FITTING = {"na": 0.83, "wavelength_um": 0.52, "refractive_index": 1.33, "bead_diameter_um": 0.1}
INFERRED = {
    "microscope": "widefield",
    "na_per_wavelength_per_um": 1.6,
    "na_per_wavelength_se_per_um": 0.02,
    "index_per_wavelength_per_um": 2.6,
    "phases_rad": {"3,1": 0.3, "3,-1": 0.4, "4,0": 0.05},
    "phases_se_rad": {"3,1": 0.01, "3,-1": 0.01, "4,0": 0.05},
}
GOOD = {
    "verdict": {"grade": "good", "reasons": [], "advice": []},
    "fwhm_se_um": (0.01, 0.003, 0.003),
    "inferred": INFERRED,
}


@pytest.fixture(scope="module")
def good():
    return assess(distillation(diagnostics=GOOD, **FITTING))


def test_widths_stand_beside_the_theoretical_ones_with_their_errors(good):
    z, _, x = good.widths
    assert [one.axis for one in good.widths] == ["z", "y", "x"]
    assert x.measured_um == pytest.approx(0.1 * 1.4 * 2.3548, rel=0.01)
    assert x.ratio == pytest.approx(1, abs=0.06)
    assert x.error_um == 0.003
    assert x.bead_median_um == pytest.approx(x.measured_um, rel=0.03)
    assert 0 < x.bead_mad_um < 0.02
    assert z.textbook_um < z.ideal_um * 1.1


def test_a_good_objective_is_within_tolerance_and_the_headline_says_so(good):
    assert good.passed is True
    assert good.headline == "The PSF is good. The objective is within tolerance."
    assert {one.key: one.word for one in good.criteria} == {
        "fwhm_z": "pass", "fwhm_y": "pass", "fwhm_x": "pass",
        "roundness": "not judged", "strehl": "not judged",
    }  # fmt: skip


def test_an_objective_wider_than_it_promises_is_out_of_tolerance():
    found = assess(
        distillation(diagnostics=GOOD, **FITTING | {"na": 1.4, "refractive_index": 1.518})
    )
    assert found.passed is False
    assert "out of tolerance: " in found.headline
    assert "FWHM x over theory" in found.headline


def test_tolerances_are_the_users_to_choose(good):
    strict = assess(good.result, tolerances=Tolerances(min_strehl=0.9, max_lateral_ratio=3))
    outcomes = {one.key: one.word for one in strict.criteria}
    assert outcomes["strehl"] == "fail"
    assert outcomes["fwhm_x"] == "pass"
    assert strict.passed is False


def test_the_na_that_the_beads_show_is_told_at_the_given_wavelength(good):
    na, error = good.na
    assert na == pytest.approx(1.6 * 0.52)
    assert error == pytest.approx(0.02 * 0.52)
    assert "NA 0.83 ± 0.01 at 520 nm, where NA 0.8" in good.optics_sentence()


def test_without_optics_theory_is_of_those_that_the_beads_show():
    found = assess(distillation(diagnostics=GOOD, bead_diameter_um=0.1))
    assert not found.optics_given
    assert found.optics.na_per_um == 1.6
    assert found.widths[2].ideal_um == pytest.approx(0.51 / 1.6, rel=0.05)
    assert "give NA, wavelength and refractive index" in found.optics_sentence()


def test_nothing_is_judged_where_nothing_is_known_of_the_optics():
    found = assess(distillation(bead_diameter_um=0.1))
    assert found.passed is None
    assert "not graded" in found.headline
    assert found.wavefront is None


def test_aberrations_are_named_and_make_the_strehl_ratio(good):
    assert good.wavefront.aberrations[0].name == "coma"
    assert good.wavefront.strehl == pytest.approx(0.776, abs=0.01)


def test_the_record_is_strict_json(good):
    record = json.loads(json.dumps(good.to_dict(), allow_nan=False))
    assert record["passed"] is True
    assert record["criteria"][0]["outcome"] == "pass"
    assert record["tolerances"]["max_lateral_ratio"] == 1.5


def test_an_assessment_shows_the_answer_and_the_warnings_in_a_few_lines():
    found = assess(distillation(bead_diameter_um=0.0))
    text = repr(found)
    assert text.startswith(f"<Assessment: answer: {found.headline}")
    assert "FWHM z: " in text
    assert "warning 1: Bead size unknown" in text
    assert len(text.splitlines()) < 10
    assert "Bead size unknown" in found._repr_html_()
