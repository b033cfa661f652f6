"""The file formats: what a file says of itself, before anything is chosen or assumed."""

from __future__ import annotations

from psfbridge.formats.stored import Stored
from psfbridge.formats.which import dates_of, info_of, open_stored, stored_array

__all__ = ["Stored", "dates_of", "info_of", "open_stored", "stored_array"]
