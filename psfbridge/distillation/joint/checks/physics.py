"""Physical plausibility of the inferred optics for the given voxel size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from psfbridge.distillation.joint.checks.settings import PHYSICS
from psfbridge.distillation.joint.pupil_fit import PupilFit
from psfbridge.imaging.findings import Finding
from psfbridge.optics.pupil import INDEX, NA, SHEET

__all__ = ["physics_findings", "z_step_factor"]

Floats = NDArray[np.float64]

_DEPTH_OF_FOCUS = 0.88


def physics_findings(pupil: PupilFit) -> list[Finding]:
    """Return what is impossible of an inferred pupil: a wrong voxel size, by axis and factor.

    The width across gives NA/λ, which no objective has above 1.5 at 0.4 µm. The depth of focus is
    1 / (n/λ - √((n/λ)² - (NA/λ)²)), which an NA that is given has only between that of the
    shortest wavelength in oil and that of the steepest objectives.

    Parameters
    ----------
    pupil : PupilFit
        The pupil that explains the beads.
    """
    na, index = (float(pupil.values[place]) for place in (NA, INDEX))
    low, high = PHYSICS.na_per_um
    if not low <= na <= high:
        small, times = na > high, max(na / high, low / na)
        size = f"pixel size looks at least {times:.1f} times too {'small' if small else 'large'}"
        return [_impossible(f"NA/wavelength {na:.2f} per µm", size)]
    rise = _rise(na, index)
    if pupil.model.shape[0] == 1 or _is_hidden(pupil, rise):
        return []
    shallow = _rise(na, max(PHYSICS.most_index_per_um, na / PHYSICS.most_sine))
    steep = _rise(na, max(PHYSICS.least_index_per_um, na / PHYSICS.most_sine))
    seen = f"NA/wavelength {na:.2f} and index/wavelength {index:.2f} per µm"
    if rise < shallow / PHYSICS.tolerance:
        size = f"z step looks {shallow / rise:.1f} to {steep / rise:.1f} times too large"
        return [_impossible(seen, f"{size} (or the pixel size too small)")]
    if na >= PHYSICS.most_sine * index:
        return [_impossible(seen, "z step looks too small (or the pixel size too large)")]
    return []


def z_step_factor(pupil: PupilFit, given: Floats) -> str:
    """Return the factor by which the z step is wrong, if NA/λ, n/λ and pixel size are right.

    Parameters
    ----------
    pupil : PupilFit
        The pupil that explains the beads.
    given : array
        NA and refractive index over the wavelength, in 1/µm.
    """
    factor = _rise(*pupil.values[[NA, INDEX]]) / _rise(*given)
    return f"{max(factor, 1 / factor):.1f} times too {'small' if factor > 1 else 'large'}"


def _is_hidden(pupil: PupilFit, rise: float) -> bool:
    """Whether a sheet hides the depth of focus: it is thinner, and light no steeper than can be.

    The depth of focus is 0.88 over the rise, full width at half maximum.
    """
    na, index, sheet = (float(pupil.values[place]) for place in (NA, INDEX, SHEET))
    if sheet <= 0 or na >= PHYSICS.most_sine * index:
        return False
    return float(np.sqrt(4 * np.log(2) / sheet)) < _DEPTH_OF_FOCUS / rise


def _rise(na: float, index: float) -> float:
    """Return the phase of the pupil edge relative to its centre, in waves per µm of defocus."""
    return index - float(np.sqrt(max(index**2 - na**2, 0)))


def _impossible(seen: str, size: str) -> Finding:
    return Finding(
        f"The beads show {seen}, which is impossible for a microscope: the {size}.",
        "Check the voxel size ({voxel_um=Z Y X}).",
        at_best="poor",
    )
