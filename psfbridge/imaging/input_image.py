"""Images as given by users: an Image, an array or a file path."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Unpack, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psfbridge.errors import ImageError, OptionError
from psfbridge.imaging.image import Image
from psfbridge.imaging.labelled import in_order, is_dask, labelled, spacing_um
from psfbridge.imaging.read import Reading
from psfbridge.imaging.sources import lazy_dask
from psfbridge.option_types import ReadingChoices

__all__ = ["given_image"]


def given_image(
    image: Image | ArrayLike | str | os.PathLike[str],
    *,
    lazy: bool = False,
    **reading: Unpack[ReadingChoices],
) -> Image:
    """Return `image` with its channels; a path is read, a bare array needs its voxel size.

    Parameters
    ----------
    image : Image, array or path
        The array has axes (z, y, x), (y, x) or (c, z, y, x); one of xarray, or a BioImage, names
        them itself.
    lazy : bool, optional
        Whether voxels of one channel may stay where they are, see
        `psfbridge.imaging.lazy_volume`; those of a file, or of an array of dask.
    **reading
        The fields of `Reading`; `time` and `axes` are for files.

    Raises
    ------
    ImageError
        If it cannot be read, or has no voxel size.
    OptionError
        If a choice is invalid.
    """
    chosen = Reading.of(**reading)
    if isinstance(image, str | os.PathLike):
        return replace(chosen, lazy=lazy).image(image)
    _check_for_array(chosen)
    number = _number_in_memory(chosen)
    array = in_order(labelled(image))
    if lazy and is_dask(array) and np.ndim(array) == 4 and number in range(len(array)):
        # Of an array that is computed, no other channel is.
        array, number = array[number], None
    image = array if isinstance(array, Image) else _of_array(array, chosen, lazy=lazy)
    if chosen.mask is not None:
        image = replace(image, valid=chosen.valid())
    if chosen.voxel_um is not None:
        image = replace(image, voxel_um=chosen.voxel_um)
    return image.part(number)


def _of_array(array: Any, chosen: Reading, *, lazy: bool) -> Image:
    if array is None or np.ndim(array) == 0:
        found = type(array).__name__ if array is not None else "None"
        raise ImageError(
            f"image is {found}; allowed are an Image, an array or a file path.",
            option="image",
            found=found,
        )
    voxel_um = chosen.voxel_um or spacing_um(array)
    if voxel_um is None:
        raise ImageError(
            "an array has no voxel size.",
            option="voxel_um",
            remedy="Give it in µm: {voxel_um=Z Y X}.",
        )
    if lazy and is_dask(array) and np.ndim(array) in (2, 3):
        return Image(cast("NDArray[Any]", lazy_dask(array)), voxel_um)
    return Image(np.asanyarray(array), voxel_um)


def _number_in_memory(chosen: Reading) -> int | None:
    """Return the channel of an image in memory, which has no names."""
    if isinstance(chosen.channel, str):
        raise OptionError(
            option="channel",
            found=repr(chosen.channel),
            allowed="a whole number of at least 0 for an image in memory",
        )
    return chosen.channel


def _check_for_array(chosen: Reading) -> None:
    """Refuse what only the reading of a file can choose."""
    for name in ("time", "axes"):
        if getattr(chosen, name) is not None:
            raise OptionError(
                f"{{{name}}} applies only to files, but the image is in memory.",
                option=name,
                remedy="Select the part of the array beforehand.",
            )
