"""Damped steps find minima, as SciPy's own solver does."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from scipy import optimize

from psfbridge.numerics.least_squares import solve_damped
from psfbridge.numerics.levenberg_marquardt import Rule, minimise

TIMES = np.linspace(0, 4, 25)
START = np.array([1.0, 1.0, 0.0])


@dataclass(frozen=True, eq=False)
class Decay:
    """Data of a decay ``a exp(-k t) + b`` at some values of a, k and b."""

    data: np.ndarray
    values: np.ndarray

    @property
    def residual(self):
        a, k, b = self.values
        with np.errstate(over="ignore"):
            return self.data - (a * np.exp(-k * TIMES) + b)

    @property
    def cost(self):
        # A growth is impossible.
        return np.inf if self.values[1] < 0 else float((self.residual**2).sum())

    def step(self, damping):
        a, k, _ = self.values
        wave = np.exp(-k * TIMES)
        slopes = np.stack([wave, -a * TIMES * wave, np.ones_like(wave)])
        return self.values + solve_damped(slopes @ slopes.T, slopes @ self.residual, damping)


def residual(values, data):
    return Decay(data, values).residual


def decay(seed=1, noise=0.02):
    rng = np.random.default_rng(seed)
    a, k, b = true = rng.uniform([1, 0.3, -1], [5, 3, 1])
    return true, a * np.exp(-k * TIMES) + b + noise * rng.standard_normal(len(TIMES))


@pytest.mark.parametrize("seed", range(20))
def test_it_ends_where_scipy_ends(seed):
    _, data = decay(seed)
    found = minimise(partial(Decay, data), START, Rule(steps=60, least_gain=1e-9))
    peer = optimize.least_squares(residual, START, args=(data,))
    assert found.values == pytest.approx(peer.x, abs=1e-4)


def test_from_what_is_impossible_it_goes_to_what_is_possible():
    true, data = decay(noise=0.0)
    impossible = np.array([0.1, -0.01, 0.0])
    found = minimise(partial(Decay, data), impossible, Rule(steps=60, least_gain=1e-12))
    assert found.values == pytest.approx(true, abs=1e-4)


def test_the_cost_never_rises():
    _, data = decay(noise=0.5)
    judge, start = partial(Decay, data), np.array([1.0, 0.01, 8.0])
    costs = [minimise(judge, start, Rule(steps=n, least_gain=0)).cost for n in range(12)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < costs[0]


def test_a_minimum_stays_and_is_not_tried_for_ever():
    _, data = decay()
    least = optimize.least_squares(residual, START, args=(data,), xtol=1e-14).x
    asked = []

    def judge(values):
        asked.append(values)
        return Decay(data, values)

    found = minimise(judge, least, Rule(steps=50, trials=4))
    np.testing.assert_allclose(found.values, least, atol=1e-6)
    assert len(asked) <= 1 + 2 * 4
