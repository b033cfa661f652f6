"""Images as xarrays with the axis names of pyimagej.

pyimagej reads the axes of an ``xarray.DataArray`` by their names; a bare NumPy array with axes
(z, y, x) it takes for channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from psfbridge.errors import BridgeError, ImageError
from psfbridge.imaging.image import Image
from psfbridge.psf.psf import PSF

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["from_xarray", "to_xarray"]

#: pyimagej's names of the axes c, z, y and x.
DIMS = ("ch", "pln", "row", "col")


def to_xarray(image: Image | PSF) -> DataArray:
    """Return an image with axes that pyimagej knows: ``ij.py.to_java`` keeps them.

    Parameters
    ----------
    image : Image or PSF
        The array has axes (z, y, x) or (c, z, y, x).

    Returns
    -------
    xarray.DataArray
        Its axes are (pln, row, col), or (ch, pln, row, col); coordinates in µm.

    Raises
    ------
    BridgeError
        If xarray is not installed.
    """
    picture = image.image if isinstance(image, PSF) else image
    dims = DIMS[-picture.data.ndim :]
    sizes = dict(zip(DIMS[1:], picture.voxel_um, strict=True))
    coordinates = {
        dim: np.arange(length) * sizes[dim]
        for dim, length in zip(dims, picture.data.shape, strict=True)
        if dim in sizes
    }
    result: DataArray = _xarray().DataArray(picture.data, coordinates, dims, picture.name)
    return result


def from_xarray(array: DataArray, *, voxel_um: Any = None) -> Image:
    """Return what ``ij.py.from_java`` gave, or any array with pyimagej's axes, as an image.

    Parameters
    ----------
    array : xarray.DataArray
        Its axes are (pln, row, col), with ``ch`` if there are channels, in any order.
    voxel_um : sequence of float, optional
        Voxel size in z, y and x, in µm; by default from the coordinates.

    Returns
    -------
    Image
        The array has axes (z, y, x) or (c, z, y, x).

    Raises
    ------
    ImageError
        If an axis has another name, or the coordinates do not tell the voxel size.
    """
    strange = set(array.dims) - set(DIMS)
    if strange or not {"row", "col"} <= set(array.dims):
        raise ImageError(
            f"the array has axes {tuple(array.dims)}; allowed are {', '.join(DIMS)} in any order, "
            "with at least row and col. Rename the axes, or select one index along the others."
        )
    ordered = array.transpose(*(dim for dim in DIMS if dim in array.dims))
    voxel = _voxel_um(ordered) if voxel_um is None else voxel_um
    data = ordered.data
    if "pln" not in ordered.dims and "ch" in ordered.dims:
        data = data[:, np.newaxis]
    return Image(data, voxel, str(array.name or "array"))


def _voxel_um(array: DataArray) -> tuple[float, float, float]:
    steps = []
    for dim in DIMS[1:]:
        values = np.asarray(array.coords[dim]) if dim in array.coords else np.zeros(0)
        steps.append(float(values[1] - values[0]) if len(values) > 1 else None)
    z, y, x = steps
    if y is None or x is None or (z is None and array.sizes.get("pln", 1) > 1):
        raise ImageError(
            f"{array.name or 'the array'} has no coordinates along {', '.join(DIMS[1:])} to "
            "derive the voxel size from. Give voxel_um=(z, y, x) in µm."
        )
    return z or 1.0, y, x


def _xarray() -> Any:
    try:
        import xarray
    except ImportError as fault:
        raise BridgeError(
            f"xarray is not installed ({fault}). Install it: pip install xarray."
        ) from fault
    return xarray
