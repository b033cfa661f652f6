"""The verdict on a PSF (good, usable or poor), with reasons and advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.detection.beads import Beads
from psfbridge.detection.statuses import Reason
from psfbridge.hosts import Host
from psfbridge.imaging.findings import Finding
from psfbridge.measurement.settings import VERDICT

__all__ = ["GOOD", "POOR", "USABLE", "Evidence", "Verdict", "judge_psf"]

Floats = NDArray[np.float64]

GOOD, USABLE, POOR = "good", "usable", "poor"
_GRADES = (GOOD, USABLE, POOR)


@dataclass(frozen=True)
class Verdict:
    """A grade with its reasons.

    Parameters
    ----------
    grade : {'good', 'usable', 'poor'}
        The grade of the worst reason.
    reasons : tuple of str
        The reasons, one sentence each; empty if the PSF is good.
    advice : tuple of str
        How to improve it.
    """

    grade: str
    reasons: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        return " ".join([f"The PSF is {self.grade}.", *self.reasons, *self.advice])

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict ready for JSON."""
        return {
            "grade": self.grade,
            "reasons": list(self.reasons),
            "advice": list(self.advice),
        }


@dataclass(frozen=True, eq=False)
class Evidence:
    """The evidence for a verdict.

    Parameters
    ----------
    volume, error : array
        The PSF and its standard error, in one unit; axes (z, y, x).
    fwhm_um, fwhm_se_um : sequence of float
        Widths and their standard errors.
    voxel_um : sequence of float
        Voxel size in z, y and x, in µm.
    nyquist_um : sequence of float
        The largest voxel that holds all that the optics pass; NaN where it is not known.
    depth : int
        Planes of the image.
    beads : Beads
        All candidates.
    chi2 : float
        Median χ² of the beads, by the noise of the image.
    findings : sequence of Finding
        What is wrong with the images, the optics or the field.
    """

    volume: Floats
    error: Floats
    fwhm_um: Sequence[float]
    fwhm_se_um: Sequence[float]
    voxel_um: Sequence[float]
    nyquist_um: Sequence[float]
    depth: int
    beads: Beads
    chi2: float
    findings: Sequence[Finding] = ()


def judge_psf(evidence: Evidence) -> Verdict:
    """Judge a PSF.

    Parameters
    ----------
    evidence : Evidence
        What is known of it.
    """
    found = [rule(evidence) for rule in _RULES]
    found += [
        (one.at_best, one.text, Host.current().worded(one.advice)) for one in evidence.findings
    ]
    bad = [(grade, reason, advice) for grade, reason, advice in found if grade != GOOD]
    grade = max((grade for grade, _, _ in bad), key=_GRADES.index, default=GOOD)
    advice = dict.fromkeys(advice for _, _, advice in bad if advice)
    return Verdict(grade, tuple(reason for _, reason, _ in bad), tuple(advice))


def _grade(value: float, limits: tuple[float, float]) -> str:
    if not np.isfinite(value) or value > limits[1]:
        return POOR
    return GOOD if value <= limits[0] else USABLE


def _error(evidence: Evidence) -> tuple[str, str, str]:
    core = evidence.volume > VERDICT.core * evidence.volume.max()
    power = float((evidence.volume[core] ** 2).sum())
    share = float(np.sqrt((evidence.error[core] ** 2).sum() / power)) if power > 0 else np.inf
    return (
        _grade(share, VERDICT.error),
        f"Its standard error is {100 * share:.0f} %.",
        "Image more beads, or brighter ones.",
    )


def _widths(evidence: Evidence) -> tuple[str, str, str]:
    pairs = [
        (axis, sd / width)
        for axis, width, sd in zip("zyx", evidence.fwhm_um, evidence.fwhm_se_um, strict=True)
        if not (axis == "z" and evidence.volume.shape[0] == 1)
    ]
    worst, share = max(pairs, key=lambda pair: np.nan_to_num(pair[1], nan=np.inf))
    if not np.isfinite(share):
        return USABLE, f"Its width along {worst} is unknown.", "Acquire a deeper, wider stack."
    return (
        _grade(share, VERDICT.width_error),
        f"Its width along {worst} is known only to {100 * share:.0f} %.",
        "Image more beads, or brighter ones.",
    )


def _sampling(evidence: Evidence) -> tuple[str, str, str]:
    voxel = np.array(evidence.voxel_um)
    by_width = voxel * VERDICT.voxels_per_width / np.array(evidence.fwhm_um)
    ratios = np.fmax(voxel / np.array(evidence.nyquist_um), by_width)
    ratios = np.where(np.isfinite(ratios), ratios, 0)
    if evidence.volume.shape[0] == 1:
        ratios[0] = 0
    axis = int(np.argmax(ratios))
    step = evidence.voxel_um[axis] / max(float(ratios[axis]), 1e-9)
    return (
        _grade(float(ratios[axis]), VERDICT.sampling),
        f"Its voxels are {ratios[axis]:.1f} times too large along {'zyx'[axis]}.",
        f"Image with {'a z-step' if axis == 0 else 'pixels'} of {step:.3f} µm or less.",
    )


def _depth(evidence: Evidence) -> tuple[str, str, str]:
    if evidence.volume.shape[0] == 1:
        return GOOD, "", ""
    width = evidence.fwhm_um[0] / evidence.voxel_um[0]
    held = evidence.depth / width if width > 0 else np.inf
    return (
        _grade(-held, (-VERDICT.depth[0], -VERDICT.depth[1])) if np.isfinite(width) else USABLE,
        f"The stack covers only {held:.1f} times its width along z.",
        "Acquire a deeper stack.",
    )


def _misfit(evidence: Evidence) -> tuple[str, str, str]:
    return (
        _grade(evidence.chi2, VERDICT.misfit),
        f"The beads deviate from it by more than the noise (χ² {evidence.chi2:.1f}).",
        "Look for drift, vibration, or a PSF that varies across the field.",
    )


def _beads(evidence: Evidence) -> tuple[str, str, str]:
    funnel = evidence.beads.funnel()
    rejected: Mapping[str, int] = funnel["rejected"]
    crowded = rejected.get(Reason.TOO_CLOSE, 0) + rejected.get(Reason.DOUBLET, 0)
    advice = "Image more beads."
    if crowded > funnel["used"]:
        advice = "Use a sparser slide: most beads are too close together."
    count = funnel["used"]
    return (
        _grade(-float(count), (-VERDICT.beads[0], -VERDICT.beads[1])),
        f"It comes from {count} bead{'' if count == 1 else 's'}, too few to check it.",
        advice,
    )


_RULES = (_error, _widths, _sampling, _depth, _misfit, _beads)
