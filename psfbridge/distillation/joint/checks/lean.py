"""Slant of the PSF: a lateral shift proportional to the distance from focus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from psfbridge.distillation.joint.bead_state import Floats
from psfbridge.distillation.joint.checks.settings import LEAN
from psfbridge.imaging.findings import Finding

__all__ = ["lean_findings", "lean_um_per_um"]


def lean_findings(
    volume: Floats, fwhm_um: Sequence[float], voxel_um: Sequence[float]
) -> list[Finding]:
    """Return findings on a PSF that leans, usually none.

    A stage that drifts evenly makes it lean, and so does an objective that is tilted, a pupil
    that is cut on one side, or coma beside astigmatism: the beads of one stack cannot tell these
    apart, and a PSF that is known well leans in the last two. So it is told, and no more.

    Parameters
    ----------
    volume : array
        The PSF; the array has axes (z, y, x).
    fwhm_um : sequence of float
        Its widths in z, y and x, in µm.
    voxel_um : sequence of float
        Voxel size in z, y and x, in µm.
    """
    deep, *across = fwhm_um
    if len(volume) == 1 or not np.isfinite(fwhm_um).all():
        return []
    lean = lean_um_per_um(volume, voxel_um)
    walk = float(np.hypot(*lean)) * deep / min(across)
    if walk < LEAN.told:
        return []
    y, x = lean
    return [
        Finding(
            f"The PSF is slanted by {y:+.3f} µm along y and {x:+.3f} µm along x per µm of z: a "
            "steady drift of the stage, a tilted objective or slide, a pupil clipped on one "
            "side, or coma combined with astigmatism.",
            "Let the stage settle; acquire a second stack in the opposite z direction: a slant "
            "that changes sign is drift.",
            at_best="good",
        )
    ]


def lean_um_per_um(volume: Floats, voxel_um: Sequence[float]) -> tuple[float, float]:
    """Return how far a PSF's planes walk along y and x, in µm for each µm of z.

    Parameters
    ----------
    volume : array
        The PSF; the array has axes (z, y, x).
    voxel_um : sequence of float
        Voxel size in z, y and x, in µm.

    Examples
    --------
    >>> z, y, x = np.mgrid[-9:10, -9:10, -9:10]
    >>> leaning = np.exp(-(z**2) / 30 - ((y - 0.2 * z) ** 2 + x**2) / 8)
    >>> along_y, along_x = lean_um_per_um(leaning, (0.2, 0.1, 0.1))
    >>> round(along_y, 2), abs(round(along_x, 2))
    (0.1, 0.0)
    """
    tops = volume.max(axis=(1, 2))
    planes = np.nonzero(tops > LEAN.bright * tops.max())[0]
    if len(planes) < 3:
        return 0.0, 0.0
    height = (planes - planes.mean()) * voxel_um[0]
    centres = np.array([_centre(volume[at]) for at in planes]) * np.array(voxel_um[1:])
    weight = tops[planes] ** 2
    height = height - np.average(height, weights=weight)
    slope = (weight * height) @ centres / float((weight * height**2).sum())
    return float(slope[0]), float(slope[1])


def _centre(plane: Floats) -> tuple[float, float]:
    """The centroid of what is above half of the maximum."""
    above = np.maximum(plane - 0.5 * plane.max(), 0)
    y, x = (above.sum(axis=1 - k) for k in (0, 1))
    return float(np.average(np.arange(len(y)), weights=y)), float(
        np.average(np.arange(len(x)), weights=x)
    )
