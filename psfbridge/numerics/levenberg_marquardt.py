"""Nonlinear least squares (Levenberg 1944; Marquardt 1963).

`minimise` is the driver; a problem says what its unknowns cost, and where a damped step leads. How
the damping follows success and failure, and when a fit has settled, is said once, in functions that
are compiled: loops that are compiled themselves call them (`psfbridge.detection.gaussian_kernel`).
These cannot call the driver, since Numba keeps no compiled function that is given functions, and
compiling takes longer than finding the beads of an image.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["Rule", "State", "has_settled", "is_better", "minimise", "next_damping"]

Floats = NDArray[np.float64]


class Rule(NamedTuple):
    """When to stop, and how steps are damped.

    Parameters
    ----------
    steps : int
        At most so many linearisations.
    least_gain : float
        A problem has settled when a step lowers its cost by no more than this share of it.
    trials : int
        So many dampings are tried for one linearisation.
    damping : float
        The first, as a share of the diagonal of the normal equations. Steps far from the minimum
        overshoot without it; where it is not needed it falls within two or three steps.
    falls, rises : float
        Factors of the damping after a step that was good, and after one that was not (Marquardt
        has 0.1 and 10).
    least : float
        The damping falls no further: single precision leaves no more of a nearly flat direction.
    """

    steps: int
    least_gain: float = 1e-4
    trials: int = 6
    damping: float = 1e-2
    falls: float = 0.125
    rises: float = 8.0
    least: float = 1e-7


@njit(cache=True, nogil=True)
def is_better(cost, after):  # type: ignore[no-untyped-def]
    """Return whether a trial is no worse; what is impossible costs infinitely much or NaN.

    Examples
    --------
    >>> is_better(2.0, 1.0), is_better(1.0, np.inf), is_better(np.inf, np.inf), is_better(np.inf, 5)
    (True, False, False, True)
    """
    return after <= cost and after < np.inf


@njit(cache=True, nogil=True)
def has_settled(cost, after, rule):  # type: ignore[no-untyped-def]
    """Return whether a step gained so little that the fit is at its minimum.

    Examples
    --------
    >>> rule = Rule(steps=1, least_gain=0.1)
    >>> has_settled(2.0, 1.9, rule), has_settled(2.0, 1.0, rule), has_settled(np.inf, 1.0, rule)
    (True, False, False)
    """
    return cost < np.inf and cost - after <= rule.least_gain * cost


@njit(cache=True, nogil=True)
def next_damping(damping, better, rule):  # type: ignore[no-untyped-def]
    """Return the damping of the next trial, after one that was better or was not.

    Examples
    --------
    >>> rule = Rule(steps=1, falls=0.5, rises=10.0, least=0.01)
    >>> [next_damping(*one, rule) for one in ((1.0, True), (0.01, True), (1.0, False))]
    [0.5, 0.01, 10.0]
    """
    return max(damping * rule.falls, rule.least) if better else damping * rule.rises


class State(Protocol):
    """A problem at some values of its unknowns."""

    @property
    def cost(self) -> float:
        """Objective to be minimised; infinite for impossible values."""

    def step(self, damping: float) -> Floats:
        """Return where the linearised problem asks to go."""


S = TypeVar("S", bound=State)


def minimise(judge: Callable[[Floats], S], start: Floats, rule: Rule) -> S:
    """Minimise the cost of a problem.

    Parameters
    ----------
    judge : callable
        Returns the `State` of the problem at some values of its unknowns. What only `State.step`
        needs is best computed there.
    start : array
        The unknowns to start from.
    rule : Rule
        When to stop, and how steps are damped.

    Returns
    -------
    State
        The problem at its least cost.
    """
    state, damping = judge(start), rule.damping
    for _ in range(rule.steps):
        trial, damping = _improved(judge, state, damping, rule)
        if trial is None:
            break
        before, state = state, trial
        if has_settled(before.cost, state.cost, rule):
            break
    return state


def _improved(
    judge: Callable[[Floats], S], state: S, damping: float, rule: Rule
) -> tuple[S | None, float]:
    """Try steps of growing damping; return the first that is better, and the next damping."""
    for _ in range(rule.trials):
        trial = judge(state.step(damping))
        better = is_better(state.cost, trial.cost)
        damping = next_damping(damping, better, rule)
        if better:
            return trial, damping
    return None, damping
