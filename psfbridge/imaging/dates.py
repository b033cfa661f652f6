"""Acquisition dates."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psfbridge.errors import ImageError

__all__ = ["Taken", "parsed_date", "taken"]

#: How dates are written besides ISO 8601: TIFF's way, and what microscopes put into texts.
_FORMATS = ("%Y:%m:%d %H:%M:%S", "%Y%m%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S")


@dataclass(frozen=True)
class Taken:
    """The date of an image by the microscope's clock, and where it was found.

    `source` is ``image``, where the file itself says so, or ``file``, the time at which the file
    was last written.
    """

    date: datetime
    source: str


def taken(path: str | os.PathLike[str]) -> Taken | None:
    """Return when an image was taken; None if there is no such file.

    Parameters
    ----------
    path : path
        An image file or an OME-Zarr folder.
    """
    from psfbridge.imaging.formats import dates_of

    try:
        named = dates_of(path)
    except ImageError:
        # A damaged file is still one of some date; reading its voxels will say what is wrong.
        named = []
    dates = (parsed_date(text) for text in named)
    date = next((one for one in dates if one is not None), None)
    if date is not None:
        return Taken(date, "image")
    try:
        written = Path(path).stat().st_mtime
    except OSError:
        return None
    return Taken(datetime.fromtimestamp(written).replace(microsecond=0), "file")


def parsed_date(text: str) -> datetime | None:
    """Return a written date, to the second, as its clock showed it; None if it is none.

    Examples
    --------
    >>> parsed_date("2024:03:01 09:30:00")
    datetime.datetime(2024, 3, 1, 9, 30)
    >>> parsed_date("2024-03-01T09:30:00+01:00")
    datetime.datetime(2024, 3, 1, 9, 30)
    """
    text = text.strip().strip("\0")
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return next((one for form in _FORMATS if (one := _in_form(text, form))), None)
    return date.replace(microsecond=0, tzinfo=None)


def _in_form(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None
