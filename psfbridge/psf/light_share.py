"""The fraction of the light of a point inside the box of a PSF, stored with the PSF."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.imaging.image import Volume

__all__ = ["LIGHT_INSIDE", "checksum", "light_record", "light_share_of", "lit_planes"]

#: The name under which the share stands in a file's Info text.
LIGHT_INSIDE = "light_inside"


def checksum(psf: NDArray[Any]) -> int:
    """Return a number that changes with any voxel of a PSF."""
    return zlib.crc32(np.ascontiguousarray(psf, "<f4").tobytes())


def light_record(share: float | None, psf: Volume) -> dict[str, Any]:
    """Return what is kept of the share with a PSF: nothing where it is not known.

    Examples
    --------
    >>> light_record(None, np.zeros((1, 1, 1), np.float32))
    {}
    """
    if share is None:
        return {}
    return {LIGHT_INSIDE: {"share": share, "checksum": checksum(psf)}}


def light_share_of(info: str, psf: NDArray[Any]) -> float | None:
    """Return the share that an Info text gives for these very voxels, else None.

    A program that crops or changes the voxels may keep the text: it says nothing of what it wrote.

    Parameters
    ----------
    info : str
        What a file or ImageJ keeps with an image.
    psf : array
        The voxels as they were kept; the array has axes (z, y, x).

    Examples
    --------
    >>> psf = np.ones((3, 3, 3), np.float32) / 27
    >>> text = json.dumps(light_record(0.9, psf))
    >>> light_share_of(text, psf), light_share_of(text, psf[:, :1])
    (0.9, None)
    """
    try:
        told = json.loads(info or "{}")
    except ValueError:
        return None
    records = list(_records(told)) if isinstance(told, dict) else []
    own = checksum(psf) if records else 0
    shares = (one.get("share") for one in records if one.get("checksum") == own)
    share = next(shares, None)
    return float(share) if isinstance(share, int | float) and 0 < share <= 1 else None


def _records(told: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The records of one PSF, of the channels of a hyperstack, or of the places of a field."""
    for part in (told, *_mappings(told.get("channels"))):
        found = part.get(LIGHT_INSIDE)
        yield from _mappings(found if isinstance(found, list) else [found])


def _mappings(parts: Any) -> list[Mapping[str, Any]]:
    return [one for one in parts if isinstance(one, dict)] if isinstance(parts, list) else []


def lit_planes(planes: int) -> int:
    """Return in how many of a PSF's planes there may be light: the outermost two are zero."""
    return 1 if planes == 1 else planes - 2
