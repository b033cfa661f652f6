"""Polarisation of the laser in a confocal microscope."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from psfbridge._util.threads import workers
from psfbridge.distillation.joint.model_settings import LASER
from psfbridge.distillation.joint.pupil_fit import Known, PupilFit, refined_fit
from psfbridge.distillation.joint.stack import Stack
from psfbridge.optics.pupil import BLUR_X, BLUR_Y, BLUR_YX, NA

__all__ = ["with_laser"]


def with_laser(fit: PupilFit, stack: Stack, known: Known | None = None) -> PupilFit:
    """Return a confocal fit whose laser is linearly polarised, if that explains beads better.

    Through a steep objective the focus of such light is longer along its polarisation. A fit
    without it is blurred along that direction alone, which is where to look for it.

    Parameters
    ----------
    fit : PupilFit
        The pupil as it was fitted.
    stack : Stack
        The aligned beads.
    known : mapping, optional
        What is known of parameters.
    """
    model = fit.model
    if model.power != 2 or not model.vectorial or model.laser_along is not None:
        return fit
    y, x, yx = fit.values[[BLUR_Y, BLUR_X, BLUR_YX]]
    length = float(np.hypot(y - x, 2 * yx))
    if length * fit.values[NA] ** 2 < LASER.least_length:
        return fit
    values = fit.values.copy()
    # What is left is as long along any direction.
    values[[BLUR_Y, BLUR_X, BLUR_YX]] = *([max((y + x - length) / 2, 0)] * 2), 0
    along = 0.5 * float(np.arctan2(2 * yx, x - y))
    start = replace(fit, values=values, model=replace(model, laser_along=along))
    with workers() as pool:
        pair = [fit, start]
        fits = list(
            pool.map(
                lambda one: refined_fit(one, stack, order=6, rounds=LASER.rounds, known=known), pair
            )
        )
    plain, polarised = fits
    return polarised if plain.cost - polarised.cost > LASER.least_gain else fit
