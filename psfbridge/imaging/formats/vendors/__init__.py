"""Vendor formats, each read by a maintained library."""

from __future__ import annotations

from psfbridge.imaging.formats.vendors.detect import open_vendor_file, vendor_of

__all__ = ["open_vendor_file", "vendor_of"]
