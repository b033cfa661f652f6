"""The grid of PSFs that represents a field-dependent PSF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from psfbridge.distillation.field.settings import FIELD_GRID
from psfbridge.distillation.field.solver import FieldModel
from psfbridge.imaging.image import Image
from psfbridge.progress import Progress, no_progress, tracked
from psfbridge.psf.field_psf import FieldPSF, Nodes
from psfbridge.psf.psf import PSF

__all__ = ["gridded"]

Floats = NDArray[np.float64]

_ABERRATIONS = {
    "astigmatism 0°": (2, 2),
    "astigmatism 45°": (2, -2),
    "coma x": (3, 1),
    "coma y": (3, -1),
    "spherical": (4, 0),
}


def gridded(
    model: FieldModel | None, one: PSF, image: Image, progress: Progress = no_progress
) -> FieldPSF:
    """Compute the PSFs at the nodes of a grid over the image.

    Parameters
    ----------
    model : FieldModel or None
        The PSF at every place; None where it is the same everywhere.
    one : PSF
        The one PSF of the whole image; the others get its shape and provenance.
    image : Image
        The image of the beads.
    progress : Progress, optional
        Called after each PSF; may raise `psfbridge.errors.Cancelled`.
    """
    if model is None:
        return FieldPSF((one,), _in_um([np.zeros(1)] * 3, image))
    axes = [_nodes(model, axis) for axis in range(3)]
    where = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    shape, origin = one.data.shape, one.provenance
    psfs = tuple(
        replace(
            PSF.from_volume(model.volume(at), one.voxel_um, shape=shape, provenance=origin),
            light_inside=one.light_inside,
        )
        for at in tracked(where, progress, "computing the PSFs of the field")
    )
    aberrations = tuple(_aberrations(model, at) for at in where)
    return FieldPSF(psfs, _in_um(axes, image), aberrations)


def _in_um(axes: Sequence[Floats], image: Image) -> Nodes:
    z, y, x = (
        tuple(float(at) for at in (nodes + 1) / 2 * (length - 1) * size)
        for nodes, length, size in zip(axes, image.data.shape, image.voxel_um, strict=True)
    )
    return z, y, x


def _nodes(model: FieldModel, axis: int) -> Floats:
    """Places along an axis, no more than needed to blend the PSFs between them."""
    nodes = np.zeros(1)
    if not any(term[axis] for term in model.pupil.polynomial.terms):
        return nodes
    unit = np.eye(3)[axis]
    middle, ends = model.volume(0 * unit), (model.volume(unit), model.volume(-unit))
    if max(_difference(end, middle) for end in ends) < FIELD_GRID.blended_to:
        return nodes
    for count in FIELD_GRID.nodes:
        nodes = np.linspace(-1, 1, count)
        if _blending_error(model, unit, nodes) < FIELD_GRID.blended_to:
            break
    return nodes


def _blending_error(model: FieldModel, unit: Floats, nodes: Floats) -> float:
    volumes = [model.volume(at * unit) for at in nodes]
    between = [model.volume(at * unit) for at in (nodes[1:] + nodes[:-1]) / 2]
    mixed = [(before + after) / 2 for before, after in pairwise(volumes)]
    return max(_difference(one, true) for one, true in zip(mixed, between, strict=True))


def _difference(one: Floats, true: Floats) -> float:
    return float(np.linalg.norm(one - true) / np.linalg.norm(true))


def _aberrations(model: FieldModel, where: Floats) -> dict[str, float]:
    """The main phase terms in waves rms."""
    phases = model.pupil.phases(where)
    waves = {name: phases.get(mode, 0.0) / (2 * np.pi) for name, mode in _ABERRATIONS.items()}
    return {name: round(value, 4) for name, value in waves.items()}
