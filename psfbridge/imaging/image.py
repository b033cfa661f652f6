"""The image: a volume of counts and its voxel size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psfbridge._util.notebook import card
from psfbridge._util.plots import draw
from psfbridge._util.units import zyx_um
from psfbridge._util.validate import voxel_size
from psfbridge.errors import ImageError
from psfbridge.hosts import Host
from psfbridge.imaging.lazy_volume import is_lazy

__all__ = ["Image", "Volume", "VoxelUm", "check_type", "of_channel"]

T = TypeVar("T")

Volume = NDArray[np.float32]
VoxelUm = tuple[float, float, float]


@dataclass(frozen=True, eq=False, repr=False)
class Image:
    """A stack of counts with its voxel size.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x) or (c, z, y, x); a 2-D array becomes one plane. The units are
        counts, of any integer or floating type; it may be a memory map, or a
        `psfbridge.imaging.lazy_volume.LazyVolume`, and is never changed.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    name : str
        What messages call the image, usually the file's name.
    source : str
        Where it came from: a path, or empty.
    notes : tuple of str
        What was assumed while reading it, one sentence each; hosts show them.
    valid : array of bool, optional
        Which voxels hold data; the axes of `data`, or of one plane for all. By default all.
    optics : tuple of mapping
        What the file says of the optics, for each channel or once for all: options of
        `psfbridge.Optics` by name.
    channel_names : tuple of str
        The names of the channels, where the file has them.
    info : str
        The text that a PSF's file, or ImageJ, keeps with it (Image > Show Info).

    Raises
    ------
    ImageError
        If the array is empty, or has an impossible type or number of axes.
    OptionError
        If the voxel size is not three positive numbers.

    Examples
    --------
    >>> import numpy as np
    >>> Image(np.zeros((5, 7), "uint8"), (0.2, 0.1, 0.1)).data.shape
    (1, 5, 7)
    """

    data: NDArray[Any]
    voxel_um: VoxelUm
    name: str = "array"
    source: str = ""
    notes: tuple[str, ...] = ()
    valid: NDArray[np.bool_] | None = None
    info: str = ""
    optics: tuple[Mapping[str, Any], ...] = ()
    channel_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", _volume(self.data, self.name))
        object.__setattr__(self, "valid", _valid(self.valid, self.data.shape, self.name))
        object.__setattr__(self, "voxel_um", voxel_size(self.voxel_um))

    @classmethod
    def from_array(cls, array: ArrayLike, voxel_um: Sequence[float], name: str = "array") -> Self:
        """Return an image of an array.

        Parameters
        ----------
        array : array
            The array has axes (z, y, x), (c, z, y, x) or (y, x). The units are counts.
        voxel_um : sequence of float
            Voxel size in z, y and x, in µm.
        name : str
            What messages call the image.

        Raises
        ------
        ImageError
            If the array is empty, or has an impossible type or number of axes.

        Examples
        --------
        >>> Image.from_array([[1, 2], [3, 4]], (0.2, 0.1, 0.1)).data.shape
        (1, 2, 2)
        """
        return cls(np.asanyarray(array), voxel_size(voxel_um), name)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the voxels, for NumPy."""
        return np.array(self.data, dtype, copy=copy)

    def __repr__(self) -> str:
        facts = self._facts()
        return f"<Image {self.name}: {facts['voxels']}\n voxel size {facts['voxel size']}>"

    def _repr_html_(self) -> str:
        notes = {"notes": " ".join(self.notes)} if self.notes else {}
        return card(f"Image {self.name}", {**self._facts(), **notes}, self.data, self.voxel_um)

    def _facts(self) -> dict[str, str]:
        axes = "c, z, y, x" if self.data.ndim == 4 else "z, y, x"
        shape = " x ".join(map(str, self.data.shape))
        return {
            "voxels": f"{shape} ({axes}), {self.data.dtype}",
            "voxel size": f"{zyx_um(self.voxel_um)} (z, y, x)",
        }

    def plot(self) -> Any:
        """Return a figure (`matplotlib.figure.Figure`) of the image from three sides."""
        return draw("image", self)

    def in_memory(self) -> Image:
        """Return the image with all its voxels read, if it is one that is read part by part.

        Raises
        ------
        ImageError
            If it is larger than the memory that is free.
        """
        return replace(self, data=np.asarray(self.data)) if is_lazy(self.data) else self

    @property
    def channels(self) -> int:
        """Number of channels."""
        return 1 if self.data.ndim == 3 else int(self.data.shape[0])

    def part(self, channel: int | None) -> Image:
        """Return one channel if one is chosen, otherwise the image as it is."""
        return self if channel is None else self.channel(channel)

    def channel(self, number: int | None = None) -> Image:
        """Return one channel as an image with axes (z, y, x); the only one needs no number."""
        if self.data.ndim == 3:
            if number not in (None, 0):
                raise ImageError(f"{self.name} has only one channel; there is no channel {number}.")
            return self
        if number is None and self.channels > 1:
            planes = "If these are the planes of a stack, give {axes=ZYX}; otherwise choose"
            words = planes if self.data.shape[1] == 1 else "Choose"
            last = self.channels - 1
            raise ImageError(
                f"{self.name} has {self.channels} channels.",
                option="channel",
                allowed=f"0 to {last}",
                remedy={
                    host: f"{words} one: {{channel={host.first}}} to {host.first + last}."
                    for host in Host
                },
            )
        number = number or 0
        if not 0 <= number < self.channels:
            raise ImageError(
                f"{self.name} has no channel {number}; allowed are 0 to {self.channels - 1}."
            )
        valid = None if self.valid is None else self.valid[number]
        return replace(
            self,
            data=self.data[number],
            valid=valid,
            optics=of_channel(self.optics, number),
            channel_names=of_channel(self.channel_names, number),
        )


def _volume(data: Any, name: str) -> NDArray[Any]:
    if is_lazy(data):
        check_type(name, data.dtype)
        return cast("NDArray[Any]", data)
    _check_named_axes(data, name)
    array: NDArray[Any] = np.asanyarray(data)
    if np.ma.is_masked(array):
        masked = int(np.count_nonzero(np.asarray(getattr(array, "mask", False))))
        raise ImageError(
            f"{name} has {masked} masked voxels, but every voxel needs a value. Fill them first "
            "with array.filled(value), and mark the voxels with data by valid."
        )
    check_type(name, array.dtype)
    if array.ndim == 2:
        array = array[np.newaxis]
    if array.ndim not in (3, 4):
        raise ImageError(
            f"{name} has {array.ndim} axes {array.shape}; allowed are (y, x), (z, y, x) "
            "and (c, z, y, x)."
        )
    if array.size == 0:
        raise ImageError(f"{name} is empty: its shape is {array.shape}.")
    return array


def _valid(valid: ArrayLike | None, shape: tuple[int, ...], name: str) -> NDArray[np.bool_] | None:
    """Bring a mask to the axes of an image; one of a plane holds for every plane."""
    if valid is None:
        return None
    if is_lazy(valid):
        return cast("NDArray[np.bool_]", valid)
    try:
        return np.broadcast_to(np.asarray(valid, bool), shape)
    except ValueError:
        raise ImageError(
            f"the mask of {name} has the shape {np.shape(valid)}; it must have the shape of the "
            f"image, {shape}, or of one plane."
        ) from None


def _check_named_axes(data: Any, name: str) -> None:
    """Refuse an array that names its axes, as xarray's do, in another order."""
    named = [str(axis) for axis in getattr(data, "dims", None) or ()]
    if {"y", "x"} <= set(named) <= set("czyx") and named != sorted(named, key="czyx".index):
        raise ImageError(
            f"{name} has the axes {', '.join(named)}; allowed are c, z, y, x in this order, the "
            "first ones optional. Transpose it first."
        )


def of_channel(told: tuple[T, ...], number: int) -> tuple[T, ...]:
    """Return what is told of one channel; what is told once holds for every one."""
    return told[number : number + 1] if len(told) > 1 else told


def check_type(name: str, dtype: np.dtype[Any]) -> None:
    """Refuse voxels that are no counts."""
    if dtype.kind not in "uif":
        raise ImageError(
            f"{name} has voxels of type {dtype}; allowed are integer and floating types."
        )
