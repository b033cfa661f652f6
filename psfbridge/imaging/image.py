"""The image: a volume of counts and the size of its voxels; read from files and written to them.

`psfbridge.imaging.formats` knows the files; here is what an image must have, and what is said
where it does not.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psfbridge._util.atomic_files import check_folder, check_writable, whole_file, whole_folder
from psfbridge._util.validate import voxel_fault, voxel_size
from psfbridge.errors import ImageError, OutputError

if TYPE_CHECKING:
    from psfbridge.imaging.formats import Stored

__all__ = [
    "Image",
    "Volume",
    "VoxelUm",
    "check_ending",
    "check_image_output",
    "check_type",
    "chosen_voxel_um",
    "given_image",
    "read_image",
    "read_info",
    "write_image",
    "write_volumes",
]

Volume = NDArray[np.float32]
VoxelUm = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Image:
    """A stack of counts with its voxel size.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x) or (c, z, y, x); a 2-D array becomes one plane. The units are
        counts, of any integer or floating type; it may be a memory map and is never changed.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    name : str
        What messages call the image, usually the file's name.
    source : str
        Where it came from: a path, or empty.
    notes : tuple of str
        What was assumed while reading it, one sentence each; hosts show them.

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

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", _volume(self.data, self.name))
        object.__setattr__(self, "voxel_um", voxel_size(self.voxel_um))

    @property
    def channels(self) -> int:
        """How many channels there are."""
        return 1 if self.data.ndim == 3 else int(self.data.shape[0])

    def channel(self, number: int | None = None) -> Image:
        """Return one channel as an image with axes (z, y, x); the only one needs no number."""
        if self.data.ndim == 3:
            if number not in (None, 0):
                raise ImageError(f"{self.name} has one channel; channel {number} is not there.")
            return self
        if number is None and self.channels > 1:
            planes = "If they are the planes of a stack, give --axes ZYX; if not, choose"
            words = planes if self.data.shape[1] == 1 else "Choose"
            raise ImageError(
                f"{self.name} has {self.channels} channels. {words} one: "
                f"--channel 0 to {self.channels - 1}."
            )
        number = number or 0
        if not 0 <= number < self.channels:
            raise ImageError(
                f"{self.name} has no channel {number}; allowed are 0 to {self.channels - 1}."
            )
        return Image(self.data[number], self.voxel_um, self.name, self.source, self.notes)


def _volume(data: ArrayLike, name: str) -> NDArray[Any]:
    _check_named_axes(data, name)
    array = np.asanyarray(data)
    if np.ma.is_masked(array):
        masked = int(np.count_nonzero(np.asarray(getattr(array, "mask", False))))
        raise ImageError(
            f"{name} has {masked} masked voxels; allowed are counts everywhere. "
            "Give them a value first: array.filled(value)."
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


def _check_named_axes(data: Any, name: str) -> None:
    """Refuse an array that names its axes, as xarray's do, in another order."""
    named = [str(axis) for axis in getattr(data, "dims", None) or ()]
    if {"y", "x"} <= set(named) <= set("czyx") and named != sorted(named, key="czyx".index):
        raise ImageError(
            f"{name} has the axes {', '.join(named)}; allowed are the last of c, z, y, x in this "
            "order. Transpose it first."
        )


def check_type(name: str, dtype: np.dtype[Any]) -> None:
    """Refuse voxels that are no counts."""
    if dtype.kind not in "uif":
        raise ImageError(
            f"{name} has voxels of type {dtype}; allowed are integer and floating types."
        )


def given_image(
    image: Image | NDArray[Any] | str | os.PathLike[str], voxel_um: Any = None
) -> Image:
    """Return `image` with all its channels; a path is read, a bare array needs its voxel size.

    Raises
    ------
    ImageError
        If it cannot be read, or has no voxel size.
    """
    if isinstance(image, str | os.PathLike):
        return read_image(image, voxel_um=voxel_um)
    if isinstance(image, Image):
        return image if voxel_um is None else replace(image, voxel_um=voxel_um)
    if voxel_um is None:
        raise ImageError("an array has no voxel size. Give voxel_um=(z, y, x) in µm.")
    return Image(image, voxel_um)


def read_image(
    path: str | os.PathLike[str] | NDArray[Any],
    *,
    channel: int | None = None,
    time: int | None = None,
    axes: str | None = None,
    voxel_um: Sequence[float] | None = None,
) -> Image:
    """Read an image from a TIFF (plain, ImageJ, OME), an OME-Zarr folder or a ``.npy`` file.

    Uncompressed voxels are mapped from the file, read only where they are used, and keep its
    byte order; others are loaded, after a look at the memory that is free.

    Parameters
    ----------
    path : path or array
        The file; or an array, whose axes are the last of (t, c, z, y, x).
    channel : int, optional
        Read this channel only, counted from 0.
    time : int, optional
        Read this time point, counted from 0; needed where there are several.
    axes : str, optional
        What the axes are, for instance ``ZYX``, where the file does not say or is wrong.
    voxel_um : sequence of float, optional
        Voxel size in z, y and x, in µm; overrides the file's.

    Returns
    -------
    Image
        Its array has axes (z, y, x), or (c, z, y, x) where there are several channels and none
        was chosen. A single plane needs no z step and is given one of 1 µm.

    Raises
    ------
    ImageError
        If there is no such image, it is damaged, it has no voxel size, or it leaves open which
        time point is meant.
    OptionError
        If `channel`, `time`, `axes` or `voxel_um` is impossible.

    Examples
    --------
    >>> import numpy as np
    >>> read_image(np.zeros((4, 9, 9)), voxel_um=(0.2, 0.1, 0.1)).notes
    ('The axes of array, shape (4, 9, 9), were taken as (z, y, x).',)
    """
    from psfbridge.imaging.formats import axes as axis
    from psfbridge.imaging.formats import open_stored, stored_array

    if isinstance(path, np.ndarray):
        stored, source = stored_array(path), ""
    else:
        stored, source = open_stored(path), os.fspath(path)
    letters, assumed = axis.named_axes(stored, axes)
    notes = assumed if axes is not None else (*stored.notes, *assumed)
    planes = dict(zip(letters, stored.shape, strict=True)).get("Z", 1)
    size = chosen_voxel_um(stored, voxel_um, planes)
    data = axis.chosen_part(stored, letters, channel, time)
    return Image(data, size, stored.name, source, notes)


def chosen_voxel_um(stored: Stored, given: Sequence[float] | None, planes: int) -> VoxelUm:
    """Return the voxel size given, or the file's; a single plane needs no z step."""
    if given is not None:
        return voxel_size(given)
    z, y, x = stored.voxel_um
    z = z or (1.0 if planes == 1 else None)
    if z and y and x:
        return _plausible(stored.name, (z, y, x))
    missing = "z step" if y and x else "pixel size in x and y" if z and planes > 1 else "voxel size"
    adjective = "usable " if stored.faults else ""
    reason = f" ({'; '.join(stored.faults)})" if stored.faults else ""
    example = f"{z or 0.2:.4g} {y or x or 0.065:.4g} {x or y or 0.065:.4g}"
    raise ImageError(
        f"{stored.name} has no {adjective}{missing}{reason}. Give --voxel-um Z Y X, for instance "
        f"{example}."
    )


def _plausible(name: str, size: VoxelUm) -> VoxelUm:
    fault = voxel_fault(size)
    if fault:
        raise ImageError(f"{name} has voxels of {fault}. Give --voxel-um Z Y X.")
    return size


def read_info(path: str | os.PathLike[str]) -> str:
    """Return the Info text that ImageJ shows for a file (Image > Show Info), or nothing.

    Raises
    ------
    ImageError
        If there is no such file, or it is damaged.
    """
    from psfbridge.imaging.formats import info_of

    return info_of(path)


def write_image(path: str | os.PathLike[str], image: Image, *, info: str = "") -> None:
    """Write an image, whole or not at all; the name's ending chooses the format.

    Parameters
    ----------
    path : path
        ``.tif`` is an ImageJ TIFF that opens calibrated in µm and with its whole range
        displayed; ``.ome.tif`` is an OME-TIFF, ``.zarr`` an OME-Zarr 0.4 folder.
    image : Image
        The image; its array has axes (z, y, x) or (c, z, y, x). An ImageJ TIFF keeps uint8,
        uint16 and float32; others become float32 where that changes no voxel.
    info : str
        A text to keep with it; `read_info` gives it back.

    Raises
    ------
    OutputError
        If the ending is unknown, the voxels do not fit the format, or the file cannot be written.
    """
    write_volumes(path, image.data, image.voxel_um, name=image.name, info=info)


def write_volumes(
    path: str | os.PathLike[str],
    data: NDArray[Any],
    voxel_um: VoxelUm,
    *,
    name: str = "array",
    info: str = "",
) -> None:
    """Write one volume, or a time series of them, as `write_image` does.

    Parameters
    ----------
    path : path
        The file; its ending chooses the format.
    data : array
        The array has axes (z, y, x), (c, z, y, x) or (t, c, z, y, x); it may be a memory map and
        is read plane by plane.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    name, info : str
        The image's name, and a text to keep with it.

    Raises
    ------
    OutputError
        If the ending is unknown, the voxels do not fit the format, or the file cannot be written.
    """
    ending = check_ending(path)
    if ending == ".zarr":
        from psfbridge.imaging.formats.ome_zarr import write_zarr

        with whole_folder(path) as folder:
            write_zarr(folder, data, voxel_um, name, info)
        return
    from psfbridge.imaging.formats.tiff_write import write_imagej, write_ome

    write = write_ome if ending == ".ome.tif" else write_imagej
    with whole_file(path) as temporary:
        write(temporary, data, voxel_um, info)


def check_ending(path: str | os.PathLike[str]) -> str:
    """Return ``.tif``, ``.ome.tif`` or ``.zarr``; refuse another ending of an image's file."""
    name = Path(path).name.lower()
    if name.endswith(".zarr"):
        return ".zarr"
    if name.endswith((".ome.tif", ".ome.tiff")):
        return ".ome.tif"
    if name.endswith((".tif", ".tiff")):
        return ".tif"
    raise OutputError(f"cannot write {path}: allowed endings are .tif, .ome.tif and .zarr.")


def check_image_output(path: str | os.PathLike[str]) -> None:
    """Refuse a place where an image could not be written; ask before long work."""
    if Path(path).name.lower().endswith(".zarr"):
        check_folder(path)
        return
    check_writable(path)
    check_ending(path)
