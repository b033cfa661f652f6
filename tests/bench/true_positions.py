"""The same solve given the true positions of the beads: what it costs that they must be found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from scoring import Truth

import psfbridge as pb
from psfbridge.distillation.joint.bead_fit import light, refit_beads
from psfbridge.distillation.joint.bead_state import BeadState
from psfbridge.evaluation.psf_error import psf_error

Floats = NDArray[np.float64]

# A bead that was found is the true one that lies so near, in voxels; a doublet's are two.
_NEAR = 2.5


def errors(truth: Truth) -> tuple[float, float]:
    """Return the error of ``joint``, and of the same with every bead held where it truly is."""
    field = truth.field
    options = {"method": "joint", "bead_diameter_um": field.scene.bead_diameter_um}
    found = pb.distill(field.image, **options)
    with _held(field.beads.positions):
        given = pb.distill(field.image, **options)
    return psf_error(found.psf, field.psf_grid), psf_error(given.psf, field.psf_grid)


@contextmanager
def _held(true: Floats) -> Iterator[None]:
    """Put every bead back to its true position after each fit."""

    def placed(one: BeadState) -> BeadState:
        away = np.linalg.norm(true - one.fit.position, axis=1)
        nearest = int(away.argmin())
        if away[nearest] > _NEAR:
            return one
        known = replace(one.fit, position=true[nearest].copy(), position_variance=(0.0, 0.0, 0.0))
        return one.with_fit(known)

    def fitted(states: Sequence[BeadState], psf: Floats, core: Sequence[int]) -> tuple[list, list]:
        beads, _ = refit_beads([placed(one) for one in states], psf, core)
        beads = [placed(one) for one in beads]
        return beads, [light(one, psf) for one in beads]

    with (
        patch("psfbridge.distillation.joint.iteration.refit_beads", fitted),
        patch("psfbridge.distillation.joint.solver.refit_beads", fitted),
    ):
        yield
