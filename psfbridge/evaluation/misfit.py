"""How much of the beads a PSF leaves unexplained beyond noise, and how it differs from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from psfbridge.evaluation.settings import MISFIT
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
    """What a PSF leaves of beads beyond noise.

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
    """Name the largest differences: fitted widths and floor, then what is odd of the rest.

    What two halves of the beads share counts: noise of their means is odd and even alike.
    """
    rest = mean.light - mean.model
    first, second = mean.rests or (rest, rest)
    whole = float((first * second).sum())
    if whole < MISFIT.least_share * float((mean.model**2).sum()):
        return []
    names, shapes = _templates(mean.model)
    design = np.column_stack([shape.ravel() for shape in shapes])
    halves = np.column_stack([first.ravel(), second.ravel()])
    weights = np.linalg.lstsq(design, halves, rcond=None)[0]
    shares = {
        name[0] if pair.sum() > 0 else name[1]: pair.prod() * float((shape**2).sum()) / whole
        for name, shape, pair in zip(names, shapes, weights, strict=True)
    }
    left = (halves - design @ weights).T.reshape(2, *rest.shape)
    shares |= {
        f"the PSF's {name} is not the beads'": energy / whole
        for name, energy in _odd_energies(left[0], left[1]).items()
    }
    found = sorted(shares.items(), key=lambda pair: -pair[1])
    return [name for name, share in found if share > MISFIT.named]


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
    names.append(("the PSF has too low a floor", "the PSF has too high a floor"))
    shapes.append(np.ones_like(model))
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
