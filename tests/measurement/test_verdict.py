"""The verdict follows the evidence."""

from dataclasses import replace

import numpy as np
import pytest

from psfbridge.detection.beads import REJECTED, Bead, Beads
from psfbridge.measurement.verdict import GOOD, POOR, USABLE, Evidence, judge_psf

VOLUME = np.zeros((9, 9, 9))
VOLUME[3:6, 3:6, 3:6] = 1.0
USED = [Bead("a", k, 0, 0, 0) for k in range(12)]


@pytest.fixture
def evidence():
    return Evidence(
        volume=VOLUME,
        error=0.01 * VOLUME,
        fwhm_um=(0.6, 0.22, 0.22),
        fwhm_se_um=(0.01, 0.002, 0.002),
        voxel_um=(0.2, 0.1, 0.1),
        nyquist_um=(0.25, 0.09, 0.09),
        depth=31,
        beads=Beads(USED),
        chi2=1.0,
    )


def test_all_well_is_good_and_says_no_more(evidence):
    verdict = judge_psf(evidence)
    assert (verdict.grade, verdict.reasons) == (GOOD, ())


@pytest.mark.parametrize(
    ("change", "grade", "words"),
    [
        ({"error": 0.1 * VOLUME}, USABLE, "more beads"),
        ({"error": 0.5 * VOLUME}, POOR, "more beads"),
        ({"fwhm_se_um": (0.2, 0.002, 0.002)}, POOR, "along z"),
        ({"voxel_um": (0.6, 0.1, 0.1)}, POOR, "z-step"),
        ({"depth": 5}, USABLE, "deeper"),
        ({"chi2": 9.0}, POOR, "drift"),
        ({"beads": Beads(USED[:1])}, USABLE, "more beads"),
        ({"fwhm_um": (float("nan"), 0.22, 0.22)}, USABLE, "deeper"),
    ],
)
def test_each_fault_has_its_grade_and_advice(evidence, change, grade, words):
    verdict = judge_psf(replace(evidence, **change))
    assert verdict.grade == grade
    assert words in verdict.sentence


def test_crowding_asks_for_a_sparser_slide(evidence):
    crowded = [Bead("a", k, 0, 0, 0, status=REJECTED, reason="too close") for k in range(5)]
    verdict = judge_psf(replace(evidence, beads=Beads([*USED[:2], *crowded])))
    assert "sparser" in verdict.sentence


def test_a_plane_has_no_depth(evidence):
    flat = replace(evidence, volume=VOLUME[4:5], error=0.01 * VOLUME[4:5], depth=1)
    assert judge_psf(replace(flat, fwhm_um=(np.nan, 0.22, 0.22))).grade == GOOD
