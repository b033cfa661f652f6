"""Damped steps find minima, one problem or many at once, as SciPy's own solver does."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import optimize

from psfbridge.numerics.least_squares import solve_damped
from psfbridge.numerics.levenberg_marquardt import Rule, minimise, relative_gain

TIMES = np.linspace(0, 4, 25)


@dataclass(frozen=True, eq=False)
class Decays:
    """Data of many decays ``a exp(-k t) + b``, one row each, at some values of a, k and b."""

    data: np.ndarray
    at: np.ndarray

    @property
    def residual(self):
        a, k, b = self.at.T[..., None]
        with np.errstate(over="ignore"):
            return self.data - (a * np.exp(-k * TIMES) + b)

    @property
    def cost(self):
        # A growth is impossible.
        return np.where(self.at[:, 1] < 0, np.inf, (self.residual**2).sum(axis=1))

    def step(self, damping):
        a, k, _ = self.at.T[..., None]
        wave = np.exp(-k * TIMES)
        slopes = np.stack([wave, -a * TIMES * wave, np.ones_like(wave)], axis=1)
        normal = slopes @ slopes.transpose(0, 2, 1)
        gradient = (slopes @ self.residual[..., None])[..., 0]
        return self.at + solve_damped(normal, gradient, damping)

    def gain(self, trial):
        return relative_gain(self.cost, trial.cost)


def residual(values, line):
    return Decays(line[np.newaxis], values[np.newaxis]).residual[0]


def decays(count, noise=0.02, seed=1):
    rng = np.random.default_rng(seed)
    true = rng.uniform([1, 0.3, -1], [5, 3, 1], (count, 3))
    a, k, b = true.T[..., None]
    data = a * np.exp(-k * TIMES) + b + noise * rng.standard_normal((count, len(TIMES)))
    return true, data


def test_many_problems_at_once_end_where_scipy_ends_with_each():
    _, data = decays(40)
    start = np.tile([1.0, 1.0, 0.0], (40, 1))
    rule = Rule(steps=60, least_gain=1e-9)
    found = minimise(lambda at, which: Decays(data[which], at), start, rule)
    for row, line in zip(found.at, data, strict=True):
        peer = optimize.least_squares(residual, start[0], args=(line,))
        assert row == pytest.approx(peer.x, abs=1e-4)


def test_one_problem_is_found_as_among_many():
    _, data = decays(5)
    start = np.tile([1.0, 1.0, 0.0], (5, 1))
    rule = Rule(steps=60, least_gain=1e-9)
    every = minimise(lambda at, which: Decays(data[which], at), start, rule)
    alone = minimise(lambda at, _: Decays(data[2:3], at), start[:1], rule)
    np.testing.assert_allclose(alone.at[0], every.at[2], atol=1e-5)


def test_from_what_is_impossible_it_goes_to_what_is_possible():
    true, data = decays(1, noise=0.0)
    impossible = np.array([[0.1, -0.01, 0.0]])
    found = minimise(lambda at, _: Decays(data, at), impossible, Rule(steps=60, least_gain=1e-12))
    assert found.at[0] == pytest.approx(true[0], abs=1e-4)


def test_the_cost_never_rises():
    _, data = decays(1, noise=0.5)
    start = np.array([[1.0, 0.01, 8.0]])
    costs = [
        float(minimise(lambda at, _: Decays(data, at), start, Rule(steps=n, least_gain=0)).cost[0])
        for n in range(12)
    ]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < costs[0]


def test_a_minimum_stays_and_is_not_tried_for_ever():
    _, data = decays(1)
    least = optimize.least_squares(residual, [1.0, 1.0, 0.0], args=(data[0],), xtol=1e-14).x[None]
    asked = []

    def judge(at, _):
        asked.append(at)
        return Decays(data, at)

    found = minimise(judge, least, Rule(steps=50, trials=4))
    np.testing.assert_allclose(found.at, least, atol=1e-6)
    assert len(asked) <= 1 + 2 * 4
