"""One iteration of the joint fit: beads, neighbours, stack, pupil and blending."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from psfbridge.detection.find import FoundBeads
from psfbridge.distillation.joint.bead_fit import refit_beads
from psfbridge.distillation.joint.bead_state import BeadState, Floats, Floats32
from psfbridge.distillation.joint.blending import Blend, BlendChoice, Missed, blend_with_data
from psfbridge.distillation.joint.doublets import Widening
from psfbridge.distillation.joint.neighbours import far_light, with_far_light, with_neighbours
from psfbridge.distillation.joint.pupil_fit import PupilFit
from psfbridge.distillation.joint.settings import ROUND
from psfbridge.distillation.joint.stack import Stack, stack_and_measure, stack_beads
from psfbridge.errors import NoBeadsError
from psfbridge.numerics.cutouts import central
from psfbridge.numerics.fourier import apply_per_axis, shift_matrices
from psfbridge.optics.bead_sphere import sphere_transfer

__all__ = [
    "FittedBeads",
    "JointProblem",
    "Round",
    "Start",
    "change",
    "fit_and_stack",
    "misfit_limit",
    "next_round",
    "objective",
]


@dataclass(frozen=True, eq=False)
class JointProblem:
    """The constants of a joint fit.

    Parameters
    ----------
    found : sequence of FoundBeads
        The beads of each image.
    shape : tuple of int
        Size of the PSF in voxels.
    bead_diameter_um : float
        Diameter of the beads.
    factor : tuple of int
        Into how many samples the PSF divides a voxel, along z, y and x.
    near : bool
        Whether boxes hold only the surroundings of each bead's core.
    observed : frozenset of pairs of int, optional
        The numbers of image and candidate of those that the solve looks at; by default all.
    """

    found: Sequence[FoundBeads]
    shape: tuple[int, int, int]
    bead_diameter_um: float
    factor: tuple[int, int, int] = (1, 1, 1)
    near: bool = False
    observed: frozenset[tuple[int, int]] | None = None

    @property
    def voxel_um(self) -> tuple[float, float, float]:
        """Voxel size of the image in z, y and x, in µm."""
        return self.found[0].image.voxel_um

    @property
    def sample_um(self) -> tuple[float, float, float]:
        """Distance of the PSF's samples in z, y and x, in µm."""
        z, y, x = (size / n for size, n in zip(self.voxel_um, self.factor, strict=True))
        return z, y, x

    @cached_property
    def psf_shape(self) -> tuple[int, int, int]:
        """Shape of the PSF's samples."""
        z, y, x = (
            n if times == 1 else _quick_odd(times * (n - 1) + 1)
            for n, times in zip(self.box, self.factor, strict=True)
        )
        return z, y, x

    def on_voxels(self, volume: NDArray[Any]) -> Floats:
        """Return the samples of a PSF at the voxels of the result, its peak at ``n // 2``."""
        rows = [
            fine // 2 + times * (np.arange(n) - n // 2)
            for n, fine, times in zip(self.shape, self.psf_shape, self.factor, strict=True)
        ]
        return np.asarray(volume[np.ix_(*rows)], float)

    @cached_property
    def box(self) -> list[int]:
        """Shape of the boxes around beads: the PSF's and a margin, quick to transform."""
        sizes = self.core if self.near else self.shape
        return [n if n == 1 else _quick_odd(n + 2 * ROUND.margin) for n in sizes]

    @cached_property
    def widths(self) -> Floats:
        """Width of a bead in voxels, one at least."""
        widths = np.median([one.scale.fwhm for one in self.found], axis=0)
        return np.asarray(np.maximum(widths, 1))

    @cached_property
    def core(self) -> list[int]:
        """Size of the part of a box used for position and intensity."""
        sizes = zip(self.shape, self.widths, ROUND.core_widths, strict=True)
        return [min(n, 2 * int(np.ceil(width * share)) + 1) for n, width, share in sizes]

    @cached_property
    def transfer(self) -> Floats32:
        """Transfer function of the bead."""
        transfer = sphere_transfer(self.psf_shape, self.sample_um, self.bead_diameter_um)
        return np.asarray(transfer, np.float32)

    def gaussian(self) -> Floats32:
        """Return a Gaussian of a bead's width, the first guess; on voxels its sum is 1."""
        sigma = np.median([one.scale.sigma for one in self.found], axis=0)
        axes = [
            np.exp(-0.5 * ((np.arange(n) - n // 2) / (times * max(s, 0.5))) ** 2)
            for n, s, times in zip(self.psf_shape, sigma, self.factor, strict=True)
        ]
        volume = axes[0][:, None, None] * axes[1][None, :, None] * axes[2][None, None, :]
        return np.asarray(volume / volume.sum() * np.prod(self.factor), np.float32)


def _quick_odd(length: int) -> int:
    """The next odd length whose Fourier transform is quick."""
    length += 1 - length % 2
    while fft.next_fast_len(length) != length:
        length += 2
    return length


@dataclass(frozen=True, eq=False)
class Start:
    """The starting point of an iteration.

    Parameters
    ----------
    states : sequence of BeadState
        The beads.
    psf : array of float32
        What is seen of a bead of intensity 1; the array has axes (z, y, x).
    pupil : PupilFit, optional
        The pupil, which also tells what is seen of it around its box; at first there is none.
    unit : float
        The pupil's light of a bead of intensity 1.
    """

    states: Sequence[BeadState]
    psf: Floats32
    pupil: PupilFit | None = None
    unit: float = 1.0

    def with_far_light(self, problem: JointProblem, states: Sequence[BeadState]) -> list[BeadState]:
        """Return beads with what the pupil shows of others whose boxes do not reach them."""
        if problem.near or self.pupil is None or len(states) == 1:
            return list(states)
        far = far_light(self.pupil, problem.box, problem.voxel_um) / np.float32(self.unit)
        return with_far_light(states, far, [one.image.data.shape for one in problem.found])


@dataclass(frozen=True, eq=False)
class Round:
    """The state after one round.

    Parameters
    ----------
    states : list of BeadState
        All beads, fitted to the PSF of the round before.
    contributing : list of int
        Which of them took part in the PSF.
    stack : Stack
        Their weighted sums.
    pupil : PupilFit
        The pupil that explains them.
    blend : Blend
        The PSF of pupil and data.
    psf : array of float32
        What is seen of a bead of intensity 1; the array has axes (z, y, x).
    unit : float
        The pupil's light of such a bead.
    objective : float
        Median χ² per degree of freedom of the beads.
    """

    states: list[BeadState]
    contributing: list[int]
    stack: Stack
    pupil: PupilFit
    blend: Blend
    psf: Floats32
    unit: float
    objective: float

    @property
    def start(self) -> Start:
        """Starting point of the next iteration."""
        return Start(self.states, self.psf, self.pupil, self.unit)

    def without_beads(self) -> Round:
        """Return the round without what it holds of each bead and voxel, but the PSF."""
        none = np.zeros((0, 0, 0), np.float32)
        return replace(
            self,
            states=[],
            stack=Stack(none[np.newaxis], none[np.newaxis]),
            blend=Blend(none, none, self.blend.choice, (), Missed.nothing(none.shape), none > 0),
        )


def next_round(
    problem: JointProblem,
    start: Start,
    explained: Callable[[Stack], PupilFit],
    choice: BlendChoice | None = None,
    core: NDArray[np.bool_] | None = None,
) -> Round:
    """Fit the beads to a PSF, and find the next PSF.

    Parameters
    ----------
    problem : JointProblem
        What stays the same.
    start : Start
        The beads, and the present PSF, bead included.
    explained : callable
        Gives the pupil that explains a stack.
    choice : BlendChoice, optional
        How far the data pull; by default beads that are not used choose.
    core : array of bool, optional
        Where they judge, see `psfbridge.distillation.joint.blending.blend_with_data`.

    Raises
    ------
    NoBeadsError
        If no bead can take part.
    """
    fitted = fit_and_stack(problem, start)
    pupil = explained(fitted.stack)
    model, sharp = pupil.volumes(problem.psf_shape)
    blend = blend_with_data(
        fitted.stack,
        (model, sharp),
        problem.transfer,
        choice,
        out_of_focus=not fitted.crowded,
        core=core,
    )
    blend = _centred(blend, pupil, problem)
    unit = float(model.sum() / np.prod(problem.factor))
    seen = np.asarray(blend.seen / unit, np.float32)
    return Round(
        fitted.in_unit(unit),
        fitted.contributing,
        fitted.stack,
        pupil,
        blend,
        seen,
        unit,
        objective(fitted.states, fitted.contributing),
    )


@dataclass(frozen=True, eq=False)
class FittedBeads:
    """Beads fitted to a PSF, and the stack of those that fit it.

    Parameters
    ----------
    states : list of BeadState
        All beads.
    contributing : list of int
        Which of them took part in the stack.
    stack : Stack
        Their weighted sums.
    crowded : bool
        Whether the light around beads is more that of the others than their own.
    """

    states: list[BeadState]
    contributing: list[int]
    stack: Stack
    crowded: bool

    def in_unit(self, unit: float) -> list[BeadState]:
        """Return the beads for a PSF that was divided by `unit`."""
        return [
            one.with_fit(replace(one.fit, intensity=one.fit.intensity * unit))
            for one in self.states
        ]


def fit_and_stack(problem: JointProblem, start: Start) -> FittedBeads:
    """Fit the beads to a PSF, subtract them from each other, and stack those that fit.

    Parameters
    ----------
    problem : JointProblem
        What stays the same.
    start : Start
        The beads, and the present PSF, bead included.

    Raises
    ------
    NoBeadsError
        If no bead can take part.
    """
    shapes = [one.image.data.shape for one in problem.found]
    fitted, lights = refit_beads(start.states, start.psf, problem.core)
    fitted = with_neighbours(fitted, lights, shapes)
    contributing = _fitting(fitted, problem.core)
    if not contributing:
        names = ", ".join(one.image.name for one in problem.found)
        raise NoBeadsError(
            f"no usable bead in {names}: none of {len(fitted)} fits a common PSF. Check the voxel "
            "size, or use brighter or sparser beads."
        )
    # What is far is smooth: it passes for no bead, nor for out-of-focus background.
    crowded = _crowding([fitted[k] for k in contributing]) >= ROUND.crowded
    fitted = start.with_far_light(problem, fitted)
    contributing, stack = _stacked(problem, fitted, start.psf, lights, contributing)
    return FittedBeads(fitted, contributing, stack, crowded)


def _stacked(
    problem: JointProblem,
    states: Sequence[BeadState],
    psf: Floats32,
    lights: Sequence[Floats32],
    able: Sequence[int],
) -> tuple[list[int], Stack]:
    """Stack the beads that are able, but those that turn out to be of another width."""
    core = [times * (n - 1) + 1 for n, times in zip(problem.core, problem.factor, strict=True)]
    widening = Widening(psf, core, problem.widths * problem.factor)
    mine, own = [states[k] for k in able], [lights[k] for k in able]
    stack, spreads = stack_and_measure(mine, psf, own, widening.spread)
    odd = widening.odd(spreads)
    contributing = [k for k, wide in zip(able, odd, strict=True) if not wide]
    if odd.any():
        stack = stack_beads(
            [states[k] for k in contributing], psf, [lights[k] for k in contributing]
        )
    return contributing, stack


def objective(states: Sequence[BeadState], contributing: Sequence[int]) -> float:
    """Return the median χ² per degree of freedom of the beads that take part."""
    return float(np.median([states[k].fit.chi2 for k in contributing]))


def change(rounds: Sequence[Round]) -> float:
    """Return how much the last round changed the PSF, relative to it; its scale does not count."""
    before, now = rounds[-2].psf.astype(float), rounds[-1].psf.astype(float)
    scale = float((now * before).sum() / (before * before).sum())
    return float(np.linalg.norm(now - scale * before) / np.linalg.norm(now))


def _crowding(states: Sequence[BeadState]) -> float:
    """The light of all neighbours in a bead's box, over its own; the median of the beads."""
    return float(np.median([one.others.sum() / one.fit.intensity for one in states]))


def _centred(blend: Blend, pupil: PupilFit, problem: JointProblem) -> Blend:
    """Move the light of the pupil to the centre."""
    shift = -pupil.centre_um / np.array(problem.sample_um)
    matrices = shift_matrices(problem.psf_shape, shift)
    seen, volume = (np.asarray(apply_per_axis(v, matrices)) for v in (blend.seen, blend.volume))
    return replace(blend, seen=seen, volume=volume)


def _outshone(state: BeadState, core: Sequence[int]) -> bool:
    """Whether a bead's core is so full of others' light that it may be no bead at all."""
    inner = central(state.others.shape, core)
    return bool(state.others[inner].sum() > ROUND.outshone * state.fit.intensity)


def _fitting(states: Sequence[BeadState], core: Sequence[int]) -> list[int]:
    """The beads that can be seen, and fit about as well as the median."""
    misfit = np.array([one.fit.misfit for one in states], float)
    noise = np.array([one.fit.intensity_error / one.fit.intensity for one in states], float)
    able = np.array([one.contributes for one in states], bool) & np.isfinite(misfit)
    seen = able & (noise < 1 / ROUND.least_snr)
    able = seen if seen.any() else able
    own = able & ~np.array([_outshone(one, core) for one in states], bool)
    able = own if own.any() else able
    if able.sum() < 3:
        return [int(k) for k in np.nonzero(able)[0]]
    limit = misfit_limit(float(np.median(misfit[able])), noise)
    return [int(k) for k in np.nonzero(able & (misfit <= limit))[0]]


def misfit_limit(typical: float, noise: Any) -> Any:
    """Return the misfit above which a bead is unlike those of a `typical` misfit.

    `noise` is the relative error of the bead's intensity.
    """
    return ROUND.misfit_limit * typical + ROUND.misfit_noise * noise + ROUND.misfit_floor
