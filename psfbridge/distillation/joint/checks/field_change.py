"""A quick test for field dependence: trends in the aberrations of individual beads.

Each bead is fitted with the PSF and with how it would change by low aberrations; coefficients that
follow the position beyond their errors show a PSF that is not the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from psfbridge._util.threads import workers
from psfbridge.distillation.joint.bead_state import BeadState, Floats, Floats32
from psfbridge.distillation.joint.checks.residuals import Residual, coefficients
from psfbridge.distillation.joint.checks.settings import FIELD_CHANGE
from psfbridge.distillation.joint.iteration import JointProblem, Round
from psfbridge.imaging.findings import Finding
from psfbridge.numerics.fourier import crop_or_pad
from psfbridge.numerics.robust import robust_sd
from psfbridge.optics.pupil import FIRST_MODE

__all__ = ["Trend", "field_findings", "field_trends"]

# Radial order and azimuthal frequency of the aberrations that fields have.
_NAMES = {
    (2, -2): "Astigmatism",
    (2, 2): "Astigmatism",
    (3, -1): "Coma",
    (3, 1): "Coma",
    (3, -3): "Trefoil",
    (3, 3): "Trefoil",
    (4, 0): "Spherical aberration",
}
_AXES = ("z", "y", "x")
# Unknowns of a trend: a mean and a slope along each axis.
_UNKNOWNS = 4


@dataclass(frozen=True)
class Trend:
    """The trend of an aberration along an axis.

    Parameters
    ----------
    name : str
        The aberration.
    axis : {'z', 'y', 'x'}
        Along which it changes.
    waves : float
        By how much, over the beads' range, in waves rms.
    p_value : float
        How likely chance would show as much.
    effect : float
        How far the PSF at either end of that range is from that of its middle, over its norm.
    """

    name: str
    axis: str
    waves: float
    p_value: float
    effect: float


def field_findings(problem: JointProblem, best: Round, told: Sequence[Residual]) -> list[Finding]:
    """Return findings on a PSF that varies across the field, usually none.

    Parameters
    ----------
    problem : JointProblem
        The solve.
    best : Round
        Where it ended.
    told : sequence of Residual
        What the PSF leaves of beads.
    """
    findings = []
    trends = field_trends(problem, best, told)
    for axis in _AXES:
        along = [one for one in trends if one.axis == axis]
        if not along:
            continue
        effect = float(np.sqrt(sum(one.effect**2 for one in along)))
        if effect < FIELD_CHANGE.least_effect:
            continue
        most = max(along, key=lambda one: one.effect)
        where = "with depth" if axis == "z" else f"across {axis}"
        findings.append(
            Finding(
                f"{most.name} changes {where} by {most.waves:.2f} waves: at the outermost beads, "
                f"the PSF is {_words(effect)} this one.",
                "Use {field=True} for a PSF at every position, or use beads from one part of the "
                "image.",
                at_best="usable",
            )
        )
    return findings


def field_trends(problem: JointProblem, best: Round, told: Sequence[Residual]) -> list[Trend]:
    """Return the trends of aberrations that chance does not explain.

    Parameters
    ----------
    problem : JointProblem
        The solve.
    best : Round
        Where it ended.
    told : sequence of Residual
        What the PSF leaves of beads.
    """
    modes = {m: k for k, m in enumerate(best.pupil.model.modes) if m in _NAMES}
    if len(told) < FIELD_CHANGE.least_beads:
        return []
    templates = _templates(problem, best, list(modes.values()))
    with workers() as pool:
        answers = list(pool.map(lambda one: coefficients(one, templates, best.psf), told))
    aberrations, errors = (np.array(part) for part in zip(*answers, strict=True))
    places = _places(problem, [one.state for one in told])
    # Beyond the beads a trend says nothing: most lie in few planes of a stack.
    reach = np.subtract(*np.percentile(places, FIELD_CHANGE.beads_within, axis=0))
    strength = np.linalg.norm(templates.reshape(len(templates), -1), axis=1)
    strength /= np.linalg.norm(best.psf)
    found = []
    for row, mode in enumerate(modes):
        slopes, p_values = _slopes(places, aberrations[:, row], errors[:, row])
        found += list(
            _significant(_NAMES[mode], slopes * reach, p_values, float(strength[row]), len(modes))
        )
    return found


def _words(effect: float) -> str:
    """Return the difference in words; a linear estimate cannot exceed the PSF itself."""
    return f"{effect:.0%} off" if effect < 1 else "completely unlike"


def _significant(
    name: str, changes: Floats, p_values: Floats, strength: float, modes: int
) -> Iterator[Trend]:
    for axis, change, p_value in zip(_AXES, changes, p_values, strict=True):
        if p_value * modes * len(_AXES) < FIELD_CHANGE.chance:
            waves = float(abs(change) / (2 * np.pi))
            yield Trend(name, axis, waves, float(p_value), abs(float(change)) / 2 * strength)


def _templates(problem: JointProblem, best: Round, chosen: Sequence[int]) -> Floats32:
    """Return the change of a unit bead image with each aberration; axes (mode, z, y, x)."""
    pupil = best.pupil.centred()
    _, slopes = pupil.model.derivatives(pupil.values, [FIRST_MODE + k for k in chosen])
    unit = np.float32(pupil.scale / best.unit)
    middle = [n // 2 for n in pupil.model.shape]
    padded = [crop_or_pad(unit * slope, problem.psf_shape, middle) for slope in slopes]
    return np.asarray(padded, np.float32)


def _places(problem: JointProblem, states: Sequence[BeadState]) -> Floats:
    """Positions from the middle of each bead's image, over half its size; axes (bead, zyx)."""
    sizes = np.array([problem.found[one.seen.image].image.data.shape for one in states]) - 1
    half = np.maximum(sizes / 2, 0.5)
    return np.asarray((np.array([one.fit.position for one in states]) - half) / half)


def _slopes(places: Floats, values: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """The slope of values along z, y and x, each with its p-value; a few beads may be odd."""
    design = np.column_stack([np.ones(len(places)), places])
    kept = np.ones(len(values), bool)
    answer = np.zeros(_UNKNOWNS)
    for _ in range(3):
        scatter = robust_sd(values[kept] - design[kept] @ answer)
        weight = kept / (errors**2 + scatter**2)
        covariance = np.linalg.pinv((design.T * weight) @ design, hermitian=True)
        answer = covariance @ ((design.T * weight) @ values)
        rest = values - design @ answer
        kept = np.abs(rest) <= FIELD_CHANGE.odd * max(float(robust_sd(rest)), 1e-12)
    freedom = max(int(kept.sum()) - _UNKNOWNS, 1)
    excess = max(float((weight * rest**2)[kept].sum()) / freedom, 1.0)
    errors = np.sqrt(np.diagonal(covariance) * excess)
    t = np.abs(answer) / np.maximum(errors, 1e-300)
    return answer[1:], np.asarray(2 * special.stdtr(freedom, -t))[1:]
