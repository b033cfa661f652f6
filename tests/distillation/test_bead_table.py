"""Figures of used and rejected beads are on one scale."""

from __future__ import annotations

import numpy as np
import pytest

import psfbridge as pb
from psfbridge.detection.beads import REJECTED, USED, Bead, Beads
from psfbridge.distillation.bead_table import on_one_scale
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import simulate


@pytest.fixture(scope="module")
def equals():
    """Beads of one intensity, some of them across the border."""
    return simulate(
        Scene(
            beads=8,
            border_beads=4,
            shape=(31, 128, 128),
            photons=(80e3, 80e3),
            min_distance_um=2.2,
            psf_um=(5.0, 4.4, 4.4),
            seed=5,
        )
    )


@pytest.mark.parametrize("method", ["average", pytest.param("joint", marks=pytest.mark.slow)])
def test_equal_beads_have_equal_intensities_used_or_not(equals, method):
    beads = pb.distill(equals.image, method=method).beads
    used, rejected = beads.with_status(USED), beads.with_status(REJECTED)
    border = [bead for bead in rejected if bead.reason == "border"]
    assert border
    for name, most in (("intensity", 0.35), ("background", 0.1), ("snr", 0.6)):
        typical = np.median(used.column(name))
        values = np.array([getattr(bead, name) for bead in border])
        assert abs(np.median(values) / typical - 1) < most, name


def test_what_was_not_fitted_is_scaled_like_what_was():
    found = Beads(Bead("a", k, 1, 2, 3, intensity=10.0, background=5, snr=20) for k in range(3))
    solved = found.changed(0, intensity=30.0, background=4, snr=10, chi2=1.0)
    solved = solved.changed(1, status=REJECTED, reason="border")
    table = on_one_scale(found, solved.changed(2, intensity=1.0, chi2=9.0, status=REJECTED))
    assert (table[1].intensity, table[1].background, table[1].snr) == (30.0, 4.0, 10.0)
    assert table[2].intensity == 1.0
    assert on_one_scale(found, found) is found
