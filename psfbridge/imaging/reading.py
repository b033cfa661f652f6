"""How a file is to be read, where it leaves a choice or is wrong."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from psfbridge._util.validate import voxel_size
from psfbridge.imaging.image import Image, read_image

__all__ = ["Reading"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a file is to be read.

    Parameters
    ----------
    voxel_um : sequence of float, optional
        Voxel size in z, y and x, in µm; overrides the file's.
    channel, time : int, optional
        Which to take, counted from 0; by default all.
    axes : str, optional
        What the axes are, where the file does not say.

    Raises
    ------
    OptionError
        If the voxel size is not three positive numbers.

    Examples
    --------
    >>> Reading(channel=1).channel
    1
    """

    voxel_um: Sequence[float] | None = None
    channel: int | None = None
    time: int | None = None
    axes: str | None = None

    def __post_init__(self) -> None:
        if self.voxel_um is not None:
            object.__setattr__(self, "voxel_um", voxel_size(self.voxel_um))

    def image(self, path: str | os.PathLike[str]) -> Image:
        """Read a file; where no channel was chosen, the image has all of them.

        Raises
        ------
        ImageError
            If there is no such image, or it leaves open what was not chosen.
        """
        return read_image(
            path, channel=self.channel, time=self.time, axes=self.axes, voxel_um=self.voxel_um
        )

    def one_channel(self, path: str | os.PathLike[str]) -> Image:
        """Read one channel of a file as an image with axes (z, y, x).

        Raises
        ------
        ImageError
            If there is no such image, or it has several channels and none was chosen.
        """
        return self.image(path).channel(None if self.channel is None else 0)
