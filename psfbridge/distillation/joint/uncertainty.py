"""Standard errors of the PSF and its widths, by bootstrap over the beads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from psfbridge._util.threads import workers
from psfbridge.distillation.joint.blending import Missed
from psfbridge.distillation.joint.iteration import JointProblem, Round
from psfbridge.distillation.joint.pupil_fit import PupilFit
from psfbridge.distillation.joint.settings import ERROR
from psfbridge.distillation.joint.stack import bootstrap_means
from psfbridge.measurement.profiles import profiles_through
from psfbridge.numerics.fourier import crop_or_pad, peak_position
from psfbridge.optics.pupil import INDEX, NA

__all__ = ["Uncertainty", "estimate_uncertainty"]

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Standard errors of a PSF.

    Parameters
    ----------
    error : array
        Standard error of every voxel, in the units of the round's volume; axes (z, y, x).
    fwhm_um, fwhm_se_um : tuple of float
        Width at half maximum through the peak in z, y and x, in µm, and its standard error.
    pupil_se : array
        Standard error of each parameter of the pupil, in its own unit; NaN for those that were
        not fitted, or where the PSF rests on the data alone.
    """

    error: Floats
    fwhm_um: tuple[float, float, float]
    fwhm_se_um: tuple[float, float, float]
    pupil_se: Floats


def estimate_uncertainty(problem: JointProblem, best: Round, seed: int = 0) -> Uncertainty:
    """Draw the beads again and see how far the PSF moves (Efron 1979; Rubin 1981).

    The answer of pupil and data to another mean of the beads is linear near the solution, so the
    solve need not be repeated.

    Parameters
    ----------
    problem : JointProblem
        The solve.
    best : Round
        Its outcome.
    seed : int
        Of the draws: the same input gives the same errors.
    """
    first, *streams = np.random.default_rng(seed).spawn(1 + ERROR.draws)
    means = _means(best, first)
    answer = _Answer(problem, best)
    centre = best.blend.volume
    with workers() as pool:
        changes, steps = zip(*pool.map(answer, means, streams), strict=True)
    moved = [_scaled_to(centre + change, centre) for change in changes]
    scatter = np.sum([(one - centre) ** 2 for one in moved], axis=0) / (ERROR.draws - 1)
    smooth = [
        ERROR.smooth_voxels * times if n > 1 else 0
        for n, times in zip(problem.box, problem.factor, strict=True)
    ]
    scatter = ndimage.gaussian_filter(scatter, smooth)
    missed = _missed_share(scatter, best.blend.missed)
    floor = ERROR.plane_floor if problem.box[0] == 1 else ERROR.model_floor[best.pupil.microscope]
    variance = (1 + missed) * scatter + (floor * centre) ** 2
    error = problem.on_voxels(np.sqrt(variance))
    widths = _widths(centre, problem.sample_um)
    drawn = np.array([_widths(one, problem.sample_um) for one in moved])
    spread = np.hypot(np.sqrt(1 + missed) * drawn.std(axis=0, ddof=1), floor * widths)
    return Uncertainty(error, _triple(widths), _triple(spread), _pupil_se(best.pupil, steps))


def _missed_share(scatter: Floats, missed: Missed) -> float:
    """Return what the model misses, over what chance moves it by, as variances.

    It is measured in the core. What pupils miss lies where their parameters' errors do, so that
    it is this share of the scatter in the whole box.
    """
    inner = float((missed.core**2 * scatter).sum())
    if not inner:
        return 0.0
    # A fit to the same beads hides as much of what it misses as it scatters by.
    energy = max(missed.energy + inner, 0.0)
    doubt = np.hypot(missed.chance, ERROR.doubt * inner)
    return energy**3 / (energy**2 + doubt**2) / inner if energy else 0.0


def _pupil_se(pupil: PupilFit, steps: Sequence[Floats]) -> Floats:
    """Return the scatter of the pupil's parameters over the draws, NaN for those held fixed."""
    spread = np.full(pupil.model.size, np.nan)
    if len(steps[0]):
        spread[list(pupil.free)] = np.std(steps, axis=0, ddof=1)
    return spread


def _means(best: Round, random: np.random.Generator) -> Floats32:
    """Return the deviations of bootstrap means from the mean, in the units of the stack."""
    contributing = [best.states[k] for k in best.contributing]
    means = bootstrap_means(contributing, best.psf, ERROR.draws, random)
    # The beads' intensities are in units of the PSF by now; the stack was made before.
    psf = best.psf.ravel().astype(float)
    units = float(best.stack.mean.ravel() @ psf) / float(psf @ psf)
    means -= means.mean(axis=0)
    return means * np.float32(units)


class _Answer:
    """The change of the PSF for a change of the stack: linear in the pupil's parameters."""

    def __init__(self, problem: JointProblem, best: Round) -> None:
        self.box, self.pull = problem.psf_shape, best.blend.pull
        self.pupil = _unpolarised(best.pupil, self.box)
        self.answers = None if best.blend.choice.bare else self.pupil.answers(best.stack)
        self.seen, self.sharp = self.pupil.volumes(self.box)

    def __call__(self, change: Floats32, random: np.random.Generator) -> tuple[Floats32, Floats]:
        """Return the change of the PSF, and that of the pupil's free parameters."""
        beyond, answer, step = change, np.zeros_like(change), np.zeros(0)
        if self.answers is not None:
            fitted = crop_or_pad(change, self.pupil.model.shape, [n // 2 for n in self.box])
            by_data, by_chance = self.answers
            step = by_data @ fitted.ravel()
            step += by_chance @ random.standard_normal(by_chance.shape[1])
            short = np.float32(self._linear(step))
            seen, sharp = self.pupil.moved(float(short) * step).volumes(self.box)
            answer = (sharp - self.sharp) / short
            beyond = change - (seen - self.seen) / short
        if not self.pull:
            return np.asarray(answer), step
        spectrum = sum(fft.rfftn(beyond * window) * gain for window, gain in self.pull)
        return np.asarray(answer + fft.irfftn(spectrum, s=self.box)), step

    def _linear(self, step: Floats) -> float:
        """Return the part of a step that is short enough for the answer to be in proportion."""
        told = dict(zip(self.pupil.free, step, strict=True))
        shares = (
            ERROR.linear * self.pupil.values[place] / abs(told[place])
            for place in (NA, INDEX)
            if told.get(place)
        )
        return float(min([1.0, *shares]))


def _unpolarised(pupil: PupilFit, shape: Sequence[int]) -> PupilFit:
    """The pupil without polarisation, in like units: for small differences it will do."""
    plain = replace(pupil, model=replace(pupil.model, vectorial=False))
    size, plain_size = (np.linalg.norm(one.volumes(shape)[1]) for one in (pupil, plain))
    return replace(plain, scale=pupil.scale * float(size / plain_size))


def _scaled_to(volume: Floats32, other: Floats32) -> Floats32:
    """A PSF's scale is a convention; take the one that is nearest to another's."""
    power = (volume**2).sum()
    return volume * ((volume * other).sum() / power) if power > 0 else volume


def _widths(volume: Floats32, voxel_um: Sequence[float]) -> Floats:
    exact = volume.astype(float)
    lines = profiles_through(exact, voxel_um, peak_position(exact))
    return np.array([np.nan if line is None else line.fwhm_um for line in lines])


def _triple(values: Floats) -> tuple[float, float, float]:
    z, y, x = (float(value) for value in values)
    return z, y, x
