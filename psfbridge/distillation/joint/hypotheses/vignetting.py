"""Vignetting: a second stop that clips the pupil."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.threads import workers
from psfbridge.distillation.joint.model_settings import VIGNETTING
from psfbridge.distillation.joint.pupil_fit import (
    Known,
    PupilFit,
    detailed_fit,
    refined_fit,
)
from psfbridge.distillation.joint.stack import Stack
from psfbridge.optics.pupil import EDGE, EDGE_X, EDGE_Y, FIRST_MODE

__all__ = ["with_stop"]

Floats = NDArray[np.float64]


def with_stop(fit: PupilFit, stack: Stack, known: Known | None = None) -> PupilFit:
    """Return a fit whose pupil is cut by another stop, if that explains the beads better.

    The edge of a vignetted pupil is sharp: smooth terms of the amplitude follow it badly, however
    many there are. It is a circle, of its own radius, off the axis.

    Parameters
    ----------
    fit : PupilFit
        The pupil as it was fitted, with details.
    stack : Stack
        The aligned beads.
    known : mapping, optional
        What is known of parameters.
    """
    if fit.values[EDGE] or not fit.detailed:
        return fit
    darkness, angle = _darkest_sector(fit)
    if darkness > VIGNETTING.dark:
        return fit
    with workers() as pool:
        trials = list(
            pool.map(
                lambda one: refined_fit(
                    one, stack, order=6, rounds=VIGNETTING.start_rounds, known=known
                ),
                _starts(fit, angle),
            )
        )
    best = min(trials, key=lambda one: one.cost)
    best = refined_fit(best, stack, order=6, rounds=VIGNETTING.rounds, known=known)
    best = detailed_fit(best, stack, known)
    return best if fit.cost - best.cost > VIGNETTING.least_gain else fit


def _darkest_sector(fit: PupilFit) -> tuple[float, float]:
    """The least power of a sector of the rim over the mean of the pupil, and its angle."""
    power, inside = fit.model.pupil_power(fit.values)
    across = fit.model.across
    radius = np.hypot(across[:, np.newaxis], across)
    angle = np.arctan2(across[:, np.newaxis], across)
    rim = inside * (radius > VIGNETTING.rim)
    turns = np.linspace(-np.pi, np.pi, VIGNETTING.turns, endpoint=False)
    sectors = [rim * (np.cos(angle - turn) > np.cos(VIGNETTING.sector)) for turn in turns]
    light = [float((power * one).sum() / one.sum()) for one in sectors]
    whole = float(power.sum() / inside.sum())
    darkest = int(np.argmin(light))
    return light[darkest] / whole, float(turns[darkest])


def _starts(fit: PupilFit, angle: float) -> Iterator[PupilFit]:
    """The same phases, no amplitudes, and stops that cut the pupil at an angle."""
    for radius, depth in product(VIGNETTING.start_radii, VIGNETTING.start_depths):
        values = fit.values.copy()
        values[FIRST_MODE + len(fit.model.modes) :] = 0
        away = radius - 1 + depth
        values[EDGE] = radius
        values[[EDGE_Y, EDGE_X]] = -away * np.sin(angle), -away * np.cos(angle)
        yield replace(fit, values=values)
