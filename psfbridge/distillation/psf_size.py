"""The size of the PSF box: large enough for its light, never larger than the image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.detection.find import FoundBeads
from psfbridge.distillation.light_extent import light_extent
from psfbridge.distillation.settings import PSF_SIZE
from psfbridge.errors import OptionError
from psfbridge.options import DistillOptions

__all__ = ["support_shape"]


def support_shape(found: Sequence[FoundBeads], options: DistillOptions) -> tuple[int, int, int]:
    """Return the size of the PSF in voxels, odd in every axis.

    Parameters
    ----------
    found : sequence of FoundBeads
        The beads of each image.
    options : DistillOptions
        Its `size` or `size_um`, if given, decide.

    Raises
    ------
    OptionError
        If the size that was asked for is larger than an image.
    """
    limits = np.min([one.image.data.shape for one in found], axis=0)
    voxel_um = np.array(found[0].image.voxel_um)
    if options.size is not None:
        return _asked(np.array(options.size), limits, "size", "voxels")
    if options.size_um is not None:
        wanted = np.round(np.array(options.size_um) / voxel_um).astype(int)
        return _asked(np.maximum(wanted, 1), limits, "size_um", "voxels")
    widths = np.median([one.scale.fwhm for one in found], axis=0)
    # The same across: a square shows an oval PSF better than a frame that follows it.
    across = max(widths[1:])
    half = np.ceil(np.array([widths[0], across, across]) * PSF_SIZE.half_widths).astype(int)
    half = np.minimum(np.maximum(half, PSF_SIZE.least_half), (limits - 1) // 2)
    seen = light_extent(found, _triple(half))
    if seen is not None:
        half = np.minimum(half, np.maximum(seen, PSF_SIZE.least_half))
    return _triple(2 * half + 1)


def _asked(
    wanted: NDArray[Any],
    limits: NDArray[Any],
    name: str,
    unit: str,
) -> tuple[int, int, int]:
    shape = np.where(limits == 1, 1, wanted + 1 - wanted % 2)
    if (shape > limits).any():
        raise OptionError(
            f"{{{name}}} asks for a PSF of {_triple(shape)} {unit} in z, y, x, but the image has "
            f"{_triple(limits)}. Ask for a smaller one."
        )
    if (shape[limits > 1] < 3).any():
        raise OptionError(
            f"{{{name}}} asks for a PSF of {_triple(shape)} {unit} in z, y, x; at least 3 are "
            "needed."
        )
    return _triple(shape)


def _triple(values: Iterable[Any]) -> tuple[int, int, int]:
    z, y, x = (int(value) for value in values)
    return z, y, x
