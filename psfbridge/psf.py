"""The PSF: a volume in the one form that is safe everywhere, with its voxel size and origin."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from psfbridge.checks import integer, voxel_size
from psfbridge.errors import PSFError
from psfbridge.image import Image, Volume, VoxelUm, read_image, read_info, write_image
from psfbridge.shifts import fitted_to, peak_position, shifted

__all__ = ["PSF", "odd_shape"]


@dataclass(frozen=True, eq=False)
class PSF:
    """A point spread function.

    The array has axes (z, y, x) and float32 voxels: odd in every axis, peak at ``n // 2``, sum 1,
    non-negative, zero in its outermost planes (an axis of one plane has none). The constructor
    refuses anything else; `PSF.from_volume` brings any volume into this form.

    Parameters
    ----------
    data : array
        The PSF.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    error : array, optional
        Standard error of every voxel, in the units of `data`.
    provenance : mapping
        Where it came from: options, versions, inputs, bead counts; saved with it.

    Raises
    ------
    PSFError
        If the array is not in this form.
    """

    data: Volume
    voxel_um: VoxelUm
    error: Volume | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "voxel_um", voxel_size(self.voxel_um))
        _check_form(self.data)

    @classmethod
    def from_volume(
        cls,
        volume: NDArray[Any],
        voxel_um: Sequence[float],
        *,
        shape: Sequence[int] | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> Self:
        """Centre, crop, clip and normalise a volume into a PSF.

        Parameters
        ----------
        volume : array
            The array has axes (z, y, x), or (y, x); background already removed.
        voxel_um : sequence of float
            Voxel size in z, y and x, in µm.
        shape : sequence of int, optional
            Size of the result; made odd. By default the volume's own.
        provenance : mapping, optional
            Where it came from.

        Raises
        ------
        PSFError
            If nothing positive is left of the volume.

        Examples
        --------
        >>> import numpy as np
        >>> spot = np.zeros((6, 6, 6)); spot[2:4, 2:4, 2:4] = 1
        >>> PSF.from_volume(spot, (0.2, 0.1, 0.1)).data.shape
        (7, 7, 7)
        """
        volume = np.asarray(volume, float)
        if volume.ndim == 2:
            volume = volume[np.newaxis]
        size = odd_shape(volume.shape if shape is None else shape)
        data = _conformed(volume, size)
        return cls(data, voxel_size(voxel_um), None, dict(provenance or {}))

    @property
    def image(self) -> Image:
        """The PSF as an image."""
        return Image(self.data, self.voxel_um, "PSF")

    def cropped(self, shape: Sequence[int]) -> Self:
        """Return the PSF cropped or padded to `shape` (made odd), with sum 1 again."""
        data = _conformed(np.asarray(self.data, float), odd_shape(shape))
        return replace(self, data=data, error=None)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a 32-bit ImageJ TIFF with voxel size and provenance, whole or not at all."""
        write_image(path, self.image, info=json.dumps(dict(self.provenance), indent=1))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a PSF that `save` wrote, or any image file in the same form."""
        image = read_image(path).channel()
        info = read_info(path)
        try:
            provenance = json.loads(info) if info else {}
        except ValueError:
            provenance = {"info": info}
        try:
            return cls(np.asarray(image.data, np.float32), image.voxel_um, None, provenance)
        except PSFError as fault:
            raise PSFError(f"{image.name}: {fault}") from None


def odd_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    """Return `shape` with every even length one longer."""
    sizes = [integer("size", int(length), least=1) for length in shape]
    nz, ny, nx = (length + 1 - length % 2 for length in sizes)
    return nz, ny, nx


def _conformed(volume: NDArray[np.float64], shape: tuple[int, int, int]) -> Volume:
    """Centre on the band-limited maximum; clipping moves it a little, so look again."""
    if not np.isfinite(volume).all() or not (volume > 0).any():
        raise PSFError("no PSF is left: the volume has no positive voxel, or one is not finite.")
    peak = np.unravel_index(int(np.argmax(volume)), volume.shape)
    volume = fitted_to(volume, [2 * (length // 2) + 5 for length in shape], [int(p) for p in peak])
    middle = np.array(volume.shape) // 2
    move = np.zeros(3)
    for _ in range(12):
        data = _trimmed(shifted(volume, move), shape)
        offset = peak_position(data, start=np.array(shape) // 2) - np.array(shape) // 2
        offset[np.array(shape) == 1] = 0
        if np.abs(offset).max() < 0.005:
            break
        move = np.clip(move - offset, 1 - middle, middle - 1)
    return np.asarray(data, np.float32)


def _trimmed(volume: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.float64]:
    data = fitted_to(volume, shape, [length // 2 for length in volume.shape])
    data = np.maximum(data, 0)
    for axis, length in enumerate(shape):
        if length > 1:
            np.moveaxis(data, axis, 0)[[0, -1]] = 0
    total = data.sum()
    if not total > 0:
        raise PSFError(
            f"no PSF is left within {shape} voxels: its outermost planes must be zero. "
            "Ask for a larger size."
        )
    trimmed: NDArray[np.float64] = data / total
    return trimmed


def _check_form(data: Volume) -> None:
    fault = _fault(data)
    if fault:
        raise PSFError(f"not a usable PSF: {fault}. PSF.from_volume brings a volume into form.")


def _fault(data: Volume) -> str:
    if data.ndim != 3 or data.dtype != np.float32:
        return f"it has {data.ndim} axes of {data.dtype}; allowed are three of float32"
    if any(length % 2 == 0 for length in data.shape):
        return f"its shape is {data.shape}; every axis must be odd"
    if not np.isfinite(data).all():
        return "it holds NaN or infinite voxels"
    if data.min() < 0:
        return f"its least voxel is {data.min():g}; it must not be negative"
    if abs(float(data.sum(dtype=float)) - 1) > 1e-3:
        return f"its sum is {data.sum(dtype=float):g}; it must be 1"
    centre = tuple(length // 2 for length in data.shape)
    peak = tuple(int(i) for i in np.unravel_index(int(np.argmax(data)), data.shape))
    if data[centre] < data.max():
        return f"its peak is at {peak}; it must be at {centre}"
    edges = (np.moveaxis(data, axis, 0)[[0, -1]] for axis in range(3) if data.shape[axis] > 1)
    return "its outermost planes are not zero" if any(edge.any() for edge in edges) else ""
