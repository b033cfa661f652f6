"""The file formats: what a file says of itself, before anything is chosen or assumed."""

from __future__ import annotations

from psfbridge.imaging.formats.detect import dates_of, info_of, open_stored, stored_array
from psfbridge.imaging.formats.stored_image import Stored

__all__ = ["Stored", "dates_of", "info_of", "open_stored", "stored_array"]
