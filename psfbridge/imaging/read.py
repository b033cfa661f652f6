"""Reading of images from files in any format."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.option_kinds import ZYX, IntegerOrWord, Text
from psfbridge._util.option_records import OptionRecord, documented, option
from psfbridge._util.validate import voxel_fault, voxel_size
from psfbridge.errors import ImageError, OptionError
from psfbridge.imaging.formats import Stored
from psfbridge.imaging.image import Image, VoxelUm, of_channel
from psfbridge.imaging.lazy_volume import LazyVolume

__all__ = [
    "Reading",
    "channel_number",
    "chosen_voxel_um",
    "read_attachment",
    "read_image",
    "read_info",
]


_IMAGE = "image"

#: What `Reading.series` is where every image of a file is meant.
ALL = "all"


@documented
@dataclass(frozen=True, kw_only=True)
class Reading(OptionRecord):
    """Choice of what is read from a file, and of what the file does not say.

    Each option is converted and checked; see docs/options.md for the list.

    Raises
    ------
    OptionError
        If a value is invalid.

    Examples
    --------
    >>> Reading(voxel_um="0.2 0.1 0.1").voxel_um
    (0.2, 0.1, 0.1)
    """

    voxel_um: tuple[float, float, float] | None = option(
        ZYX(
            help="voxel size; overrides the value in the file",
            group=_IMAGE,
            unit="µm",
            usual="0.2 0.065 0.065",
        ),
        default=None,
    )
    channel: int | str | None = option(
        IntegerOrWord(
            help="channel: its number, counted from 0, or its name; default all", group=_IMAGE
        ),
        default=None,
    )
    time: int | str | None = option(
        IntegerOrWord(
            help="time point, counted from 0, or how to combine all of them",
            group=_IMAGE,
            words_too=("mean", "sum", "median", "all"),
        ),
        default=None,
    )
    axes: str | None = option(
        Text(
            help="axes of the file, if it does not state them correctly",
            group=_IMAGE,
            usual="ZYX",
        ),
        default=None,
    )
    series: str | None = option(
        Text(
            help="image within a file that holds several: its number, counted from 0, or its name; "
            "distill and batch also accept all",
            group=_IMAGE,
            usual="0",
            imagej=False,
        ),
        default=None,
    )
    mask: str | None = option(
        Text(
            help="mask image of the same size, or of one plane, with 0 where the image holds no "
            "data; those voxels are ignored",
            group=_IMAGE,
            usual="mask.tif",
            imagej=False,
        ),
        default=None,
    )
    lazy: bool = False
    frames_as_planes: bool = False
    voxel_option: str = "voxel_um"

    def check(self) -> None:
        """Refuse a voxel size that no light microscope has."""
        if self.voxel_um is not None:
            voxel_size(self.voxel_um)

    def image(self, path: str | os.PathLike[str]) -> Image:
        """Read a file; where no channel was chosen, the image has all of them.

        Raises
        ------
        ImageError
            If there is no such image, or it leaves open what was not chosen.
        """
        opened, source = self.opened(path), os.fspath(path)
        volume = self._lazy_volume(path, opened) if self.lazy else None
        return self._image(opened, source) if volume is None else self._of(volume, opened, source)

    def images(self, path: str | os.PathLike[str]) -> list[Image]:
        """Read one channel of a file; where all time points are chosen, an image of each.

        Raises
        ------
        ImageError
            If there is no such image, or it leaves open what was not chosen.
        """
        if self.series == ALL:
            return [one for own in self.each_series(path) for one in own.images(path)]
        if self.time != "all":
            return [self.one_channel(path)]
        frames = replace(self, time=None).opened(path).lengths.get("T", 1)
        return [
            replace(one, name=f"{one.name} time {number}")
            for number in range(frames)
            for one in [replace(self, time=number).one_channel(path)]
        ]

    def each_series(self, path: str | os.PathLike[str]) -> list[Reading]:
        """Return how each image of a file is read, where all were chosen; otherwise this alone.

        Raises
        ------
        ImageError
            If there is no such file.
        """
        if self.series != ALL:
            return [self]
        from psfbridge.imaging.formats import open_stored

        names = open_stored(path).series_names
        return [replace(self, series=str(number)) for number in range(max(len(names), 1))]

    def one_channel(self, path: str | os.PathLike[str]) -> Image:
        """Read one channel of a file as an image with axes (z, y, x).

        Raises
        ------
        ImageError
            If there is no such image, or it has several channels and none was chosen.
        """
        return self.image(path).channel(None if self.channel is None else 0)

    def opened(self, path: str | os.PathLike[str]) -> Opened:
        """Open a file and settle what it leaves open, before any voxel is read.

        Raises
        ------
        ImageError
            If there is no such image, channel or time point, or its axes or voxel size are open.
        """
        from psfbridge.imaging.formats import open_stored

        stored = open_stored(path, None if self.series == ALL else self.series)
        if self.series == ALL and len(stored.series_names) > 1:
            raise OptionError(
                f"{{series}} is all and {stored.name} holds {len(stored.series_names)} images, "
                "but only one can be used here (distill and batch accept all).",
                option="series",
            )
        return self._settled(stored)

    def _settled(self, stored: Stored) -> Opened:
        from psfbridge.imaging.formats.axes import frames_as_planes, named_axes
        from psfbridge.imaging.formats.repeats import WAYS, combine_times

        letters, assumed = named_axes(stored, self.axes)
        if self.frames_as_planes:
            letters, said = frames_as_planes(stored, letters)
            assumed = (*assumed, *said)
        if self.axes is not None:
            stored = replace(stored, notes=())
        if self.time in WAYS:
            stored, letters = combine_times(stored, letters, str(self.time))
        planes = dict(zip(letters, stored.shape, strict=True)).get("Z", 1)
        size = chosen_voxel_um(stored, self.voxel_um, planes, self.voxel_option)
        channel = channel_number(stored, self.channel)
        time = self.time if isinstance(self.time, int) else None
        return Opened(stored, letters, size, channel, time, (*stored.notes, *assumed))

    def _image(self, opened: Opened, source: str) -> Image:
        from psfbridge.imaging.formats.axes import chosen_part

        self._refuse_all_times(opened)
        data = chosen_part(opened.stored, opened.letters, opened.channel, opened.time)
        return self._of(data, opened, source)

    def _lazy_volume(self, path: str | os.PathLike[str], opened: Opened) -> LazyVolume | None:
        from psfbridge.imaging.sources import lazy_file

        self._refuse_all_times(opened)
        return lazy_file(partial(self.opened, path), opened)

    def _refuse_all_times(self, opened: Opened) -> None:
        if self.time == "all" and opened.lengths.get("T", 1) > 1:
            raise OptionError(
                "{time} is all, which distils each time point as a separate image; here, allowed "
                "are a single time point, mean, sum and median.",
                option="time",
            )

    def _of(self, data: Any, opened: Opened, source: str) -> Image:
        stored = opened.stored
        optics, names = stored.optics.each(), stored.channel_names
        if opened.channel is not None:
            optics = of_channel(optics, opened.channel)
            names = of_channel(names, opened.channel)
        return Image(
            data,
            opened.voxel_um,
            stored.name,
            source,
            opened.notes,
            self.valid(),
            optics=optics,
            channel_names=names,
        )

    def valid(self) -> NDArray[np.bool_] | None:
        """Return where the mask has data; None without a mask.

        Raises
        ------
        ImageError
            If there is no such mask.
        """
        if self.mask is None:
            return None
        from psfbridge.imaging.formats import open_stored
        from psfbridge.imaging.formats.axes import chosen_part, named_axes

        stored = open_stored(self.mask)
        return np.asarray(chosen_part(stored, named_axes(stored, None)[0], None, None), bool)


@dataclass(frozen=True, eq=False)
class Opened:
    """An opened file whose axes, voxel size and choices are settled, no voxel read yet.

    Parameters
    ----------
    stored : Stored
        The image as it lies in its file.
    letters : str
        T, C, Z, Y or X for every axis; another letter where it has one place.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    channel, time : int or None
        Which is read; None is all.
    notes : tuple of str
        What was assumed, one sentence each.
    """

    stored: Stored
    letters: str
    voxel_um: VoxelUm
    channel: int | None
    time: int | None
    notes: tuple[str, ...]

    @property
    def lengths(self) -> dict[str, int]:
        """The length of every axis, by its letter."""
        return dict(zip(self.letters, self.stored.shape, strict=True))


def channel_number(stored: Stored, wanted: int | str | None) -> int | None:
    """Return the number of a channel that is given by its number or its name.

    Parameters
    ----------
    stored : Stored
        The file.
    wanted : int, str or None
        Number or name; None stays None.

    Raises
    ------
    ImageError
        If no channel, or several, have the name.
    """
    if wanted is None or isinstance(wanted, int):
        return wanted
    names = [name.casefold() for name in stored.channel_names]
    if names.count(wanted.casefold()) == 1:
        return names.index(wanted.casefold())
    known = (
        f"it has {', '.join(stored.channel_names)}"
        if any(names)
        else ("its channels have no names")
    )
    raise ImageError(
        f"{stored.name} has no channel named {wanted!r}; {known}.",
        option="channel",
        found=wanted,
        remedy="Give its number, counted from 0: {channel=0}.",
    )


def read_image(
    path: str | os.PathLike[str] | NDArray[Any],
    *,
    channel: int | None = None,
    time: int | None = None,
    axes: str | None = None,
    voxel_um: Sequence[float] | None = None,
) -> Image:
    """Read an image from a TIFF (plain, ImageJ, OME), an OME-Zarr folder or a ``.npy`` file.

    Uncompressed voxels are mapped from the file, read only where they are used, and keep its byte
    order; others are loaded after checking the free memory.

    Parameters
    ----------
    path : path or array
        The file; or an array, whose axes are the last of (t, c, z, y, x).
    channel : int, optional
        Read this channel only, counted from 0.
    time : int, optional
        Read this time point, counted from 0; required if there are several.
    axes : str, optional
        What the axes are, for example ``ZYX``, if the file does not state them correctly.
    voxel_um : sequence of float, optional
        Voxel size in z, y and x, in µm; overrides the value in the file.

    Returns
    -------
    Image
        Its array has axes (z, y, x), or (c, z, y, x) where there are several channels and none was
        chosen. A single plane needs no z step and gets one of 1 µm.

    Raises
    ------
    ImageError
        If there is no such image, it is damaged, has no voxel size, or has several time points and
        none was chosen.
    OptionError
        If `channel`, `time`, `axes` or `voxel_um` is invalid.

    Examples
    --------
    >>> import numpy as np
    >>> read_image(np.zeros((4, 9, 9)), voxel_um=(0.2, 0.1, 0.1)).notes
    ('The axes of array, shape (4, 9, 9), were interpreted as (z, y, x).',)
    """
    from psfbridge.imaging.formats import stored_array

    reading = Reading.of(channel=channel, time=time, axes=axes, voxel_um=voxel_um)
    if isinstance(path, np.ndarray):
        return reading._image(reading._settled(stored_array(path)), "")
    return reading.image(path)


def chosen_voxel_um(
    stored: Stored, given: Sequence[float] | None, planes: int, option: str = "voxel_um"
) -> VoxelUm:
    """Return the voxel size given, or the file's; a single plane needs no z step."""
    if given is not None:
        return voxel_size(given)
    z, y, x = stored.voxel_um
    z = z or (1.0 if planes == 1 else None)
    if z and y and x:
        return _plausible(stored.name, (z, y, x), option)
    missing = "z step" if y and x else "pixel size in x and y" if z and planes > 1 else "voxel size"
    adjective = "usable " if stored.faults else ""
    reason = f" ({'; '.join(stored.faults)})" if stored.faults else ""
    example = f"{z or 0.2:.4g} {y or x or 0.065:.4g} {x or y or 0.065:.4g}"
    raise ImageError(
        f"{stored.name} has no {adjective}{missing}{reason}.",
        option=option,
        remedy=f"Give the voxel size in µm (z y x), for example {{{option}={example}}}.",
    )


def _plausible(name: str, size: VoxelUm, option: str) -> VoxelUm:
    fault = voxel_fault(size)
    if fault:
        raise ImageError(
            f"{name} has voxels of {fault}.",
            option=option,
            remedy=f"Give the correct size in µm: {{{option}=Z Y X}}.",
        )
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


def read_attachment(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes that `psfbridge.imaging.write.write_image` attached, or none.

    Raises
    ------
    ImageError
        If there is no such file, or it is damaged.
    """
    from psfbridge.imaging.formats import attachment_of

    return attachment_of(path)
