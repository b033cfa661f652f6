"""Real stacks: what each method's PSF leaves of beads that it was not made from.

``python tests/bench/real.py [NAME...] [--methods auto average ...] [--splits 5] [--seed 0]``

Half of the usable beads, drawn at random, train every method; each of the others is fitted in
intensity, background and position with the PSF held fixed. Two figures are printed for each method
and split, medians over those beads, in the whole box around a bead:

- the residual: the share of a bead's energy that the PSF leaves, of which the noise is a part that
  all methods have in common,
- the whiteness of what is left: the variance of its means over 3 x 3 x 3 voxels, over that of
  voxels that do not know of each other. 1 is noise, more is structure that the PSF missed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from held_out import DATA, counted, trained
from numpy.typing import NDArray
from scipy import ndimage
from scoring import head, number, row

import psfbridge as pb
from psfbridge.detection.beads import USED
from psfbridge.detection.find import FoundBeads, find
from psfbridge.distillation.joint.bead_fit import background, light, variance
from psfbridge.distillation.joint.bead_state import BeadState
from psfbridge.distillation.joint.fixed_psf import fitted_beads
from psfbridge.imaging.image import Image
from psfbridge.options import DistillOptions
from psfbridge.psf.psf import PSF

Floats = NDArray[np.float64]

#: The first is held against the best of the others.
METHODS = ("auto", "joint", "average", "reverse-rl")
#: By how much the first may be beaten before it counts.
LEVEL = 0.01
#: Voxels of a mean along each axis, for the whiteness.
_BLOCK = 3
_ITERATIONS = 50


@dataclass(frozen=True)
class Field:
    """A real field of beads, or a part of one: name, file, and the part in y and x."""

    name: str
    file: str
    voxel_um: tuple[float, float, float]
    part: tuple[slice, slice] = (slice(None), slice(None))

    def image(self) -> Image:
        """Return the field."""
        whole = pb.read_image(DATA / self.file, voxel_um=self.voxel_um)
        data = np.ascontiguousarray(whole.data[:, *self.part])
        return Image(data, self.voxel_um, self.name)


FIELDS = (
    Field("sample_zstack", "sample_zstack.tif", (0.3, 0.108, 0.108)),
    Field("Bead_Image1_crop", "Bead_Image1_crop.tif", (0.125, 0.0225, 0.0225)),
    Field("astigmatism", "sample_zstack_astigmatism.tif", (0.1, 0.0635, 0.0635)),
    Field(
        "2020 lower left",
        "zstack_2020_full.tif",
        (0.125, 0.064, 0.064),
        (slice(1400, 2040), slice(100, 740)),
    ),
    Field(
        "2020 upper right",
        "zstack_2020_full.tif",
        (0.125, 0.064, 0.064),
        (slice(100, 740), slice(1700, 2340)),
    ),
)


@dataclass(frozen=True)
class Left:
    """What a PSF leaves of beads not used, and how white that is."""

    residual: float
    whiteness: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of the fields that are named, or of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts of fields' names")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), metavar="METHOD")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    print(head(("field", "split", "train + test", *given.methods, "auto against the best")))
    lost = [
        beaten
        for field in FIELDS
        if not given.names or any(name in field.name for name in given.names)
        for beaten in _printed(field, given.methods, given.splits, given.seed)
    ]
    print(f"\n{given.methods[0]} is beaten by more than {LEVEL:.0%} in {sum(lost)} of {len(lost)}.")


def _printed(field: Field, methods: Sequence[str], splits: int, seed: int) -> Iterator[bool]:
    """Print the rows of one field; yield for each whether the first method is beaten."""
    if not (DATA / field.file).is_file():
        print(f"{field.file} is not beside the project")
        return
    found = find(field.image(), DistillOptions())
    places = found.beads.with_status(USED).positions
    random = np.random.default_rng(seed)
    for split in range(splits):
        order = random.permutation(len(places))
        train, test = np.split(order, [(len(places) + 1) // 2])
        left = {one: _left_by(one, found, places[train], places[test]) for one in methods}
        first, *others = (one.residual for one in left.values())
        ratio = first / min(others) if others else np.nan
        figures = [f"{number(o.residual, 4)} ({number(o.whiteness, 1)})" for o in left.values()]
        cells = (field.name, str(split), f"{len(train)} + {len(test)}", *figures, number(ratio))
        print(row(cells), flush=True)
        yield bool(not ratio <= 1 + LEVEL)


def _left_by(method: str, found: FoundBeads, train: Floats, test: Floats) -> Left:
    options: dict[str, Any] = {"method": method}
    if method == "reverse-rl":
        options |= {"engine": "cpu", "iterations": _ITERATIONS}
    psf = trained(found, train, options)
    return Left(np.nan, np.nan) if psf is None else left_of(found, test, psf)


def left_of(found: FoundBeads, test: Floats, psf: PSF) -> Left:
    """Return what a PSF leaves of the beads at some places, in the whole box around each."""
    table = found.beads.positions
    mine = [
        _left(one, psf, counted(one, found, one.seen.counts.shape))
        for one in fitted_beads(found, psf)
        if np.abs(test - table[one.seen.bead]).max(axis=1).min() < 1e-6
    ]
    residual, whiteness = np.median([(one.residual, one.whiteness) for one in mine], axis=0)
    return Left(float(residual), float(whiteness))


def _left(one: BeadState, psf: PSF, which: NDArray[np.bool_]) -> Left:
    own = light(one, psf.data)
    data = one.seen.counts - one.others - background(one)
    left = np.where(which, data - own, 0)
    share = float((left[which] ** 2).sum(dtype=float) / (data[which] ** 2).sum(dtype=float))
    scaled = left / np.sqrt(variance(one, own, forgiving=False))
    block = [min(_BLOCK, n) for n in left.shape]
    full = ndimage.uniform_filter(which.astype(float), block) > 1 - 1e-6
    means = ndimage.uniform_filter(scaled, block)[full]
    apart = float((scaled[which] ** 2).mean()) / np.prod(block)
    return Left(share, float((means**2).mean()) / apart)


if __name__ == "__main__":
    main()
