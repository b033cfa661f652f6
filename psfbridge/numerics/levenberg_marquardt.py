"""Nonlinear least squares by damped steps (Levenberg 1944; Marquardt 1963), one or many at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rule", "State", "minimise", "relative_gain"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """When to stop, and how steps are damped.

    Parameters
    ----------
    steps : int
        At most so many linearisations.
    least_gain : float
        A problem has settled when a step lowers its cost by less than this share of it.
    trials : int
        So many dampings are tried for one linearisation.
    damping : float
        The first, as a share of the diagonal of the normal equations. Steps far from the minimum
        overshoot without it; where it is not needed it falls within two or three steps.
    factor : float
        By how much the damping falls after a step that was good, and rises after one that was not
        (Marquardt has 10).
    least : float
        The damping falls no further: single precision leaves no more of a nearly flat direction.
    """

    steps: int
    least_gain: float = 1e-4
    trials: int = 6
    damping: float = 1e-2
    factor: float = 8.0
    least: float = 1e-7


class State(Protocol):
    """Problems at some values of their unknowns."""

    @property
    def at(self) -> Floats:
        """The unknowns; the array has axes (problem, unknown)."""

    def step(self, damping: Floats) -> Floats:
        """Return where the linearised problems ask to go, each with its own damping."""

    def gain(self, trial: Self) -> Floats:
        """Return by what share a trial lowers each cost; not above 0 where it is no better."""


S = TypeVar("S", bound=State)
Judge = Callable[[Floats, NDArray[np.intp]], S]


def minimise(judge: Judge[S], start: Floats, rule: Rule) -> S:
    """Minimise the costs of one or many problems of one kind.

    Parameters
    ----------
    judge : callable
        Returns the `State` of some problems at some values of their unknowns: it is given these
        values and the numbers of the problems. What only `State.step` needs is best computed there.
    start : array
        The unknowns to start from; the array has axes (problem, unknown).
    rule : Rule
        When to stop, and how steps are damped.

    Returns
    -------
    State
        All problems at their least costs.
    """
    at = np.array(start, float)
    damping = np.full(len(at), rule.damping)
    moving = np.arange(len(at))
    state = judge(at, moving)
    for _ in range(rule.steps):
        state, gain = _advance(judge, state, moving, damping, rule)
        at[moving] = state.at
        still = gain >= rule.least_gain
        if not still.any():
            break
        if not still.all():
            moving = moving[still]
            state = judge(at[moving], moving)
    return state if len(moving) == len(at) else judge(at, np.arange(len(at)))


def _advance(
    judge: Judge[S], state: S, members: NDArray[np.intp], damping: Floats, rule: Rule
) -> tuple[S, Floats]:
    """Linearise once, and try steps of growing damping for those that got no better.

    Returns the new state and the gain of each; changes the damping of the `members`.
    """
    best, gain = np.array(state.at), np.full(len(members), -np.inf)
    pending = np.ones(len(members), bool)
    for _ in range(rule.trials):
        now = damping[members]
        trial = judge(np.where(pending[:, np.newaxis], state.step(now), best), members)
        found = state.gain(trial)
        better = pending & (found > 0)
        best[better], gain[better] = trial.at[better], found[better]
        raised = np.where(pending, rule.factor * now, now)
        damping[members] = np.where(better, np.maximum(now / rule.factor, rule.least), raised)
        pending &= ~better
        if not pending.any():
            return trial, gain
    return (state if pending.all() else judge(best, members)), gain


def relative_gain(before: Floats, after: Floats) -> Floats:
    """Return by what share costs fall; an infinite cost is that of something impossible.

    Examples
    --------
    >>> relative_gain(np.array([2.0, 1.0, np.inf]), np.array([1.0, np.inf, 5.0])).tolist()
    [0.5, -inf, inf]
    """
    possible = np.isfinite(before)
    least = np.maximum(np.where(possible, before, 1.0), 1e-300)
    gain = np.where(possible, (least - after) / least, np.inf)
    return np.where(np.isfinite(after), gain, -np.inf)
