"""Arrays with named axes, such as those of xarray and bioio."""

from __future__ import annotations

from typing import Any

import numpy as np

from psfbridge._util.units import positive_length, unit_um
from psfbridge.imaging.image import VoxelUm

__all__ = ["in_order", "is_dask", "labelled", "spacing_um"]


def labelled(image: Any) -> Any:
    """Return the array of a BioImage, with the units of its axes; anything else as it is.

    Parameters
    ----------
    image : object
        A BioImage is known by its ``xarray_dask_data``; neither bioio nor dask is loaded.
    """
    array = getattr(image, "xarray_dask_data", None)
    if array is None:
        return image
    properties = getattr(image, "dimension_properties", None)
    for name in [str(one) for one in array.dims if one in array.coords]:
        unit = getattr(getattr(properties, name, None), "unit", None)
        if unit is not None:
            coordinate = array.coords[name].assign_attrs(units=str(unit))
            array = array.assign_coords({name: coordinate})
    return array


def is_dask(array: Any) -> bool:
    """Return whether dask computes an array, which may be labelled; without loading dask."""
    inner = array.data if hasattr(array, "dims") else array
    return type(inner).__module__.partition(".")[0] == "dask"


def in_order(array: Any) -> Any:
    """Return an array with its axes in the order c, z, y, x, if it names them so.

    Channels of one place, and axes of one place with another name, are left out. An array that
    names no axes, or others, is returned as it is.

    Parameters
    ----------
    array : array
        Any array; ``dims`` are the names of its axes.
    """
    names = [str(name) for name in getattr(array, "dims", None) or ()]
    if not {"y", "x"} <= {name.lower() for name in names}:
        return array
    for name, length in zip(names, array.shape, strict=True):
        if name.lower() not in "zyx" and length == 1:
            array = array.isel({name: 0})
    kept = [str(name) for name in array.dims]
    if not {name.lower() for name in kept} <= set("czyx"):
        return array
    return array.transpose(*sorted(kept, key=lambda name: "czyx".index(name.lower())))


def spacing_um(array: Any) -> VoxelUm | None:
    """Return the voxel size that the coordinates of an array tell, in µm; None where they do not.

    Each of z, y and x needs even coordinates with a unit of length; a single plane needs none of z.

    Parameters
    ----------
    array : array
        As `in_order` returns it.
    """
    lengths = dict(zip(_names(array), np.shape(array), strict=False))
    one_plane = lengths.get("z", 1) == 1
    found: dict[str, float | None] = {"z": 1.0 if one_plane else None}
    for name in _names(array).values():
        coordinate = getattr(array, "coords", {}).get(name)
        if coordinate is not None and name.lower() in ("yx" if one_plane else "zyx"):
            found[name.lower()] = _step_um(coordinate)
    z, y, x = (found.get(axis) for axis in "zyx")
    return (z, y, x) if z and y and x else None


def _names(array: Any) -> dict[str, str]:
    return {str(name).lower(): str(name) for name in getattr(array, "dims", None) or ()}


def _step_um(coordinate: Any) -> float | None:
    unit = coordinate.attrs.get("units", coordinate.attrs.get("unit"))
    steps = np.diff(np.asarray(coordinate, float))
    if not steps.size or np.ptp(steps) > 1e-3 * abs(steps[0]):
        return None
    return positive_length(abs(steps[0]), unit_um(unit))
