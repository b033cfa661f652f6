"""The result type that all methods return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.detection.beads import Beads

if TYPE_CHECKING:
    from psfbridge.distillation.joint.iteration import JointProblem, Round

__all__ = ["Solution"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Solution:
    """The PSF as found by a method, before conversion to the standard form.

    Parameters
    ----------
    volume : array
        The array has axes (z, y, x): any size, any scale, maybe slightly negative, peak anywhere.
    beads : tuple of Beads
        The beads of each image as the method sees them: refined, some rejected or held out.
    error : array, optional
        Standard error of every voxel, in the units of `volume`.
    diagnostics : mapping
        Diagnostics of the fit, in JSON-compatible form.
    notes : tuple of str
        Notes for the user, one sentence each.
    method : str
        The method that the volume is of, where that is not the one that was called.
    light_inside : float, optional
        How much of a point's light in the planes of the PSF's box falls into the box.
    state : tuple of JointProblem and Round, optional
        Where the solve ended, for those who go on from there.
    """

    volume: Floats
    beads: tuple[Beads, ...]
    error: Floats | None = None
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    method: str = ""
    light_inside: float | None = None
    state: tuple[JointProblem, Round] | None = None
