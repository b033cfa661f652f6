"""Differences between beads: size, and line jitter of a scanner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import fft

from psfbridge._util.threads import cores, workers
from psfbridge.distillation.joint.bead_state import Floats, Floats32
from psfbridge.distillation.joint.checks.residuals import (
    Residual,
    coefficients,
)
from psfbridge.distillation.joint.checks.settings import JITTER, SIZES
from psfbridge.distillation.joint.iteration import JointProblem, Round
from psfbridge.imaging.findings import Finding
from psfbridge.numerics.robust import robust_sd

__all__ = ["jitter_blur", "line_jitter", "size_spread_um2", "unlike_findings"]

# The variance of a filled sphere along any axis is a twentieth of its diameter's square.
_SPHERE = 20.0


def unlike_findings(
    problem: JointProblem, best: Round, told: Sequence[Residual], jitter_um: float
) -> list[Finding]:
    """Return findings on beads that differ from each other, usually none.

    Parameters
    ----------
    problem : JointProblem
        The solve.
    best : Round
        Where it ended.
    told : sequence of Residual
        What the PSF leaves of beads.
    jitter_um : float
        How far lines are shifted along x, in µm rms, see `line_jitter`.
    """
    return [*_said_of_lines(problem, jitter_um), *_said_of_sizes(problem, best, told)]


def _said_of_lines(problem: JointProblem, jitter_um: float) -> list[Finding]:
    width = float(problem.widths[2]) * problem.voxel_um[2]
    if jitter_um < JITTER.told * width:
        return []
    return [
        Finding(
            f"Lines of the image are shifted relative to each other by {jitter_um:.3f} µm (rms) "
            "along x, as by scanner jitter: this blurs the PSF.",
            "Scan more slowly, unidirectionally, or average lines.",
            at_best="usable" if jitter_um > JITTER.harmful * width else "good",
        )
    ]


def jitter_blur(volume: Floats, jitter_um: float, voxel_um: Sequence[float]) -> Floats:
    """Return what lines that are shifted along x have changed a PSF by: they widened it.

    A blur adds half of its variance times the curvature along it.

    Parameters
    ----------
    volume : array
        The PSF; the array has axes (z, y, x).
    jitter_um : float
        The shifts of lines, in µm rms.
    voxel_um : sequence of float
        Voxel size in z, y and x, in µm.
    """
    turns = 2 * np.pi * fft.rfftfreq(volume.shape[2], voxel_um[2])
    curved = fft.irfft(-(turns**2) * fft.rfft(volume), n=volume.shape[2])
    return np.asarray(0.5 * jitter_um**2 * curved)


def line_jitter(told: Sequence[Residual]) -> float:
    """Return how far lines are shifted along x against each other, in voxels rms.

    Parameters
    ----------
    told : sequence of Residual
        What the PSF leaves of beads.
    """
    if len(told) < JITTER.least_beads:
        return 0.0
    along, across = _line_shifts(told, axis=2), _line_shifts(told, axis=1)
    # What beads differ by otherwise shows in columns, too.
    return float(np.sqrt(max(along - max(across, 0.0), 0.0)))


def _line_shifts(told: Sequence[Residual], axis: int) -> float:
    """The variance of the shifts of single lines beyond their noise, in voxels²."""
    values, errors, shares = [], [], []
    for one in told:
        slope = one.columns[1 + axis]
        power = (slope**2 * one.weight).sum(axis=axis)
        bright = power > JITTER.least_power * power.max()
        values.append((slope * one.weight * one.rest).sum(axis=axis)[bright] / power[bright])
        errors.append(1 / power[bright])
        # The bead's position was fitted to the mean of its lines, and took that of their shifts.
        part = power / power.sum()
        shares.append(1 - 2 * part[bright] + (part**2).sum())
    shift, error, left = (np.concatenate(each) for each in (values, errors, shares))
    weight = 1 / (error + float(np.median(error))) ** 2
    excess = float((weight * (shift**2 - error)).sum() / (weight * left).sum())
    spread = float(np.sqrt(2 * (weight**2 * error**2).sum()) / (weight * left).sum())
    return excess if excess > JITTER.significance * spread else 0.0


def _said_of_sizes(problem: JointProblem, best: Round, told: Sequence[Residual]) -> list[Finding]:
    if len(told) < SIZES.least_beads:
        return []
    spread = size_spread_um2(problem, best, told)
    width_um = float(problem.widths[1:].mean()) * problem.voxel_um[1] / 2.3548
    if spread < SIZES.told * width_um**2:
        return []
    given = problem.bead_diameter_um
    low, high = (np.sqrt(max(given**2 + sign * _SPHERE * spread, 0)) for sign in (-1, 1))
    return [
        Finding(
            f"The beads differ in width, as if their diameters ranged from {low:.2f} to "
            f"{high:.2f} µm.",
            "Use beads of one size, without clumps.",
            at_best="usable",
        )
    ]


def size_spread_um2(problem: JointProblem, best: Round, told: Sequence[Residual]) -> float:
    """Return by how much the variances of the beads' widths differ, in µm² (standard deviation).

    Parameters
    ----------
    problem : JointProblem
        The solve.
    best : Round
        Where it ended.
    told : sequence of Residual
        What the PSF leaves of beads.
    """
    wider = _widening(best.psf, problem.sample_um)[np.newaxis]
    with workers() as pool:
        pairs = list(pool.map(lambda one: coefficients(one, wider, best.psf), told))
    values, errors = (np.array(part)[:, 0] for part in zip(*pairs, strict=True))
    excess = float(robust_sd(values)) ** 2 - float(np.median(errors)) ** 2
    sure = excess > SIZES.significance * float(np.median(errors)) ** 2
    return float(np.sqrt(excess)) if sure else 0.0


def _widening(psf: Floats32, voxel_um: Sequence[float]) -> Floats32:
    """Return the change of a PSF with the variance of a blur: half its Laplacian, in 1/µm²."""
    z, y, x = (np.square(fft.fftfreq(n, size)) for n, size in zip(psf.shape, voxel_um, strict=True))
    x = x[: psf.shape[2] // 2 + 1]
    squares: Floats = z[:, None, None] + y[:, None] + x
    spectrum = -2 * np.pi**2 * squares * fft.rfftn(psf, workers=cores())
    return np.asarray(fft.irfftn(spectrum, s=psf.shape, workers=cores()), np.float32)
