"""Background and noise from the borders."""

from __future__ import annotations

import numpy as np
import pytest

from psfbridge.measurement.local_background import look_around


@pytest.mark.parametrize("shape", [(9, 40, 40), (1, 60, 60), (15, 31, 33)])
@pytest.mark.parametrize(("level", "spread"), [(100, 10), (1000, 3)])
def test_finds_level_and_noise_beside_a_bright_spot(shape, level, spread):
    rng = np.random.default_rng(7)
    volume = rng.normal(level, spread, shape)
    y, x = (np.arange(length) - length // 2 for length in shape[1:])
    volume += 5000 * np.exp(-0.5 * (y[:, None] ** 2 + x**2) / 4.0)
    around = look_around(volume)
    assert around.background == pytest.approx(level, abs=0.25 * spread)
    assert around.noise == pytest.approx(spread, rel=0.15)


def test_a_neighbour_in_the_corner_does_not_lift_the_background():
    volume = np.random.default_rng(2).normal(50, 2, (15, 31, 31))
    volume[:, :6, :6] += 300
    assert look_around(volume).background == pytest.approx(50, abs=1)


def test_a_slope_is_no_noise():
    slope = np.broadcast_to(np.linspace(0, 100, 33), (5, 33, 33))
    assert look_around(slope).noise == pytest.approx(0, abs=1e-9)


def test_integer_counts_have_at_least_their_rounding():
    assert look_around(np.full((3, 9, 9), 7, "uint8")).noise == pytest.approx(12**-0.5)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 2), (3, 1, 5)])
def test_small_volumes_have_surroundings_too(shape):
    assert look_around(np.ones(shape)).background == 1
