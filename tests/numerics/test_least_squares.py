"""Normal equations with unlike units."""

import numpy as np
import pytest

from psfbridge.numerics.least_squares import solve_damped, solve_normal_equations


@pytest.fixture
def problem():
    random = np.random.default_rng(3)
    design = random.standard_normal((40, 4)) * [1e-8, 1.0, 1e8, 1e3]
    truth = np.array([2e8, -1.0, 3e-8, 5e-3])
    return design.T @ design, design.T @ (design @ truth), truth


def test_units_do_not_matter(problem):
    normal, values, truth = problem
    assert solve_normal_equations(normal, values) == pytest.approx(truth)
    assert solve_damped(normal, values, 1e-12) == pytest.approx(truth, rel=1e-6)


def test_damping_shortens_the_step(problem):
    normal, values, truth = problem
    assert np.abs(solve_damped(normal, values, 1.0) / truth).max() < 0.9


def test_an_unknown_without_effect_is_zero():
    normal = np.diag([4.0, 0.0])
    assert solve_normal_equations(normal, np.array([8.0, 0.0])).tolist() == [2.0, 0.0]
    assert solve_damped(normal, np.array([8.0, 0.0]), 0.0).tolist() == [2.0, 0.0]


def test_several_columns_are_several_problems(problem):
    normal, values, _ = problem
    both = solve_damped(normal, np.stack([values, 2 * values], axis=1), 0.1)
    assert both[:, 1] == pytest.approx(2 * both[:, 0])
