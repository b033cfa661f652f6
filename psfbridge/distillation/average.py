"""The aligned average: beads shifted to a common centre by fractions of a voxel, and weighted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from psfbridge._util.threads import workers
from psfbridge.detection.beads import REJECTED, USED, Beads
from psfbridge.detection.find import FoundBeads
from psfbridge.detection.statuses import Reason
from psfbridge.distillation.background import given_background
from psfbridge.distillation.methods import Solution
from psfbridge.imaging.noise import Noise
from psfbridge.numerics.cutouts import Cutouts, cut_out
from psfbridge.numerics.fourier import apply_per_axis, crop_or_pad, shift_matrices
from psfbridge.progress import Progress, no_progress

__all__ = ["average"]

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

_ROUNDS = 4
_MARGIN = 2
# A bead differs from the mean by more than noise; this share of its light is forgiven.
_MODEL_ERROR = 0.05
_CLIP = 5.0
_MISFIT_LIMIT = 3.0


@dataclass(frozen=True)
class _Fit:
    """One bead against the mean: intensity, background, position and how well they fit."""

    intensity: float
    background: float
    position: Floats
    intensity_error: float
    chi2: float
    misfit: float


@dataclass(frozen=True, eq=False)
class _Box:
    """One bead's cut-out with what is to be ignored in it."""

    counts: Floats32
    usable: NDArray[np.bool_]
    centre: Floats
    noise: Noise
    background: float | None


def average(
    found: Sequence[FoundBeads],
    shape: tuple[int, int, int],
    background: str | float = "auto",
    progress: Progress = no_progress,
) -> Solution:
    """Average the used beads of all images after exact sub-voxel shifts.

    Rounds of: shift each bead to the centre, average with inverse-variance weights, fit each bead
    to the average (intensity, background, position). Neighbours are left out voxel by voxel;
    voxels far off the mean are clipped; beads that fit much worse than the others are rejected.

    Parameters
    ----------
    found : sequence of FoundBeads
        The beads of each image.
    shape : tuple of int
        Size of the PSF in voxels.
    background : 'auto', 'mean' or float
        ``auto`` fits it around each bead; see `psfbridge.distillation.background.given_background`.
    progress : Progress, optional
        Called after each round.

    Returns
    -------
    Solution
        The mean with its standard error. Where it does not rise above that, it is shrunk to zero.
    """
    boxes = [box for one in found for box in _boxes(one, shape, background)]
    fits = [_start(box) for box in boxes]
    kept = np.ones(len(boxes), bool)
    fits, mean = _round(boxes, fits, kept, None)
    for done in range(1, _ROUNDS):
        progress("averaging beads", done, _ROUNDS)
        fits, mean = _round(boxes, fits, kept, mean)
        kept = _kept(fits)
    progress("averaging beads", _ROUNDS, _ROUNDS)
    beads = _judged(found, fits, kept)
    inner = [length // 2 for length in mean.volume.shape]
    volume, error = (crop_or_pad(part, shape, inner) for part in (mean.volume, mean.error))
    return Solution(_shrunk(volume, error), beads, error, {"rounds": _ROUNDS})


def _boxes(
    found: FoundBeads, shape: tuple[int, int, int], background: str | float
) -> Iterator[_Box]:
    """Cut out each used bead, with a margin for the shift; mark its neighbours as unusable."""
    flat = found.image.data.shape[0] == 1
    level = given_background(found.image.data, background, found.factor)
    z, y, x = (_quick_half(length) for length in shape)
    half = (0 if flat else z, y, x)
    used = found.beads.with_status(USED).positions
    cutouts = cut_out(found.image.data, np.round(used).astype(int), half)
    neighbours = found.beads.positions[found.beads.column("reason") != Reason.HOT_PIXEL]
    widths = np.maximum(found.scale.fwhm, 1.0)
    for index, position in enumerate(used):
        centre = position - cutouts.corner[index]
        others = neighbours[np.abs(neighbours - position).max(axis=1) > 0.5] - position
        usable = cutouts.inside[index] & ~_near(cutouts, centre, others / widths, widths)
        yield _Box(cutouts.counts[index], usable, centre, found.noise, level)


def _quick_half(length: int) -> int:
    """Half of the least odd length with a margin whose Fourier transform is quick."""
    wanted = length + 2 * _MARGIN
    while fft.next_fast_len(wanted) != wanted:
        wanted += 2
    return wanted // 2


def _near(cutouts: Cutouts, centre: Floats, others: Floats, widths: Floats) -> NDArray[np.bool_]:
    """Voxels nearer to another candidate than to the bead; distances in FWHM."""
    shape = cutouts.counts.shape[1:]
    grid = [(np.arange(n) - c) / w for n, c, w in zip(shape, centre, widths, strict=True)]
    near = np.zeros(shape, bool)
    reach = [max(abs(axis[0]), abs(axis[-1])) for axis in grid]
    for other in others[(np.abs(others) < np.array(reach) * 2).all(axis=1)]:
        parts = [(a - o) ** 2 - a**2 for a, o in zip(grid, other, strict=True)]
        near |= parts[0][:, None, None] + parts[1][None, :, None] + parts[2][None, None, :] < 0
    return near


def _start(box: _Box) -> _Fit:
    """Background from the outer shell, intensity from what is above it."""
    counts = box.counts[box.usable]
    background = box.background
    if background is None:
        background = float(np.percentile(counts, 25)) if counts.size else 0.0
    light = float(np.maximum(counts - background, 0).sum())
    return _Fit(max(light, 1e-6), background, np.zeros(3), 1.0, 1.0, 0.0)


def _aligned(box: _Box, fit: _Fit, mean: Floats32 | None) -> tuple[Floats32, Floats32]:
    """The bead's light at the common centre, and the weight of each voxel (0 or 1, blurred not).

    Voxels that cannot be used are filled with the mean before the shift, so that their edge does
    not ring into the others.
    """
    shape = box.counts.shape
    half = np.array(shape) // 2
    move = half - box.centre - fit.position
    light = box.counts - np.float32(fit.background)
    usable = np.ones(shape, np.float32)
    if not box.usable.all():
        filling: Any = np.float32(0)
        if mean is not None:
            filling = np.float32(fit.intensity) * apply_per_axis(mean, shift_matrices(shape, -move))
        light = np.where(box.usable, light, filling)
        from_voxel = [int(n) for n in half - np.round(move).astype(int)]
        usable = crop_or_pad(box.usable, shape, from_voxel).astype(np.float32)
    return apply_per_axis(light, shift_matrices(shape, move)), usable


def _variance(box: _Box, fit: _Fit, mean: Floats32) -> Floats32:
    light = fit.intensity * np.maximum(mean, 0)
    forgiven = (_MODEL_ERROR * light) ** 2
    variance = box.noise.variance(fit.background + light) + forgiven
    return np.maximum(variance, 1e-12).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Mean:
    """The weighted mean of the beads, sum 1, its standard error, and how beads are fitted to it.

    `design` has a row for each unknown: the mean, the negative slopes of its axes, and a constant.
    """

    volume: Floats
    error: Floats
    design: Floats32

    @property
    def shape_of_bead(self) -> Floats32:
        """The mean in single precision, as the fits use it."""
        shape: Floats32 = self.design[0].reshape(self.volume.shape)
        return shape


class _Sums:
    """What the mean and its scatter are computed from, added bead by bead."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.light, self.weight, self.square = (np.zeros(shape) for _ in range(3))
        self.count = 0

    def add(self, share: Floats32, precision: Floats32) -> None:
        self.count += 1
        light = precision * share
        self.weight += precision
        self.light += light
        self.square += light * share

    def mean(self) -> _Mean:
        seen = np.maximum(self.weight, 1e-300)
        volume = np.where(self.weight > 0, self.light / seen, 0.0)
        scatter = np.maximum(self.square / seen - volume**2, 0) / max(self.count - 1, 1)
        # The scatter of few beads says little; the noise model is the least error.
        scatter = scatter if self.count > 3 else np.zeros_like(scatter)
        error = np.sqrt(np.maximum(scatter, 1 / seen) * (self.weight > 0))
        total = float(volume.sum())
        scale = total if total > 0 else 1.0
        return _Mean(volume / scale, error / scale, _design(volume / scale))


def _round(
    boxes: Sequence[_Box], fits: Sequence[_Fit], kept: NDArray[np.bool_], mean: _Mean | None
) -> tuple[list[_Fit], _Mean]:
    """Fit each bead to the mean, and average the kept ones with what the fits say."""
    sums = _Sums(boxes[0].counts.shape)
    fitted = []
    with workers() as pool:
        results = pool.map(lambda box, fit: _aligned_fit(box, fit, mean), boxes, fits)
        for (fit, share, precision), keep in zip(results, kept, strict=True):
            fitted.append(fit)
            if keep and np.isfinite(fit.misfit):
                sums.add(share, precision)
    return fitted, sums.mean()


def _aligned_fit(box: _Box, fit: _Fit, mean: _Mean | None) -> tuple[_Fit, Floats32, Floats32]:
    """Shift one bead, fit it, and give its share of the mean with the share's precision."""
    known = None if mean is None else mean.shape_of_bead
    aligned, usable = _aligned(box, fit, known)
    if mean is None or known is None:
        variance = _variance(box, fit, np.zeros(aligned.shape, np.float32))
        return fit, aligned / np.float32(fit.intensity), usable * fit.intensity**2 / variance
    variance = _variance(box, fit, known)
    better = _fit(fit, aligned, usable / variance, mean, free=box.background is None)
    aligned = aligned + np.float32(fit.background - better.background)
    off = np.abs(aligned - better.intensity * known) > _CLIP * np.sqrt(variance)
    precision = usable * ~off * better.intensity**2 / variance
    return better, aligned / np.float32(better.intensity), precision


def _design(mean: Floats) -> Floats32:
    """The columns of a bead's fit, one row each; see `_Mean`."""
    slopes = _slopes(mean)
    rows = [mean, *(-s for s, n in zip(slopes, mean.shape, strict=True) if n > 1)]
    return np.stack([*rows, np.ones(mean.shape)]).reshape(len(rows) + 1, -1).astype(np.float32)


def _slopes(mean: Floats) -> list[Floats]:
    """The derivatives of the mean along each axis, exact for a band-limited one."""
    spectrum = fft.rfftn(mean)
    slopes = []
    for axis, length in enumerate(mean.shape):
        last = axis == mean.ndim - 1
        omega = 2j * np.pi * (fft.rfftfreq(length) if last else fft.fftfreq(length))
        if length % 2 == 0:
            omega[length // 2] = 0
        form = [-1 if other == axis else 1 for other in range(mean.ndim)]
        slopes.append(fft.irfftn(spectrum * omega.reshape(form), s=mean.shape))
    return slopes


def _fit(fit: _Fit, aligned: Floats32, weight: Floats32, mean: _Mean, *, free: bool) -> _Fit:
    """One linearised weighted least-squares step (Anderson and King 2000, in three dimensions).

    The bead is ``a h - a d·grad(h) + b``; the unknowns are a, a d and, if `free`, b.
    """
    flat = np.array(aligned.shape) == 1
    design = mean.design if free else mean.design[:-1]
    weighted = design * weight.ravel()
    covariance = np.linalg.pinv((weighted @ design.T).astype(float), hermitian=True)
    answer = covariance @ (weighted @ aligned.ravel()).astype(float)
    intensity = float(answer[0])
    if not intensity > 0:
        return replace(fit, misfit=float("inf"))
    moves = int((~flat).sum())
    step = np.zeros(3)
    step[~flat] = np.clip(answer[1 : 1 + moves] / intensity, -0.5, 0.5)
    residual = aligned.ravel() - answer.astype(np.float32) @ design
    usable = weight.ravel() > 0
    known = mean.design[0]
    core = (known > 0.1 * known.max()) & usable
    return _Fit(
        intensity=intensity,
        background=fit.background + (float(answer[-1]) if free else 0.0),
        position=np.clip(fit.position + step, -2, 2),
        intensity_error=float(np.sqrt(covariance[0, 0])),
        chi2=float(weight.ravel() @ residual**2) / max(int(usable.sum()) - len(answer), 1),
        misfit=_misfit(residual[core], np.float32(intensity) * known[core]),
    )


def _misfit(residual: Floats32, light: Floats32) -> float:
    power = float((light**2).sum(dtype=float))
    return float(np.sqrt((residual**2).sum(dtype=float) / power)) if power > 0 else float("inf")


def _kept(fits: Sequence[_Fit]) -> NDArray[np.bool_]:
    """Beads that fit about as well as the median, never less than half of them."""
    misfits = np.array([fit.misfit for fit in fits])
    finite = np.isfinite(misfits)
    if not finite.any():
        return np.ones(len(fits), bool)
    if int(finite.sum()) < 3:
        return np.asarray(finite)
    # A dim bead fits worse by its noise alone: that is no fault.
    noise = np.array([fit.intensity_error / fit.intensity for fit in fits])
    limit = _MISFIT_LIMIT * np.median(misfits[finite]) + 5 * noise + 0.05
    kept: NDArray[np.bool_] = finite & (misfits <= limit)
    return kept


def _judged(
    found: Sequence[FoundBeads], fits: Sequence[_Fit], kept: NDArray[np.bool_]
) -> tuple[Beads, ...]:
    """The tables with what the fits say; the fits come in the order of the used beads."""
    verdicts = iter(zip(fits, kept, strict=True))
    return tuple(
        Beads(
            _updated(bead, *next(verdicts)) if bead.status == USED else bead for bead in one.beads
        )
        for one in found
    )


def _updated(bead: Any, fit: _Fit, keep: bool) -> Any:
    z, y, x = np.array([bead.z, bead.y, bead.x]) + fit.position
    return replace(
        bead,
        z=float(z),
        y=float(y),
        x=float(x),
        intensity=fit.intensity,
        background=fit.background,
        snr=fit.intensity / max(fit.intensity_error, 1e-300),
        chi2=fit.chi2,
        status=USED if keep else REJECTED,
        reason="" if keep else Reason.POOR_FIT,
    )


def _shrunk(volume: Floats, error: Floats) -> Floats:
    """Wiener's factor with the local power of the mean: noise far out becomes zero, not a floor."""
    size = [min(3, length) for length in volume.shape]
    power = ndimage.uniform_filter(volume**2, size)
    noise = ndimage.uniform_filter(error**2, size)
    signal = np.maximum(power - 2 * noise, 0)
    shrunk: Floats = volume * signal / np.maximum(power, 1e-300)
    return shrunk
