"""Statuses and reasons: words in the order of the rules, each reason with its advice."""

from __future__ import annotations

import pickle

import pytest

import psfbridge as pb
from psfbridge.detection.beads import REASONS, REJECTED, Beads
from psfbridge.detection.find import need_beads
from psfbridge.detection.judging import _RULES
from psfbridge.detection.statuses import Reason, Status
from psfbridge.errors import NoBeadsError
from psfbridge.hosts import Host


def test_reasons_are_listed_in_the_order_of_the_rules():
    order = [reason for reason, _ in _RULES]
    assert list(REASONS)[: len(order)] == order


def test_statuses_and_reasons_are_words():
    assert list(Status) == ["used", "held_out", "rejected"]
    assert str(Reason.TOO_CLOSE) == "too close"
    assert pickle.loads(pickle.dumps(Reason.SHAPE)) is Reason.SHAPE


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_advice(reason):
    beads = Beads([pb.Bead("a.tif", 0, 1.0, 2.0, 3.0, status=REJECTED, reason=reason)])
    with pytest.raises(NoBeadsError) as caught:
        need_beads(beads, "a.tif")
    assert reason in caught.value.failed
    assert caught.value.worded(Host.COMMAND_LINE).endswith((".", "?"))


def test_advice_is_about_the_reason_that_most_beads_have():
    reasons = [Reason.NOT_CHOSEN] * 5 + [Reason.TOO_CLOSE] * 2 + [Reason.BORDER]
    beads = Beads(
        pb.Bead("a.tif", k, 1.0, 2.0, 3.0, status=REJECTED, reason=reason)
        for k, reason in enumerate(reasons)
    )
    with pytest.raises(NoBeadsError) as caught:
        need_beads(beads, "a.tif")
    assert "Lower --min-separation-um" in caught.value.worded(Host.COMMAND_LINE)
    assert "Lower min_separation," in caught.value.worded(Host.MACRO)
