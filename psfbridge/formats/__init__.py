"""The file formats: what a file says of itself, before anything is chosen or assumed."""

from __future__ import annotations

from psfbridge.formats.stored import Stored
from psfbridge.formats.which import info_of, open_stored, stored_array

__all__ = ["Stored", "info_of", "open_stored", "stored_array"]
