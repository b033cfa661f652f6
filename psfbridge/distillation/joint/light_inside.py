"""The fraction of the light of a point inside the box of the PSF, calculated from the pupil."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from psfbridge.distillation.joint.pupil_fit import PupilFit
from psfbridge.distillation.joint.settings import NEIGHBOURS
from psfbridge.numerics.cutouts import central
from psfbridge.psf.light_share import lit_planes

__all__ = ["light_inside"]


def light_inside(
    pupil: PupilFit, shape: Sequence[int], voxel_um: tuple[float, float, float]
) -> float | None:
    """Return the share of a point's light in the box's planes that falls into the box.

    A widefield microscope brings the same light to every plane; most of what defocus spreads
    beyond the box is in planes far from focus. In focus nearly all is seen within a few boxes.

    Parameters
    ----------
    pupil : PupilFit
        The pupil that explains the beads.
    shape : sequence of int
        Shape of the PSF's box in voxels; its outermost planes are dark.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.

    Returns
    -------
    float or None
        None where planes do not get the same light: in a confocal microscope, or a light sheet.
    """
    if pupil.microscope != "widefield":
        return None
    centred = pupil.centred()
    model = replace(centred.model, voxel_um=voxel_um, bead_diameter_um=0.0)
    point = replace(centred, model=model)
    box = [lit_planes(n) for n in shape]
    held = float(point.seen(shape)[central(shape, box)].sum(dtype=float))
    wide = (1, *(NEIGHBOURS.focus_reach * n | 1 for n in shape[1:]))
    light = float(point.seen(wide).sum(dtype=float))
    return float(np.clip(held / (light * box[0]), 1e-6, 1.0))
