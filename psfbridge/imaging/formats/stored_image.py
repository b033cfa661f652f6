"""A stored image: axes, type and voxel size; voxels are read on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.imaging.formats.file_optics import FileOptics

__all__ = ["NAMED_AXES", "NOTHING_KEPT", "UNNAMED", "Index", "Kept", "Lengths", "Stored"]

#: The axes that an image may have; tifffile calls axes without a name I or Q.
NAMED_AXES, UNNAMED = "TCZYX", "IQ"

Index = tuple[int | slice, ...]
Lengths = tuple[float | None, float | None, float | None]


@dataclass(frozen=True)
class Kept:
    """Name, channels and time of a file, to be preserved in outputs.

    Parameters
    ----------
    name : str
        The image's name.
    channel_names : tuple of str
        One for each channel, or none.
    time_step_s : float or None
        Seconds between time points.
    """

    name: str = "array"
    channel_names: tuple[str, ...] = ()
    time_step_s: float | None = None


#: Of a file that names no channels and no time.
NOTHING_KEPT = Kept()


@dataclass(frozen=True)
class Stored:
    """An image as it lies in its file, nothing chosen yet.

    Parameters
    ----------
    name : str
        What messages call it.
    shape : tuple of int
        Length of every axis.
    dtype : dtype
        Type of the voxels.
    axes : str
        One letter for every axis: T, C, Z, Y, X, S for colour samples, I or Q where the file
        does not name it; another letter is an axis that psfbridge does not know.
    read : callable
        Gives the part of the array that an index of whole numbers and slices names.
    voxel_um : tuple of float or None
        Voxel size in z, y and x, in µm; None where the file does not say.
    faults : tuple of str
        What is wrong with voxel sizes that the file does say.
    notes : tuple of str
        What a user should know of the file, one sentence each.
    channel_names : tuple of str
        The names of the channels, where the file has them.
    series_names : tuple of str
        The names of all images of the file, this one among them, where it can hold several.
    optics : FileOptics
        What the file says of microscope, objective and light.
    time_step_s : float or None
        Seconds between time points, where the file says so.
    mapped : bool
        Whether `read` costs no memory until voxels are used.
    chunks : tuple of int, optional
        Lengths of the pieces that can only be read as a whole, along every axis.
    fill : callable, optional
        Gives the value that stands for the part that an index names where no piece of that part is
        stored, and None where one is.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    axes: str
    read: Callable[[Index], NDArray[Any]]
    voxel_um: Lengths = (None, None, None)
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    mapped: bool = False
    channel_names: tuple[str, ...] = ()
    series_names: tuple[str, ...] = ()
    optics: FileOptics = field(default_factory=FileOptics)
    chunks: tuple[int, ...] | None = None
    time_step_s: float | None = None
    fill: Callable[[Index], Any] | None = None
