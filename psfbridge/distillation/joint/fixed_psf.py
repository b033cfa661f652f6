"""The fit of every bead with the PSF held fixed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from psfbridge.detection.beads import USED
from psfbridge.detection.find import FoundBeads
from psfbridge.distillation.joint.bead_fit import refit_beads
from psfbridge.distillation.joint.bead_state import BeadState, observe
from psfbridge.distillation.joint.neighbours import with_neighbours
from psfbridge.distillation.joint.settings import FIXED_PSF
from psfbridge.errors import NoBeadsError
from psfbridge.psf.psf import PSF

__all__ = ["fitted_beads"]


def fitted_beads(found: FoundBeads, psf: PSF) -> list[BeadState]:
    """Fit every bead and its neighbours to the PSF; return the usable ones.

    Parameters
    ----------
    found : FoundBeads
        The beads of an image.
    psf : PSF
        With the image's voxel size; it is held fixed.

    Raises
    ------
    NoBeadsError
        If none can be fitted.
    """
    states: Sequence[BeadState] = observe([found], psf.data.shape)
    widths = np.ceil(FIXED_PSF.core_widths * np.asarray(found.scale.fwhm)).astype(int)
    core = [min(n, 2 * int(w) + 1) for n, w in zip(psf.data.shape, widths, strict=True)]
    for _ in range(FIXED_PSF.rounds):
        fitted, lights = refit_beads(states, psf.data, core)
        states = with_neighbours(fitted, lights, [found.image.data.shape])
    used = [
        one
        for one in states
        if found.beads[one.seen.bead].status == USED and np.isfinite(one.fit.misfit)
    ]
    if not used:
        raise NoBeadsError(
            f"no bead of {found.image.name} can be fitted by the PSF: {found.beads.sentence()}. "
            "Check that image and PSF belong together."
        )
    return used
