"""The PSF, and intensity, background and position of every bead, solved together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import fft

from psfbridge.bead_fit import refitted, with_neighbours
from psfbridge.beads import REJECTED, USED, Bead, Beads
from psfbridge.errors import NoBeadsError
from psfbridge.finding import Found
from psfbridge.noise_fit import with_measured_noise
from psfbridge.observation import Floats, Floats32, Speaker, observe
from psfbridge.options import DistillOptions
from psfbridge.progress import Progress, no_progress
from psfbridge.pupil import BLUR_X, BLUR_Y, INDEX, NA
from psfbridge.pupil_fit import PupilFit, blind_fit, refined_fit
from psfbridge.shifts import fitted_to
from psfbridge.shrinkage import Blend, blended
from psfbridge.solution import Solution
from psfbridge.stack import Stack, stacked

__all__ = ["settle"]

_MARGIN = 2
_ROUNDS = 6
_CORE_WIDTHS = (2.5, 4.0, 4.0)
# A bead is left out if its misfit is this many times the median; noise is no fault.
_MISFIT_LIMIT = 3.0
_LEAST_SNR = 5.0
_SETTLED = 2e-3
# After this round the model is good enough to tell the noise.
_NOISE_ROUND = 2


@dataclass(frozen=True, eq=False)
class _Round:
    """The state after one round."""

    speakers: list[Speaker]
    voters: list[int]
    stack: Stack
    pupil: PupilFit
    blend: Blend
    psf: Floats32
    objective: float
    last: _Round | None


def settle(
    found: Sequence[Found],
    shape: tuple[int, int, int],
    options: DistillOptions,
    progress: Progress = no_progress,
) -> Solution:
    """Solve for the PSF and all beads, in rounds, until the objective settles.

    Each round: fit intensity, position and background of every bead to the present PSF; subtract
    the beads from each other; bring them to one centre; find the pupil that explains them.

    Parameters
    ----------
    found : sequence of Found
        The beads of each image.
    shape : tuple of int
        Size of the PSF in voxels, odd in every axis.
    options : DistillOptions
        The bead's diameter counts here.
    progress : Progress, optional
        Called after each round; may raise `psfbridge.errors.Cancelled`.

    Returns
    -------
    Solution
        The PSF with its error and what was inferred of the optics.
    """
    box = [n if n == 1 else _quick_odd(n + 2 * _MARGIN) for n in shape]
    speakers = observe(found, box)
    psf = _gaussian(box, np.median([one.scale.sigma for one in found], axis=0))
    rounds: list[_Round] = []
    for number in range(_ROUNDS):
        progress("settling beads and PSF", number, _ROUNDS)
        last = rounds[-1] if rounds else None
        rounds.append(_next(speakers, psf, last, found, options))
        speakers, psf = rounds[-1].speakers, rounds[-1].psf
        if number == _NOISE_ROUND:
            speakers = with_measured_noise(speakers, psf)
        if _settled(rounds):
            break
    progress("settling beads and PSF", _ROUNDS, _ROUNDS)
    best = min(rounds[_NOISE_ROUND + 1 :], key=lambda one: one.objective)
    return _solution(best, rounds, found, shape)


def _quick_odd(length: int) -> int:
    """The next odd length whose Fourier transform is quick."""
    length += 1 - length % 2
    while fft.next_fast_len(length) != length:
        length += 2
    return length


def _gaussian(shape: Sequence[int], sigma: Floats) -> Floats32:
    """A Gaussian of sum 1, the first guess of a PSF."""
    axes = [
        np.exp(-0.5 * ((np.arange(n) - n // 2) / max(s, 0.5)) ** 2)
        for n, s in zip(shape, sigma, strict=True)
    ]
    volume = axes[0][:, None, None] * axes[1][None, :, None] * axes[2][None, None, :]
    return np.asarray(volume / volume.sum(), np.float32)


def _next(
    speakers: Sequence[Speaker],
    psf: Floats32,
    last: _Round | None,
    found: Sequence[Found],
    options: DistillOptions,
) -> _Round:
    widths = np.maximum(np.median([one.scale.fwhm for one in found], axis=0), 1)
    core = [
        min(n, 2 * int(np.ceil(w * k)) + 1)
        for n, w, k in zip(psf.shape, widths, _CORE_WIDTHS, strict=True)
    ]
    shapes = [one.image.data.shape for one in found]
    fitted = with_neighbours(refitted(speakers, psf, core), psf, shapes)
    voters = _voters(fitted)
    if not voters:
        names = ", ".join(one.image.name for one in found)
        raise NoBeadsError(
            f"no usable bead in {names}: none of {len(fitted)} fits a common PSF. "
            "Check the voxel size, or image brighter or sparser beads."
        )
    stack = stacked([fitted[k] for k in voters], psf)
    if last is None or last.last is None:
        voxel_um = found[0].image.voxel_um
        pupil = blind_fit(stack, voxel_um, widths, options.bead_diameter_um)
    else:
        pupil = refined_fit(last.pupil, stack, order=6, rounds=6)
    model = pupil.volume(psf.shape, bead=True)
    blend = blended(
        stack,
        model,
        pupil.volume(psf.shape, bead=False),
        found[0].image.voxel_um,
        options.bead_diameter_um,
    )
    objective = float(np.median([one.fit.chi2 for one in fitted if one.votes]))
    total = float(model.sum())
    scaled = [one.with_fit(replace(one.fit, intensity=one.fit.intensity * total)) for one in fitted]
    seen32 = np.asarray(blend.seen / total, np.float32)
    return _Round(scaled, voters, stack, pupil, blend, seen32, objective, last)


def _voters(speakers: Sequence[Speaker]) -> list[int]:
    """The beads that take part: they can be seen, and fit about as well as the median."""
    misfit = np.array([one.fit.misfit for one in speakers], float)
    noise = np.array([one.fit.intensity_error / one.fit.intensity for one in speakers])
    able = np.array([one.votes for one in speakers], bool) & np.isfinite(misfit)
    seen = able & (noise < 1 / _LEAST_SNR)
    able = seen if seen.any() else able
    if able.sum() < 3:
        return [int(k) for k in np.nonzero(able)[0]]
    limit = _MISFIT_LIMIT * np.median(misfit[able]) + 5 * noise + 0.02
    return [int(k) for k in np.nonzero(able & (misfit <= limit))[0]]


def _settled(rounds: Sequence[_Round]) -> bool:
    if len(rounds) < _NOISE_ROUND + 2:
        return False
    before, now = rounds[-2].psf, rounds[-1].psf
    change = float(np.linalg.norm(now - before) / np.linalg.norm(now))
    return change < _SETTLED


def _solution(
    best: _Round, rounds: Sequence[_Round], found: Sequence[Found], shape: tuple[int, int, int]
) -> Solution:
    middle = [n // 2 for n in best.psf.shape]
    error = np.where(np.isfinite(best.stack.error), best.stack.error, 0)
    return Solution(
        fitted_to(best.blend.volume, shape, middle),
        _tables(best, found),
        fitted_to(error, shape, middle),
        _diagnostics(best, rounds),
    )


def _diagnostics(best: _Round, rounds: Sequence[_Round]) -> dict[str, Any]:
    values = best.pupil.values
    return {
        "rounds": len(rounds),
        "objective": [round(one.objective, 5) for one in rounds],
        "na_per_wavelength_per_um": float(values[NA]),
        "index_per_wavelength_per_um": float(values[INDEX]),
        "blur_um": [float(np.sqrt(values[place])) for place in (BLUR_Y, BLUR_X)],
        "blend": best.blend.kind,
        "caution": best.blend.caution,
        "held_out_chi2": best.blend.held_out,
        "microscope": best.pupil.microscope,
    }


def _tables(best: _Round, found: Sequence[Found]) -> tuple[Beads, ...]:
    """The tables of the candidates, with what the fits say of them."""
    rows = [list(one.beads) for one in found]
    voters = set(best.voters)
    for number, speaker in enumerate(best.speakers):
        seen = speaker.seen
        bead = rows[seen.image][seen.bead]
        rows[seen.image][seen.bead] = _judged(bead, speaker, used=number in voters)
    return tuple(Beads(one) for one in rows)


def _judged(bead: Bead, speaker: Speaker, *, used: bool) -> Bead:
    fit = speaker.fit
    if bead.status == REJECTED and not used:
        return bead
    z, y, x = (float(value) for value in fit.position)
    dim = fit.intensity < _LEAST_SNR * fit.intensity_error
    return replace(
        bead,
        z=z,
        y=y,
        x=x,
        intensity=fit.intensity,
        background=fit.background,
        snr=fit.intensity / max(fit.intensity_error, 1e-300),
        chi2=fit.chi2,
        status=USED if used else REJECTED,
        reason="" if used else ("too dim" if dim else "poor fit"),
    )
