"""Light that leaves a sample of another index: its limits, and the model that was fitted."""

import numpy as np
import pytest

from psfbridge.optics.index_mismatch import interface_transmission, phase_per_depth

RADIUS = np.linspace(0, 1, 21)
# NA 1.4 in oil, over 0.52 µm; the sample is water.
NA, OIL, WATER = 2.69, 2.92, 2.56


def test_a_sample_like_the_immersion_medium_changes_nothing():
    light = interface_transmission(RADIUS[:-1], 100, NA, OIL, OIL, 5.0)
    sine = NA / OIL * RADIUS[:-1]
    assert np.allclose(light.across, 1, atol=1e-6)
    assert np.allclose(light.flat, np.sqrt(1 - sine**2), atol=5e-3)
    assert np.allclose(light.axial, sine, atol=8e-3)


def test_the_path_leaves_out_level_and_focus():
    fine = (np.arange(1000) + 0.5) / 1000
    way = phase_per_depth(fine, 2.3, OIL, WATER).real
    focus = np.sqrt(OIL**2 - (2.3 * fine) ** 2)
    focus -= (fine * focus).sum() / fine.sum()
    assert (fine * way).sum() == pytest.approx(0, abs=1e-9)
    assert (fine * way * focus).sum() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("depth_um", [2.0, -2.0])
def test_light_beyond_total_reflection_is_lost_with_depth(depth_um):
    near, deep = (
        interface_transmission(np.array([0.99]), 200, NA, OIL, WATER, d) for d in (0.1, depth_um)
    )
    assert abs(deep.across[0]) < 0.1 * abs(near.across[0])


def test_depth_below_and_above_are_each_others_conjugate():
    below, above = (
        interface_transmission(RADIUS[:15], 100, NA, OIL, WATER, d) for d in (1.5, -1.5)
    )
    assert np.allclose(below.flat, above.flat.conj())


def test_coarse_samples_of_the_pupil_stand_for_the_mean_of_fine_ones():
    fine = interface_transmission(np.linspace(0.90, 0.92, 201), 20000, NA, OIL, WATER, 1.0).across
    weight = np.linspace(0.90, 0.92, 201)
    coarse = interface_transmission(np.array([0.91]), 100, NA, OIL, WATER, 1.0).across[0]
    assert coarse == pytest.approx((fine * weight).sum() / weight.sum(), abs=0.02)
