"""How far the data may pull a PSF away from its model: as far as beads not used agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from psfbridge.least_squares import solved
from psfbridge.stack import Stack

__all__ = ["Blend", "blended"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

# Standard errors by which a shell's signal must stand out: trial values, chosen by held-out beads.
_CAUTIONS = (0.0, 1.0, 2.0, 3.0)
_FEW_CAUTIONS = (0.0, 2.0)
_CAUTION_UNTESTED = 2.0
# Shells are this many cycles per box wide. Below that many cycles a residual cannot be told from
# the haze of all the other beads.
_SHELL, _HAZE = 3, 1.5
_LEAST_TRANSFER = 0.15
_CLEARLY = 0.015
_MODEL, _BOTH, _HAZY, _DATA = "model", "model and data", "model, data and haze", "data"


@dataclass(frozen=True, eq=False)
class Blend:
    """A PSF that model and data agree on.

    Parameters
    ----------
    seen : array
        What is seen of a bead; the array has axes (z, y, x).
    volume : array
        The PSF itself, the bead's size removed; the same axes.
    kind : str
        ``model``, ``model and data``, the same with the haze around a bead, or ``data``.
    caution : float
        Standard errors by which the data had to stand out; infinite for the model alone.
    held_out : mapping
        Mean χ² per voxel of beads not used, for the best of each kind; empty if there are none.
    pull : array
        How much of each frequency of the data beyond the model enters `volume`; in the order of
        `scipy.fft.rfftn`.
    """

    seen: Floats
    volume: Floats
    kind: str
    caution: float
    held_out: dict[str, float]
    pull: Floats


def blended(
    stack: Stack,
    seen: Floats,
    volume: Floats,
    transfer: Floats,
    *,
    choose: bool = True,
    haze: bool = True,
) -> Blend:
    """Add to a model what the beads agree on beyond it, frequency by frequency.

    Each shell of spatial frequencies of the residual is shrunk by ``signal / (signal + noise)``;
    the signal is what the parts of the beads have in common. How sure a shell must be, and
    whether the model helps at all, is chosen by the χ² of the part that was left out.

    Parameters
    ----------
    stack : Stack
        The aligned beads.
    seen, volume : array
        The model of a bead, and of the PSF, in the stack's units; axes (z, y, x).
    transfer : array
        What a bead damps, see `psfbridge.bead_shape.sphere_transfer`.
    choose : bool
        Whether held-out beads choose; without, the usual choice is taken, which is quicker.
    haze : bool
        Whether the lowest frequencies beyond the model may be the bead's own light; among many
        neighbours they are not.
    """
    shell = _shells(seen.shape)
    kinds = {_BOTH: seen, _HAZY: seen, _DATA: np.zeros_like(seen)}
    trials = [(_BOTH, caution) for caution in _CAUTIONS]
    others = (_HAZY, _DATA) if haze else ()
    trials += [(kind, caution) for kind in others for caution in _FEW_CAUTIONS]
    scores = _held_out(stack, kinds, trials, seen, shell) if choose else {}
    kind, caution = _chosen(scores) if scores else (_BOTH, _CAUTION_UNTESTED)
    best = {name: min(s for (k, _), s in scores.items() if k == name) for name, _ in scores}
    if kind == _MODEL:
        return Blend(seen, volume, kind, caution, best, np.zeros(shell.shape))
    residual = _Residual(stack, kinds[kind], shell)
    gain = residual.gain(caution, haze=kind != _BOTH)
    sharpened = np.where(transfer > _LEAST_TRANSFER, gain / np.maximum(transfer, 1e-6), 0)
    start = np.zeros_like(volume) if kind == _DATA else residual.scale * volume
    return Blend(
        residual.scale * kinds[kind] + fft.irfftn(residual.mean * gain, s=seen.shape),
        start + fft.irfftn(residual.mean * sharpened, s=seen.shape),
        kind,
        caution,
        best,
        sharpened,
    )


def _chosen(scores: dict[tuple[str, float], float]) -> tuple[str, float]:
    """The best trial; haze and bare data must be clearly better, not by the last digit."""

    def penalised(trial: tuple[str, float]) -> float:
        return scores[trial] * (1 if trial[0] in (_MODEL, _BOTH) else 1 + _CLEARLY)

    return min(scores, key=penalised)


def _held_out(
    stack: Stack,
    kinds: dict[str, Floats],
    trials: Sequence[tuple[str, float]],
    seen: Floats,
    shell: NDArray[np.int64],
) -> dict[tuple[str, float], float]:
    """Mean χ² of each part for each way to make a PSF of the other parts."""
    parts = [int(part) for part in stack.filled]
    if len(parts) < 2:
        return {}
    scores = dict.fromkeys([(_MODEL, np.inf), *trials], 0.0)
    for part in parts:
        test = stack.of([part])
        rest = stack.of([other for other in parts if other != part])
        bases = {_BOTH: _Residual(rest, seen, shell), _DATA: _Residual(rest, 0 * seen, shell)}
        bases[_HAZY] = bases[_BOTH]
        scores[_MODEL, np.inf] += _misfit(test, seen) / len(parts)
        for kind, caution in trials:
            base = bases[kind]
            gain = base.gain(caution, haze=kind != _BOTH).astype(np.float32)
            pulled = fft.irfftn(base.mean * gain, s=seen.shape, workers=-1)
            candidate = base.scale * kinds[kind] + pulled
            scores[kind, caution] += _misfit(test, candidate) / len(parts)
    return scores


def _misfit(stack: Stack, seen: Floats) -> float:
    """χ² per voxel of a stack against a PSF with the best scale and background."""
    rest = stack.mean - _fitted(stack, seen)[0]
    return float((stack.weight * rest**2).sum()) / max(int((stack.weight > 0).sum()), 1)


def _fitted(stack: Stack, seen: Floats) -> tuple[Floats, float]:
    """The best multiple of a PSF with a background plane for a stack, and the multiple."""
    planes = _planes(seen.shape)
    weight = stack.weight.ravel()
    design = np.concatenate([seen.reshape(1, -1), planes])
    weighted = design * weight
    normal, values = weighted @ design.T, weighted @ stack.mean.ravel()
    answer = solved(normal, values)
    return (answer @ design).reshape(seen.shape), float(answer[0])


@lru_cache(maxsize=2)
def _planes(shape: tuple[int, ...]) -> Floats:
    axes = np.meshgrid(*(np.arange(n) - n // 2 for n in shape), indexing="ij", sparse=True)
    rows = [np.broadcast_to(np.asarray(axis, float), shape) for axis in (1.0, *axes)]
    return np.stack(rows).reshape(len(rows), -1)


class _Residual:
    """What the beads have beyond a model: the mean spectrum, and how sure each shell of it is."""

    def __init__(self, stack: Stack, seen: Floats, shell: NDArray[np.int64]) -> None:
        base, self.scale = _fitted(stack, seen)
        parts = stack.filled
        share = stack.weights[parts].sum(axis=(1, 2, 3))
        share = share / share.sum()
        residuals = np.where(stack.weights[parts] > 0, stack.part_means[parts] - base, 0)
        residuals = residuals.astype(np.float32)
        spectra = fft.rfftn(residuals, axes=(1, 2, 3), workers=-1)
        self.shell = shell
        self.mean = np.tensordot(share, spectra, 1)
        self.count = np.maximum(np.bincount(shell.ravel()), 1)
        self.total = _by_shell(np.abs(self.mean) ** 2, shell) / self.count
        if len(parts) > 1:
            own = np.tensordot(share**2, np.abs(spectra) ** 2, 1)
            common = self.total - _by_shell(own, shell) / self.count
            self.signal = common / (1 - (share**2).sum())
        else:
            self.signal = self.total - _white_noise(stack)

    def gain(self, caution: float, *, haze: bool) -> Floats:
        """How much of each frequency is signal, shell by shell; `caution` in standard errors."""
        error = np.sqrt(2 / self.count) * self.total
        sure = self.signal - caution * error
        gain = np.clip(sure / np.maximum(self.total, 1e-300), 0, 1)
        if not haze:
            gain[0] = 0
        return np.asarray(gain[self.shell])


def _white_noise(stack: Stack) -> float:
    """Power of the mean's noise in every frequency."""
    seen = stack.weight > 0
    return float((1 / stack.weight[seen]).sum())


def _by_shell(power: Floats, shell: NDArray[np.int64]) -> Floats:
    sums = np.bincount(shell.ravel(), power.ravel(), minlength=int(shell.max()) + 1)
    return np.asarray(sums, float)


def _shells(shape: Sequence[int]) -> NDArray[np.int64]:
    """Number the shells of like frequency along and across; 0 is the haze."""
    along = np.abs(fft.fftfreq(shape[0])) * shape[0]
    y, x = fft.fftfreq(shape[1]) * shape[1], fft.rfftfreq(shape[2]) * shape[2]
    across = np.hypot(y[:, np.newaxis], x * shape[1] / shape[2])
    first = np.rint(along / _SHELL).astype(np.int64)[:, None, None]
    second = np.rint(across / _SHELL).astype(np.int64)[None]
    number = 1 + first * (int(second.max()) + 1) + second
    haze = (along[:, None, None] <= _HAZE) & (across[None] <= _HAZE)
    return np.where(haze, 0, number)
