"""The error of a PSF beyond noise, and the ways in which it differs from the beads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from psfbridge.evaluation.settings import MISFIT
from psfbridge.numerics.background_plane import plane_columns
from psfbridge.numerics.robust import robust_sd

__all__ = ["MeanBead", "Misfit", "measure_misfit"]

Floats = NDArray[np.float64]

# The median of n normal values scatters so many times as much as their mean.
_MEDIAN_OVER_MEAN = 1.2533


@dataclass(frozen=True, eq=False)
class MeanBead:
    """Mean over beads of light and model, each over the bead's intensity; axes (z, y, x).

    `rests` is what the model leaves of the mean of every other bead, and of that of the rest.
    """

    light: Floats
    model: Floats
    rests: tuple[Floats, Floats] | None = None

    @classmethod
    def of(cls, pairs: Iterable[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> MeanBead:
        """Return the means of pairs of light and model that have one shape."""
        every = iter(pairs)
        light, model = (np.asarray(one, float) for one in next(every))
        sums, counts = [light - model, np.zeros_like(light)], [1, 0]
        for number, (seen, own) in enumerate(every, 1):
            light, model = light + seen, model + own
            sums[number % 2] += seen.astype(float) - own
            counts[number % 2] += 1
        total = sum(counts)
        rests = (sums[0] / counts[0], sums[1] / counts[1]) if total > 1 else None
        return cls(light / total, model / total, rests)


@dataclass(frozen=True)
class Misfit:
    """The error of a PSF beyond noise.

    Parameters
    ----------
    error, error_se : float
        Relative error of the PSF: root of the energy left beyond noise over the energy, the
        median over the beads' cores and what the mean bead has out of its core, and its standard
        error.
    kinds : tuple of str
        How the PSF differs from the beads, the largest share first.
    """

    error: float
    error_se: float
    kinds: tuple[str, ...]


def measure_misfit(residual: Floats, noise: Floats, mean: MeanBead) -> Misfit:
    """Measure what is left beyond noise, and name it.

    In a bead's core its own residual counts. Farther out single beads have the light of others;
    there only what all beads share counts, in the mean bead: plates, a floor, a wrong halo.

    Parameters
    ----------
    residual, noise : array
        Of each bead's core: the share of its energy that is left, and the share that noise leaves.
    mean : MeanBead
        Light and model of the mean bead.
    """
    excess = residual - noise
    middle = float(np.median(excess)) + _far_energy(mean)
    error = float(np.sqrt(max(middle, 0.0)))
    spread = _MEDIAN_OVER_MEAN * float(robust_sd(excess)) / np.sqrt(len(excess))
    se = float(spread / (2 * error) if error else np.sqrt(spread))
    return Misfit(error, se, tuple(_kinds(mean)))


def _far_energy(mean: MeanBead) -> float:
    """Return the energy out of the core by which the mean bead differs, as a share of all."""
    far = mean.model <= MISFIT.core * mean.model.max()
    # The noise of one half of the beads is not that of the other: it falls out of their product.
    rest = mean.light - mean.model
    first, second = mean.rests or (rest, rest)
    return float((first[far] * second[far]).sum() / (mean.model**2).sum())


def _kinds(mean: MeanBead) -> list[str]:
    """Name the largest differences: widths and floor one after another, then what is odd.

    What two halves of the beads share counts: noise of their means is odd and even alike. What
    another intensity or background would explain is none: each bead's are fitted.
    """
    rest = mean.light - mean.model
    halves = np.column_stack([one.ravel() for one in mean.rests or (rest, rest)])
    if _shared(halves) < MISFIT.least_share * float((mean.model**2).sum()):
        return []
    free = np.linalg.qr(np.vstack([mean.model.ravel(), plane_columns(rest.shape)]).T)[0]
    halves = halves - free @ (free.T @ halves)
    whole = _shared(halves)
    shares, left = _even_shares(mean.model, free, halves)
    shares |= {
        f"the {name} of the PSF differs from that of the beads": energy
        for name, energy in _odd_energies(*left.T.reshape(2, *rest.shape)).items()
    }
    found = sorted(shares.items(), key=lambda pair: -pair[1])
    return [name for name, energy in found if energy > MISFIT.named * whole]


def _shared(halves: Floats) -> float:
    """Return the energy that two halves of the beads share; the noise of each falls out."""
    return float(halves.prod(axis=1).sum())


def _unit(column: Floats) -> Floats:
    return column / max(float(np.linalg.norm(column)), 1e-30)


def _even_shares(model: Floats, used: Floats, halves: Floats) -> tuple[dict[str, float], Floats]:
    """Return the energy that each width and the floor explain, the best first, and the rest.

    One after another, because they are alike: a floor takes light from the peak, as a blur does.
    `used` are unit columns, at right angles, of what was taken away already.
    """
    waiting = [(names, shape.ravel()) for names, shape in zip(*_templates(model), strict=True)]
    shares: dict[str, float] = {}
    while waiting:
        tried = []
        for names, shape in waiting:
            own = _unit(shape - used @ (used.T @ shape))
            tried.append((float((own @ halves).prod()), own, names))
        energy, own, (more, less) = max(tried, key=lambda one: one[0])
        shares[more if (own @ halves).sum() > 0 else less] = energy
        halves = halves - np.outer(own, own @ halves)
        used = np.column_stack([used, own])
        waiting = [one for one in waiting if one[0] != (more, less)]
    return shares, halves


def _templates(model: Floats) -> tuple[list[tuple[str, str]], list[Floats]]:
    """Return what the light changes by with each width, and with a floor; and their names.

    The first name of each is for a positive weight: the beads have more of it than the PSF.
    """
    names, shapes = [], []
    # Laterally y and x go together: one of them alone would be astigmatism.
    for words, axes in (("along z", (0,)), ("laterally", (1, 2))):
        used = [axis for axis in axes if model.shape[axis] > 1]
        if not used:
            continue
        # The derivative by the logarithm of a width, at constant light.
        shape = -np.sum([_stretched(model, axis) for axis in used], axis=0)
        names.append((f"the PSF is too narrow {words}", f"the PSF is too wide {words}"))
        shapes.append(shape)
    names.append(("the background of the PSF is too low", "the background of the PSF is too high"))
    # A floor is seen by its edge: the outermost planes of a PSF are zero, and what lies under all
    # of the box is taken for background.
    floor = np.zeros_like(model)
    floor[tuple(slice(1, -1) if n > 1 else slice(None) for n in model.shape)] = 1
    shapes.append(floor)
    return names, shapes


def _stretched(model: Floats, axis: int) -> Floats:
    peak = np.unravel_index(int(np.argmax(model)), model.shape)[axis]
    offsets = np.arange(model.shape[axis]) - float(peak)
    form = [-1 if a == axis else 1 for a in range(model.ndim)]
    return np.asarray(model + offsets.reshape(form) * np.gradient(model, axis=axis))


def _odd_energies(first: Floats, second: Floats) -> dict[str, float]:
    """Return the energies that two halves share of what aberrations turn round under a symmetry.

    Coma changes its sign under reflection of y and x. Spherical aberration and astigmatism change
    it under reflection of z; a quarter turn about z keeps the first and turns the second round.
    """
    pairs = zip(_odd_parts(first).items(), _odd_parts(second).values(), strict=True)
    return {name: float((one * other).sum()) for (name, one), other in pairs}


def _odd_parts(rest: Floats) -> dict[str, Floats]:
    lateral = (rest - np.flip(rest, (1, 2))) / 2
    axial = (rest - lateral - np.flip(rest - lateral, 0)) / 2
    if rest.shape[1] != rest.shape[2]:
        return {"coma": lateral, "spherical aberration": axial}
    turned = np.rot90(axial, axes=(1, 2))
    return {
        "coma": lateral,
        "spherical aberration": (axial + turned) / 2,
        "astigmatism": (axial - turned) / 2,
    }
