"""The light of all other beads in the box of a bead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from psfbridge.distillation.joint.bead_state import BeadState, Floats32
from psfbridge.distillation.joint.pupil_fit import PupilFit
from psfbridge.distillation.joint.settings import NEIGHBOURS
from psfbridge.numerics.cutouts import central

__all__ = ["far_light", "with_far_light", "with_neighbours"]


def far_light(
    pupil: PupilFit, box: Sequence[int], voxel_um: tuple[float, float, float]
) -> Floats32:
    """Return the light of a bead outside its box as predicted by a pupil.

    A widefield microscope brings as much light of a bead to every plane as to its focus: half of
    it lies beyond any box, and is background in the boxes of the others.

    Parameters
    ----------
    pupil : PupilFit
        The pupil; what it shows is in its own units.
    box : sequence of int
        Shape of the box in voxels, odd in every axis.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    """
    centred = pupil.centred()
    # Far out neither polarisation nor the bead's size is seen.
    model = replace(centred.model, voxel_um=voxel_um, vectorial=False, bead_diameter_um=0.0)
    coarse = replace(centred, model=model)
    shape = [NEIGHBOURS.reach * n - 1 for n in box]
    while (
        shape[0] > box[0]
        and coarse.samples(shape, NEIGHBOURS.most_samples + 1) > NEIGHBOURS.most_samples
    ):
        shape[0] -= 2
    seen = coarse.seen(shape, NEIGHBOURS.most_samples)
    seen[central(shape, box)] = 0
    return seen


def with_neighbours(
    states: Sequence[BeadState],
    lights: Sequence[Floats32],
    image_shapes: Sequence[Sequence[int]],
) -> list[BeadState]:
    """Return the beads with the light of all others in each one's box, as the model has it.

    Parameters
    ----------
    states : sequence of BeadState
        The beads of all images.
    lights : sequence of array
        The light of each in its box; what lies around that is not known.
    image_shapes : sequence of tuples
        The shape of each image.
    """
    result = list(states)
    corners = [one.seen.corner for one in states]
    for scene in _scenes(states, corners, lights[0].shape, image_shapes):
        light = scene.filled((corners[k], lights[k]) for k in scene.shining)
        for k in scene.seen:
            inside, part = scene.overlap(corners[k], lights[k].shape)
            others = np.zeros_like(lights[k])
            others[part] = light[inside] - lights[k][part]
            result[k] = replace(states[k], others=others)
    return result


def with_far_light(
    states: Sequence[BeadState], far: Floats32, image_shapes: Sequence[Sequence[int]]
) -> list[BeadState]:
    """Return the beads with what reaches their boxes from others whose boxes do not.

    Parameters
    ----------
    states : sequence of BeadState
        The beads of all images.
    far : array
        What is seen of a bead of intensity 1 around its box, see `far_light`.
    image_shapes : sequence of tuples
        The shape of each image.
    """
    result = list(states)
    wider = [(n - own) // 2 for n, own in zip(far.shape, states[0].others.shape, strict=True)]
    # So far out it is too smooth for fractions of a voxel.
    corners = [one.seen.corner - wider for one in states]
    for scene in _scenes(states, corners, far.shape, image_shapes):
        light = scene.filled(
            (corners[k], np.float32(states[k].fit.intensity) * far) for k in scene.shining
        )
        for k in scene.seen:
            others = states[k].others.copy()
            inside, part = scene.overlap(states[k].seen.corner, others.shape)
            others[part] += light[inside]
            result[k] = replace(states[k], others=others)
    return result


@dataclass(frozen=True, eq=False)
class _Scene:
    """A part of an image around beads that lie near each other.

    Parameters
    ----------
    seen : list of int
        The beads whose boxes it holds.
    shining : list of int
        The beads whose light may reach it.
    low, high : array of int
        Where it lies in the image.
    """

    seen: list[int]
    shining: list[int]
    low: NDArray[np.int64]
    high: NDArray[np.int64]

    def filled(self, lights: Iterable[tuple[NDArray[np.int64], Floats32]]) -> Floats32:
        """Return the sum of lights, each given with its corner in the image."""
        scene = np.zeros(tuple(self.high - self.low), np.float32)
        for corner, light in lights:
            inside, part = self.overlap(corner, light.shape)
            scene[inside] += light[part]
        return scene

    def overlap(
        self, corner: NDArray[np.int64], box: Sequence[int]
    ) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        """Return the part of the scene that a box covers, and the part of the box in the scene."""
        low = np.clip(corner, self.low, self.high)
        high = np.clip(corner + box, low, self.high)
        inside = _slices(low - self.low, high - self.low)
        return inside, _slices(low - corner, high - corner)


def _slices(low: NDArray[np.int64], high: NDArray[np.int64]) -> tuple[slice, ...]:
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def _scenes(
    states: Sequence[BeadState],
    corners: Sequence[NDArray[np.int64]],
    reach: Sequence[int],
    image_shapes: Sequence[Sequence[int]],
) -> Iterator[_Scene]:
    """Beads by image and tile of it: the memory is that of a tile, however large the image."""
    box = np.array(states[0].seen.counts.shape)
    own = np.array([one.seen.corner for one in states])
    first, last = np.array(corners), np.array(corners) + reach
    images = np.array([one.seen.image for one in states])
    tiles = np.column_stack([images, (own + box // 2) // np.maximum(box, NEIGHBOURS.tile_voxels)])
    for tile in np.unique(tiles, axis=0):
        seen = np.nonzero((tiles == tile).all(axis=1))[0]
        shape = np.array(image_shapes[tile[0]])
        low = np.clip(own[seen].min(axis=0), 0, shape)
        high = np.clip((own[seen] + box).max(axis=0), low, shape)
        near = (images == tile[0]) & (first < high).all(axis=1) & (last > low).all(axis=1)
        yield _Scene([int(k) for k in seen], [int(k) for k in np.nonzero(near)[0]], low, high)
