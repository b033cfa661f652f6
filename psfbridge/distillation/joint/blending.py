"""Blending of model and data, with the weight of the data chosen by held-out beads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from psfbridge._util.threads import cores
from psfbridge.distillation.joint.model_settings import BLENDING
from psfbridge.distillation.joint.settings import STACK
from psfbridge.distillation.joint.stack import Stack
from psfbridge.distillation.settings import AVERAGE
from psfbridge.numerics.background_plane import plane, plane_values
from psfbridge.numerics.least_squares import solve_normal_equations

__all__ = [
    "AVERAGED",
    "UNTESTED",
    "Blend",
    "BlendChoice",
    "Missed",
    "blend_with_data",
    "core_of",
    "smooth_power",
    "wiener_gain",
]

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

_MODEL, _BOTH, _WITH_BACKGROUND, _DATA, AVERAGED = (
    "model",
    "model and data",
    "model, data and background",
    "data",
    "average",
)


@dataclass(frozen=True, eq=False)
class BlendChoice:
    """The chosen weight of the data.

    Parameters
    ----------
    kind : str
        ``model``, ``model and data``, the same with the background around a bead, ``data``, or the
        ``average`` that the method of that name gives.
    caution : float
        Standard errors by which the data have to stand out; infinite for the model alone.
    held_out : mapping
        What is left unexplained of the core of beads not used, as a share of its energy, and by how
        much more is left around it than by the kind that leaves least there, for the best of each
        kind; empty if there are none. It decides.
    chi2 : mapping
        Their mean χ² per voxel, for the same.
    around : float
        What every kind leaves around the core, noise for the most part, in the same units.
    """

    kind: str
    caution: float
    held_out: dict[str, float]
    chi2: dict[str, float]
    around: float = 0.0

    @property
    def bare(self) -> bool:
        """Whether the PSF rests on the beads alone, without a pupil."""
        return self.kind in (_DATA, AVERAGED)


#: The usual choice, where no bead was asked.
UNTESTED = BlendChoice(_BOTH, BLENDING.untested_caution, {}, {})


@dataclass(frozen=True, eq=False)
class Missed:
    """What the parts of the beads have in common beyond a PSF, in the core.

    Around the core it cannot be told from light of other beads.

    Parameters
    ----------
    core : array
        The window of the core, 0 to 1; the array has axes (z, y, x).
    energy : float
        Sum of the squares of what they have in common there, as far as a microscope passes it.
        Below 0 by chance, and because the PSF was fitted to the same beads.
    chance : float
        Its standard deviation by the noise of the beads.
    """

    core: Floats32
    energy: float
    chance: float

    @classmethod
    def nothing(cls, shape: Sequence[int]) -> Missed:
        """Return that nothing is looked for in a box."""
        return cls(np.zeros(tuple(shape), np.float32), 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Blend:
    """A PSF that model and data agree on.

    Parameters
    ----------
    seen : array
        What is seen of a bead; the array has axes (z, y, x).
    volume : array
        The PSF itself, the bead's size removed; the same axes.
    choice : BlendChoice
        How far the data were allowed to pull.
    pull : tuple of pairs of arrays
        A window of the box, and how much of each frequency of the data there, beyond the model,
        enters `volume`; in the order of `scipy.fft.rfftn`.
    missed : Missed
        What the parts of the beads have in common beyond `seen`.
    core : array
        Where beads not used judged, see `core_of`; its axes.
    """

    seen: Floats32
    volume: Floats32
    choice: BlendChoice
    pull: tuple[tuple[Floats32, Floats32], ...]
    missed: Missed
    core: NDArray[np.bool_]


def blend_with_data(
    stack: Stack,
    model: tuple[Floats32, Floats32],
    transfer: Floats32,
    choice: BlendChoice | None = None,
    *,
    out_of_focus: bool = True,
    core: NDArray[np.bool_] | None = None,
) -> Blend:
    """Add to a model what the beads agree on beyond it, frequency by frequency.

    Each shell of spatial frequencies of the residual is shrunk by ``signal / (signal + noise)``;
    the signal is what the parts of the beads have in common. How sure a shell must be, and
    whether the model helps at all, is chosen by what it leaves of the part that was left out.

    Parameters
    ----------
    stack : Stack
        The aligned beads.
    model : pair of arrays
        That of a bead, and of the PSF, in the stack's units; axes (z, y, x).
    transfer : array
        What a bead damps, see `psfbridge.optics.bead_sphere.sphere_transfer`.
    choice : BlendChoice, optional
        How far the data may pull; by default held-out beads choose, which takes longer.
    out_of_focus : bool
        Whether the lowest frequencies beyond the model may be the bead's own light; among many
        neighbours they are not.
    core : array of bool, optional
        Where beads not used judge; by default the model's own `core_of`. Two models are held
        against each other in one core alone: each leaves less outside what it holds for bright.
    """
    seen, volume = model
    regions = _regions(seen)
    core = core_of(seen) if core is None else core
    kinds = {_BOTH: seen, _WITH_BACKGROUND: seen, _DATA: np.zeros_like(seen)}
    choice = choice or _chosen(stack, kinds, regions, core, out_of_focus=out_of_focus)
    kind = choice.kind
    sharper = np.where(transfer > BLENDING.least_transfer, 1 / np.maximum(transfer, 1e-6), 0)
    sharper = sharper.astype(np.float32)
    if kind == AVERAGED:
        return _averaged(stack, choice, sharper, core)
    base = kinds.get(kind, seen)
    residual = _Residual(stack, base, regions)
    if kind == _MODEL:
        nothing = np.zeros(regions[0].shell.shape, np.float32)
        return Blend(seen, volume, choice, (), residual.missed(nothing), core)
    gains = residual.gains(choice.caution, out_of_focus=kind != _BOTH)
    sharpened = [gain * sharper for gain in gains]
    start = np.zeros_like(volume) if kind == _DATA else residual.scale * volume
    return Blend(
        residual.scale * base + residual.shrunk(gains),
        start + residual.shrunk(sharpened),
        choice,
        tuple((one.window, gain) for one, gain in zip(regions, sharpened, strict=True)),
        residual.missed(gains[0]),
        core,
    )


def core_of(seen: Floats32) -> NDArray[np.bool_]:
    """Return where a bead is bright enough for PSFs to be held against it.

    Parameters
    ----------
    seen : array
        What is seen of a bead; the array has axes (z, y, x).
    """
    return np.asarray(seen > BLENDING.scored * seen.max())


def _averaged(
    stack: Stack, choice: BlendChoice, sharper: Floats32, core: NDArray[np.bool_]
) -> Blend:
    """The average as it is, but for the beads' size and noise that is shrunk voxel by voxel."""
    share = wiener_gain(stack.mean, stack.error).astype(np.float32)
    seen = stack.mean * share
    volume = fft.irfftn(fft.rfftn(seen, workers=cores()) * sharper, s=seen.shape, workers=cores())
    pull, missed = ((share, sharper),), Missed.nothing(seen.shape)
    return Blend(seen, np.asarray(volume, np.float32), choice, pull, missed, core)


def wiener_gain(mean: Floats32, error: Floats) -> Floats:
    """Return the Wiener factor from the local power of the mean, to suppress distant noise.

    Parameters
    ----------
    mean, error : array
        A mean of beads and its standard error, infinite where nothing was seen; axes (z, y, x).
    """
    # Voxels that only the rim of a bead's shifted box touches are not seen: their mean and error
    # are so large that running sums would lose what lies beside them.
    seen = error < BLENDING.unseen * error[error > 0].min(initial=np.inf)
    power = smooth_power(np.where(seen, mean, 0).astype(float) ** 2)
    noise = smooth_power(np.where(seen, error, 0) ** 2)
    gain = np.maximum(power - AVERAGE.doubt * noise, 0) / np.maximum(power, 1e-300)
    return np.where(seen, np.clip(gain, 0, 1), 0)


def smooth_power(power: Floats) -> Floats:
    """Return the mean of each voxel and its neighbours."""
    return np.asarray(ndimage.uniform_filter(power, [min(3, length) for length in power.shape]))


def _chosen(
    stack: Stack,
    kinds: dict[str, Floats32],
    regions: Sequence[_Region],
    core: NDArray[np.bool_],
    *,
    out_of_focus: bool,
) -> BlendChoice:
    """The boldest trial that is clearly better than those more cautious; the model comes first."""
    trials = [(_BOTH, caution) for caution in BLENDING.cautions]
    others = (_WITH_BACKGROUND, _DATA) if out_of_focus else ()
    trials += [(kind, caution) for kind in others for caution in BLENDING.few_cautions]
    trials += [(AVERAGED, 0.0)]
    scores = _held_out(stack, kinds, trials, regions, core)
    if not scores:
        return UNTESTED
    chosen = (_MODEL, np.inf)
    for trial in trials:
        least = BLENDING.clearly if trial[0] == _BOTH else BLENDING.clearly_bare
        if _clearly_better(scores[trial], scores[chosen], least):
            chosen = trial
    kind, caution = chosen
    means = {trial: _Score.mean(each) for trial, each in scores.items()}
    best = {
        name: min((one for (k, _), one in means.items() if k == name), key=lambda s: s.share)
        for name, _ in scores
    }
    around = min(one.share - one.core for one in best.values())
    return BlendChoice(
        kind,
        caution,
        {name: one.share - around for name, one in best.items()},
        {name: one.chi2 for name, one in best.items()},
        around,
    )


def _clearly_better(scores: Sequence[_Score], others: Sequence[_Score], least: float) -> bool:
    """Whether scores of the same parts are lower by a share `least`, and not by chance."""
    mine, theirs = (np.array([one.share for one in each]) for each in (scores, others))
    gains = theirs - mine
    if len(gains) < STACK.parts:
        # The standard error of two or three beads is chance itself; they can still all agree.
        sure = gains.min() > 0
    else:
        sure = gains.mean() > BLENDING.sure * gains.std(ddof=1) / np.sqrt(len(gains))
    # The noise of the many dark voxels, which no PSF explains, is no measure of a gain.
    return bool(sure and gains.mean() > least * np.mean([one.core for one in others]))


def _held_out(
    stack: Stack,
    kinds: dict[str, Floats32],
    trials: Sequence[tuple[str, float]],
    regions: Sequence[_Region],
    core: NDArray[np.bool_],
) -> dict[tuple[str, float], list[_Score]]:
    """Score each part of the beads against PSFs made in each way from the other parts."""
    parts = [int(part) for part in stack.filled]
    if len(parts) < 2:
        return {}
    found: dict[tuple[str, float], list[_Score]] = {
        trial: [] for trial in [(_MODEL, np.inf), *trials]
    }
    used = {kind for kind, _ in trials}
    for part in parts:
        test = stack.of([part])
        rest = stack.of([other for other in parts if other != part])
        bases = {_BOTH: _Residual(rest, kinds[_BOTH], regions)}
        bases[_WITH_BACKGROUND] = bases[_BOTH]
        if _DATA in used:
            bases[_DATA] = _Residual(rest, kinds[_DATA], regions)
        found[_MODEL, np.inf].append(_Score.of(test, kinds[_BOTH], core))
        for kind, caution in trials:
            if kind == AVERAGED:
                candidate = rest.mean * wiener_gain(rest.mean, rest.error).astype(np.float32)
                found[kind, caution].append(_Score.of(test, candidate, core))
                continue
            base = bases[kind]
            gains = base.gains(caution, out_of_focus=kind != _BOTH)
            candidate = base.scale * kinds[kind] + base.shrunk(gains)
            found[kind, caution].append(_Score.of(test, candidate, core))
    return found


@dataclass(frozen=True)
class _Score:
    """The agreement of a PSF with held-out beads.

    `share` is what is left of the energy in the whole box, over that of the bead's core; `core` is
    what is left in the core alone. They weigh all voxels alike, as the error of a PSF does. χ²
    trusts the noise of the dark voxels instead, which are many: background from other beads
    decides it, and where an image was clipped at zero, voxels without any noise.
    """

    share: float
    core: float
    chi2: float

    @classmethod
    def of(cls, stack: Stack, seen: Floats32, core: NDArray[np.bool_]) -> _Score:
        """Score a PSF by a stack, with the best scale and background."""
        rest = stack.mean - _fitted(stack, seen)[0]
        # The core is what every bead shows, though its own light makes it weigh least.
        known = stack.weight > BLENDING.seen * stack.weight[core].max()
        chi2 = float((stack.weight * rest**2).sum(dtype=float)) / max(int(known.sum()), 1)
        inner, around = core & known, ~core & known
        energy = max(float((stack.mean[inner].astype(float) ** 2).sum()), 1e-300)
        left = _unexplained(stack.mean[inner], seen[inner]) / energy
        return cls(left + float((rest[around] ** 2).sum(dtype=float)) / energy, left, chi2)

    @classmethod
    def mean(cls, scores: Sequence[_Score]) -> _Score:
        """Average some scores."""
        table = [(one.share, one.core, one.chi2) for one in scores]
        return cls(*np.mean(table, axis=0).tolist())


def _unexplained(light: Floats32, seen: Floats32) -> float:
    """The energy of some voxels that the best multiple of a PSF and a level leave."""
    design = np.stack([seen, np.ones_like(seen)]).astype(float)
    answer = solve_normal_equations(design @ design.T, design @ light)
    rest = light - answer @ design
    return float(rest @ rest)


def _fitted(stack: Stack, seen: Floats32) -> tuple[Floats32, float]:
    """The best multiple of a PSF with a background plane for a stack, and the multiple."""
    weighted = stack.weight * seen
    mixed = plane_values(weighted)
    normal = np.empty((6, 6))
    normal[0, 0] = (weighted * seen).sum(dtype=float)
    normal[0, 1:] = normal[1:, 0] = mixed
    normal[1:, 1:] = stack.plane_normal
    own = (weighted * stack.mean).sum(dtype=float)
    answer = solve_normal_equations(normal, np.array([own, *stack.plane_values]))
    scale = np.float32(answer[0])
    return scale * seen + plane(seen.shape, answer[1:].tolist()), float(scale)


@dataclass(frozen=True, eq=False)
class _Region:
    """A part of the box with smooth edges, and its resolvable frequency shells."""

    window: Floats32
    shell: NDArray[np.int64]
    share: float


def _regions(seen: Floats32) -> tuple[_Region, _Region]:
    """Return the bright core, where model errors dominate the noise, and the rest."""
    smooth = [1.0 if n > 1 else 0.0 for n in seen.shape]
    bright = ndimage.gaussian_filter(seen, smooth)
    core = ndimage.gaussian_filter(
        (bright > BLENDING.core * bright.max()).astype(np.float32), smooth
    )
    share = float(np.mean(core**2))
    width = BLENDING.shell / max(share, 1e-3) ** (1 / sum(n > 1 for n in seen.shape))
    inner = _Region(core, _shells(seen.shape, width), share)
    outer = _Region(
        1 - core,
        _shells(seen.shape, BLENDING.shell, BLENDING.out_of_focus),
        float(np.mean((1 - core) ** 2)),
    )
    return inner, outer


class _Residual:
    """The residual of the beads relative to a model, and its certainty in each frequency shell."""

    def __init__(self, stack: Stack, seen: Floats32, regions: Sequence[_Region]) -> None:
        base, self.scale = _fitted(stack, seen)
        weights = stack.weights[stack.filled]
        share = weights.sum(axis=(1, 2, 3))
        beyond = np.where(weights > 0, stack.part_means[stack.filled] - base, 0)
        self.regions = regions
        self.spectra = [_Spectrum(beyond, share / share.sum(), one, stack) for one in regions]
        self.shape = seen.shape
        self.bright = np.abs(base)

    def gains(self, caution: float, *, out_of_focus: bool) -> list[Floats32]:
        """Return the signal fraction at each frequency; `caution` is in standard errors."""
        inner, outer = (one.gain(caution) for one in self.spectra)
        shells = [one.shell for one in self.regions]
        if not out_of_focus:
            outer[0] = 0
        return [np.asarray(gain[shell]) for gain, shell in zip((inner, outer), shells, strict=True)]

    def shrunk(self, gains: Sequence[Floats32]) -> Floats32:
        """The mean of the parts, each region's frequencies multiplied by its gains."""
        pairs = zip(self.spectra, gains, strict=True)
        spectrum = sum(one.mean * gain for one, gain in pairs)
        return np.asarray(fft.irfftn(spectrum, s=self.shape, workers=cores()))

    def missed(self, gain: Floats32) -> Missed:
        """Return what the parts have in common in the core and a gain leaves there."""
        passed = np.abs(fft.rfftn(self.bright, workers=cores()))
        passed = passed > BLENDING.faint * passed.max()
        energy, chance = self.spectra[0].left(gain, passed, self.shape)
        return Missed(self.regions[0].window, energy, chance)


class _Spectrum:
    """One region of the residual: its mean spectrum, and signal and total power by shell."""

    def __init__(self, beyond: Floats32, share: Floats32, region: _Region, stack: Stack) -> None:
        spectra = fft.rfftn(beyond * region.window, axes=(1, 2, 3), workers=cores())
        shell, self.share = region.shell, region.share
        count = np.maximum(np.bincount(shell.ravel()), 1)
        self.mean = np.tensordot(share, spectra, 1)
        self.power = np.abs(self.mean) ** 2
        self.total = _by_shell(self.power, shell) / count
        # Frequencies nearer to each other than the region allows are not independent.
        self.error = np.sqrt(2 / np.maximum(count * region.share, 1)) * self.total
        self.alike = 1 - float((share**2).sum()) if len(share) > 1 else 1.0
        if len(share) > 1:
            self.own = np.tensordot(share**2, np.abs(spectra) ** 2, 1)
        else:
            known = stack.weight > 0
            noise = float((region.window[known] ** 2 / stack.weight[known]).sum())
            self.own = np.full(shell.shape, noise)
        self.signal = (self.total - _by_shell(self.own, shell) / count) / self.alike

    def gain(self, caution: float) -> Floats32:
        """Signal over total power of each shell, on the cautious side."""
        sure = self.signal - caution * self.error
        return np.asarray(np.clip(sure / np.maximum(self.total, 1e-300), 0, 1), np.float32)

    def left(
        self, gain: Floats32, passed: NDArray[np.bool_], shape: Sequence[int]
    ) -> tuple[float, float]:
        """Return the energy of the signal that a gain of each frequency leaves, and its chance.

        Only frequencies that the microscope passes count.
        """
        # All but the first of the last axis stand for two.
        both = np.full(self.power.shape[-1], 2.0)
        both[0] = 1.0
        counted = np.where(passed, both * (1 - gain) ** 2, 0) / np.prod(shape)
        energy = float((counted * (self.power - self.own)).sum()) / self.alike
        # Noise of the parts' mean; that of each part is in the cross products by their number.
        chance = np.sqrt(float(((counted * self.own) ** 2).sum()) / max(self.share, 1e-3))
        return energy, float(chance) / self.alike


def _by_shell(power: NDArray[Any], shell: NDArray[np.int64]) -> Floats:
    sums = np.bincount(shell.ravel(), power.ravel(), minlength=int(shell.max()) + 1)
    return np.asarray(sums, float)


def _shells(shape: Sequence[int], width: float, out_of_focus: float = -1.0) -> NDArray[np.int64]:
    """Number the shells of like frequency along and across; 0 is the background, if any."""
    along = np.abs(fft.fftfreq(shape[0])) * shape[0]
    y, x = fft.fftfreq(shape[1]) * shape[1], fft.rfftfreq(shape[2]) * shape[2]
    across = np.hypot(y[:, np.newaxis], x * shape[1] / shape[2])
    first = np.rint(along / width).astype(np.int64)[:, None, None]
    second = np.rint(across / width).astype(np.int64)[None]
    number = 1 + first * (int(second.max()) + 1) + second
    low = np.broadcast_to(across[None] <= out_of_focus, number.shape)
    return np.where(low, 0, number)
