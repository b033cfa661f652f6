"""File formats: reading and writing of image files."""

from __future__ import annotations

from psfbridge.imaging.formats.detect import (
    attachment_of,
    dates_of,
    info_of,
    open_stored,
    stored_array,
)
from psfbridge.imaging.formats.sequence import image_files, join_planes
from psfbridge.imaging.formats.stored_image import Stored

__all__ = [
    "Stored",
    "attachment_of",
    "dates_of",
    "image_files",
    "info_of",
    "join_planes",
    "open_stored",
    "stored_array",
]
