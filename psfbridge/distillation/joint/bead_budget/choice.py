"""The choice of the most informative beads and their neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from psfbridge.detection.beads import USED, Bead
from psfbridge.detection.find import FoundBeads
from psfbridge.distillation.joint.bead_budget.settings import CHOICE
from psfbridge.distillation.joint.bead_state import is_modelled

__all__ = ["Observed", "choose_beads"]

#: Beads that a solve looks at: the numbers of image and candidate; None for all of them.
Observed = frozenset[tuple[int, int]] | None


def choose_beads(
    found: Sequence[FoundBeads], box: Sequence[int], count: int, most_voxels: float
) -> Observed:
    """Choose usable beads in order of information, with the candidates that overlap them.

    A bead tells by the square of its signal over noise, and costs its own box and those of the
    candidates whose light must be subtracted from it.

    Parameters
    ----------
    found : sequence of FoundBeads
        The beads of each image.
    box : sequence of int
        Shape of the boxes in voxels.
    count : int
        How many usable beads are enough.
    most_voxels : float
        How many voxels all boxes may hold together; one bead is taken in any case.

    Returns
    -------
    frozenset or None
        None if the solve can look at all candidates.
    """
    modelled = sum(is_modelled(bead) for one in found for bead in one.beads)
    usable = sum(len(one.beads.with_status(USED)) for one in found)
    most = max(int(most_voxels // prod(box)), 1)
    if usable <= count and modelled <= most:
        return None
    groups = [group for number, one in enumerate(found) for group in _groups(number, one, box)]
    chosen: set[tuple[int, int]] = set()
    taken = 0
    for group in sorted(groups, key=lambda one: one.turn):
        if taken >= count:
            break
        if len(chosen | group.members) <= most:
            chosen |= group.members
            taken += 1
    return frozenset(chosen or {min(groups, key=lambda one: one.turn).bead})


@dataclass(frozen=True)
class _Group:
    """A usable bead with what is in its way, and when its turn comes: the least first."""

    bead: tuple[int, int]
    members: frozenset[tuple[int, int]]
    turn: tuple[int, float]


def _groups(number: int, found: FoundBeads, box: Sequence[int]) -> list[_Group]:
    modelled = [k for k, bead in enumerate(found.beads) if is_modelled(bead)]
    beads = [found.beads[k] for k in modelled]
    usable = [k for k, bead in enumerate(beads) if bead.status == USED]
    if not usable:
        return []
    near = _in_the_way(beads, usable, box, np.maximum(found.scale.fwhm, 1))
    merit = np.array(
        [beads[k].snr ** 2 / (1 + len(way)) for k, way in zip(usable, near, strict=True)]
    )
    turns = _turns(np.array([(beads[k].y, beads[k].x) for k in usable]), merit, found)
    return [
        _Group(
            (number, modelled[k]),
            frozenset((number, modelled[j]) for j in (k, *way)),
            (int(turn), -float(worth)),
        )
        for k, way, turn, worth in zip(usable, near, turns, merit, strict=True)
    ]


def _in_the_way(
    beads: Sequence[Bead], usable: Sequence[int], box: Sequence[int], widths: NDArray[np.float64]
) -> list[list[int]]:
    """For each usable bead the others whose boxes overlap with its own, and that are not faint."""
    spots = np.array([(bead.z, bead.y, bead.x) for bead in beads])
    lights = np.array([bead.intensity for bead in beads])
    tree = cKDTree(spots / box)
    ways = []
    for k in usable:
        near = np.array([j for j in tree.query_ball_point(spots[k] / box, 1, p=np.inf) if j != k])
        near = near.astype(int)
        apart = (((spots[near] - spots[k]) / widths) ** 2).sum(axis=1)
        faint = lights[near] < CHOICE.least_share * lights[k] * np.maximum(apart, 1)
        ways.append([int(j) for j in near[~faint]])
    return ways


def _turns(
    places: NDArray[np.float64], merit: NDArray[np.float64], found: FoundBeads
) -> NDArray[np.int64]:
    """Return the number of preceding beads in the same part of the image, for each bead."""
    shape = np.array(found.image.data.shape[1:])
    fields = np.clip(places // (shape / CHOICE.fields), 0, CHOICE.fields - 1) @ (CHOICE.fields, 1)
    turns = np.zeros(len(merit), np.int64)
    for field in np.unique(fields):
        mine = np.nonzero(fields == field)[0]
        turns[mine[np.argsort(-merit[mine], kind="stable")]] = np.arange(len(mine))
    return turns
