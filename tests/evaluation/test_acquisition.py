"""Problems of an acquisition: each is seen where it is, and not where it is not."""

from __future__ import annotations

import numpy as np
import pytest
from bead_stacks import PLACES, SHAPE, SIGMA, distillation

from psfbridge.evaluation.assessment import assess

CLEAN = {"bead_diameter_um": 0.1}


def kinds(**changes):
    options = CLEAN | changes
    return [problem.kind for problem in assess(distillation(**options)).problems]


def test_a_clean_stack_has_no_problem():
    assert kinds() == []


def test_every_problem_has_evidence_and_a_remedy():
    found = assess(distillation(change=lambda c: c.clip(80, 500), bead_diameter_um=0.9))
    assert {"saturation", "clipping", "bead size"} <= {one.kind for one in found.problems}
    for one in found.problems:
        assert any(letter.isdigit() for letter in one.evidence), one
        assert one.remedy.endswith("."), one


def test_saturation_is_seen():
    assert "saturation" in kinds(change=lambda counts: counts.clip(None, 400))


def test_a_clipped_background_is_seen():
    assert "clipping" in kinds(change=lambda counts: np.maximum(counts - 52, 0))


def test_an_unknown_bead_size_is_told():
    assert kinds(bead_diameter_um=0.0) == ["bead size"]


def test_beads_too_large_for_the_optics_are_told():
    assert kinds(bead_diameter_um=0.4) == ["bead size"]


def test_voxels_beyond_nyquist_are_told_with_the_axis_and_by_how_much():
    # 0.52 µm over 4 NA is 0.093 µm; the pixels are 0.1 µm.
    optics = {"na": 1.4, "wavelength_um": 0.52, "refractive_index": 1.518}
    found = assess(distillation(**CLEAN, **optics))
    sampling = [one for one in found.problems if one.kind == "sampling"]
    assert [one.problem for one in sampling] == ["Under-sampled in y and x"]
    assert "1.1 times the Nyquist limit of 0.093 µm" in sampling[0].evidence


def test_few_beads_are_told():
    assert "few beads" in kinds(places=PLACES[:2])


def test_dim_beads_are_told():
    assert "dim beads" in kinds(top=12.0)


def test_beads_too_near_to_each_other_are_told():
    assert "crowded" in kinds(statuses=dict.fromkeys(range(8), "too close"))


def test_a_drifting_stage_is_told():
    def drifted(counts):
        moves = np.round((np.arange(SHAPE[0]) - SHAPE[0] // 2) * 0.4).astype(int)
        return np.array(
            [np.roll(plane, move, 1) for plane, move in zip(counts, moves, strict=True)]
        )

    assert "drift" in kinds(change=drifted)


def test_bleaching_is_told():
    fading = np.linspace(1, 0.7, SHAPE[0])[:, None, None]
    assert "bleaching" in kinds(change=lambda counts: counts * fading)


def test_a_tilted_slide_is_told():
    tilted = [(12 + (x - 60) / 40, y, x) for _, y, x in PLACES]
    assert kinds(places=tilted) == ["tilt"]


def test_a_psf_that_changes_over_the_field_is_told_with_the_axis():
    def wider(at):
        return SIGMA[0], SIGMA[1], SIGMA[2] * (1 + 0.4 * (at[2] - 60) / 60)

    found = assess(distillation(sigma=wider, **CLEAN))
    (problem,) = [one for one in found.problems if one.kind == "field"]
    assert "FWHM x changes by +" in problem.evidence
    assert "highest x" in problem.evidence


@pytest.mark.parametrize("mode", ["2,2", "3,1", "3,3", "4,0"])
def test_a_large_aberration_is_told_and_a_small_or_uncertain_one_is_not(mode):
    def told(phase, error):
        inferred = {
            "microscope": "widefield", "na_per_wavelength_per_um": 1.6,
            "index_per_wavelength_per_um": 2.6,
            "phases_rad": {mode: phase}, "phases_se_rad": {mode: error},
        }  # fmt: skip
        return "aberration" in kinds(diagnostics={"inferred": inferred})

    assert told(0.5, 0.02)
    assert not told(0.2, 0.02)
    assert not told(0.5, 0.3)
