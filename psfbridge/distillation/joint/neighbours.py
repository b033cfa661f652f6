"""The light of all other beads in a bead's box, from near and from far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from psfbridge.distillation.joint.bead_state import BeadState, Floats32
from psfbridge.distillation.joint.pupil_fit import PupilFit
from psfbridge.numerics.cutouts import central

__all__ = ["far_light", "with_far_light", "with_neighbours"]

# How far a bead is seen, in sizes of its box: farther out its light is hardly more than a level.
_REACH = 2
# The most samples across the pupil. Planes that would need more are left out: what left them on one
# side would come in again from the other.
_MOST_SAMPLES = 224


def far_light(
    pupil: PupilFit, box: Sequence[int], voxel_um: tuple[float, float, float]
) -> Floats32:
    """Return what a pupil shows of a bead outside the bead's box, with nothing inside.

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
    shape = [_REACH * n - 1 for n in box]
    while shape[0] > box[0] and coarse.samples(shape, _MOST_SAMPLES + 1) > _MOST_SAMPLES:
        shape[0] -= 2
    seen = coarse.seen(shape, _MOST_SAMPLES)
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
    for mine, shape in _by_image(states, image_shapes):
        scene = _scene(shape, ((states[k].seen.corner, lights[k]) for k in mine))
        for k in mine:
            inside, part = _overlap(states[k].seen.corner, lights[k].shape, shape)
            others = np.zeros_like(lights[k])
            others[part] = scene[inside] - lights[k][part]
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
    for mine, shape in _by_image(states, image_shapes):
        # So far out it is too smooth for fractions of a voxel.
        lights = (
            (states[k].seen.corner - wider, np.float32(states[k].fit.intensity) * far) for k in mine
        )
        scene = _scene(shape, lights)
        for k in mine:
            others = states[k].others.copy()
            inside, part = _overlap(states[k].seen.corner, others.shape, shape)
            others[part] += scene[inside]
            result[k] = replace(states[k], others=others)
    return result


def _by_image(
    states: Sequence[BeadState], image_shapes: Sequence[Sequence[int]]
) -> Iterator[tuple[list[int], Sequence[int]]]:
    """The numbers of each image's beads, and its shape."""
    for number, shape in enumerate(image_shapes):
        yield [k for k, one in enumerate(states) if one.seen.image == number], shape


def _scene(shape: Sequence[int], lights: Iterable[tuple[NDArray[np.int64], Floats32]]) -> Floats32:
    """An image of lights, each with its corner in the image."""
    scene = np.zeros(tuple(shape), np.float32)
    for corner, light in lights:
        inside, part = _overlap(corner, light.shape, shape)
        scene[inside] += light[part]
    return scene


def _overlap(
    corner: NDArray[np.int64], box: Sequence[int], shape: Sequence[int]
) -> tuple[tuple[slice, ...], ...]:
    """The part of an image that a box covers, and the part of the box that is in the image."""
    low = np.clip(corner, 0, shape)
    high = np.clip(corner + box, low, shape)
    inside = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    part = tuple(slice(int(a), int(b)) for a, b in zip(low - corner, high - corner, strict=True))
    return inside, part
