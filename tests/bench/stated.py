"""Whether the error that is stated is the true one, on fields of three models by others.

python tests/bench/stated.py [--models psfmodels cases pyotf] [--seed N] [--repeats N]

``psfmodels``: the scenes of the fidelity benchmark. ``cases``: those of ../shared/cases.
``pyotf``: fields with vignetting, dust, 0.1 waves of 60 modes, polarised detection, a polarised
laser, line jitter and coma that changes over the field. The three share no code. Nothing is told
but the diameter of the beads.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyotf_fields
import tifffile
from cases import BEAD_DIAMETER_UM, CASES, EVERY
from fidelity import DEFAULT_SCENES, MOST_MISSTATED, scene_of
from numpy.typing import NDArray
from scoring import GOOD, head, met, number, row, stated_error, verdict_of

import psfbridge as pb
from psfbridge.evaluation.psf_error import psf_error
from psfbridge.imaging.image import Image
from psfbridge.simulation.simulate import simulate

#: What is asked for: the median of true over stated error, and the share within a factor of 1.5.
MEDIAN, WITHIN = (0.8, 1.25), 0.9


@dataclass(frozen=True, eq=False)
class Field:
    """An image of beads with its true PSF."""

    image: Image
    truth: NDArray[Any]
    bead_diameter_um: float


@dataclass(frozen=True)
class Stated:
    """What a PSF's error is, what it is said to be, and the verdict."""

    model: str
    error: float
    stated: float
    verdict: str

    @property
    def ratio(self) -> float:
        """The true error over the one that is stated."""
        return self.error / self.stated


Made = Iterator[tuple[str, Callable[[], Field]]]


def by_psfmodels(seed: int) -> Made:
    """The scenes of the fidelity benchmark that psfmodels makes."""
    for k, name in enumerate(DEFAULT_SCENES):
        scene = scene_of(name, seed + k)
        if scene.psf == "psfmodels":
            yield name, lambda scene=scene: _simulated(scene)


def _simulated(scene: Any) -> Field:
    made = simulate(scene)
    return Field(made.image, made.psf_grid, scene.bead_diameter_um)


def from_cases(_: int) -> Made:
    """The cases beside the project."""
    for case in EVERY:
        if (CASES / f"{case.name}.tif").is_file():
            yield case.name, lambda case=case: _case(case.name, case.truth)


def _case(name: str, truth: str) -> Field:
    volume = np.asarray(tifffile.imread(CASES / f"{truth}.tif"), float)
    return Field(pb.read_image(CASES / f"{name}.tif"), volume, BEAD_DIAMETER_UM)


def by_pyotf(seed: int) -> Made:
    """Fields of pyotf, each with a fault of its own."""
    for k, kind in enumerate(pyotf_fields.KINDS):
        yield kind.name, lambda kind=kind, k=k: _drawn(kind, seed + k)


def _drawn(kind: pyotf_fields.Kind, seed: int) -> Field:
    made = pyotf_fields.drawn_field(kind, seed)
    return Field(made.image, made.truth, 0.0)


MODELS = {"psfmodels": by_psfmodels, "cases": from_cases, "pyotf": by_pyotf}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each field, then what was reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--names", nargs="+", default=[""], help="parts of fields' names")
    parser.add_argument("--seed", type=int, default=None, help="drawn if not given")
    parser.add_argument("--repeats", type=int, default=1)
    given = parser.parse_args(arguments)
    drawn = int(np.random.default_rng().integers(2**31))
    seed = drawn if given.seed is None else given.seed
    print(f"Seed {seed}.\n")
    print(head(("model", "field", "error", "stated", "true / stated", "verdict")), flush=True)
    found = []
    for repeat in range(given.repeats):
        for model in given.models:
            for name, made in MODELS[model](seed + 100 * repeat):
                if any(part in name for part in given.names):
                    found.append(replace(_printed(name, made()), model=model))
                    print(_row(name, found[-1]), flush=True)
    print(f"\n{summary(found)}")


def _printed(name: str, field: Field) -> Stated:
    result = pb.distill(field.image, bead_diameter_um=field.bead_diameter_um)
    stated = stated_error(result.psf)
    assert stated is not None, name
    return Stated("", psf_error(result.psf, field.truth), stated, verdict_of(result))


def _row(name: str, one: Stated) -> str:
    figures = [number(one.error), number(one.stated), number(one.ratio, 2)]
    return row([one.model, name, *figures, one.verdict])


def summary(found: Sequence[Stated]) -> str:
    """Say what was asked for and whether it was reached."""
    ratios = np.array([one.ratio for one in found])
    within = np.abs(np.log(ratios)) <= np.log(MOST_MISSTATED)
    too_kind = [one for one in found if one.verdict == "good" and one.error > GOOD]
    middle = float(np.median(ratios))
    lines = [
        f"True over stated error: median {middle:.2f} (goal {MEDIAN[0]} to {MEDIAN[1]}): "
        f"{met(MEDIAN[0] <= middle <= MEDIAN[1])}.",
        f"Within {MOST_MISSTATED}: {within.sum()} of {len(found)} (goal {WITHIN:.0%}): "
        f"{met(bool(within.mean() >= WITHIN))}.",
        f"Called good with an error above {GOOD}: {len(too_kind)} (goal 0): {met(not too_kind)}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
