"""Shifts between channels against what they resolve."""

from __future__ import annotations

import re

import pytest
from bead_stacks import distillation

from psfbridge.distillation.channels import ChannelDistillation
from psfbridge.distillation.chromatic_shift import ChromaticShift
from psfbridge.evaluation.coregistration import coregistrations
from psfbridge.evaluation.tolerances import Tolerances
from psfbridge.report.channels import write_channel_reports


def channels(shift_nm, beads=9):
    result = distillation(bead_diameter_um=0.1)
    shift = ChromaticShift(
        channel=1, reference=0, shift_nm=shift_nm, se_nm=(5.0, 2.0, 2.0), beads=beads
    )
    own = ChromaticShift(channel=0, reference=0)
    return ChannelDistillation((result, result), (own, shift))


def test_a_shift_of_half_the_width_is_half_the_resolution_and_passes():
    (found,) = coregistrations(channels((0.0, 0.0, 0.5 * 1.4 * 2.3548 * 100)))
    assert found.ratio == pytest.approx(0.5, rel=0.01)
    assert found.passed is True


def test_axes_count_by_their_own_width():
    (found,) = coregistrations(channels((2.5 * 2.3548 * 200, 0.0, 1.4 * 2.3548 * 100)))
    assert found.ratio == pytest.approx(2**0.5, rel=0.02)
    assert found.passed is False


def test_the_limit_is_the_users_to_choose():
    wide = Tolerances(max_coregistration_ratio=2)
    assert next(coregistrations(channels((0.0, 0.0, 500.0)), wide)).passed is True


def test_a_shift_that_is_not_known_is_not_judged():
    (found,) = coregistrations(channels((float("nan"),) * 3, beads=0))
    assert found.passed is None


@pytest.mark.slow
def test_the_index_leads_to_every_channel_and_shows_the_shift(tmp_path):
    write_channel_reports(channels((0.0, 0.0, 40.0)), tmp_path / "reports")
    text = (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
    for number in (0, 1):
        assert f'<a href="channel_{number}/index.html">' in text
        assert (tmp_path / "reports" / f"channel_{number}" / "index.html").is_file()
    assert "40 ± 2" in text
    # The lateral distance of ISO 21073.
    assert "in the plane, nm" in text
    assert re.search(r">40<", text)
    assert '<td class="good">pass</td>' in text
