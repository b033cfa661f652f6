"""Detection of vendor formats and the libraries that read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from psfbridge.errors import ImageError, MissingPartError, PsfBridgeError
from psfbridge.imaging.formats.stored_image import Index, Stored

__all__ = ["Vendor", "open_vendor_file", "vendor_of"]


@dataclass(frozen=True)
class Vendor:
    """A maker's format.

    Parameters
    ----------
    name : str
        What messages call a file of it.
    package : str
        The library that reads it, as pip knows it.
    module : str
        The same as Python imports it.
    reader : str
        The module here that asks it.
    """

    name: str
    package: str
    module: str
    reader: str


_ND2 = Vendor("a Nikon ND2 file", "nd2", "nd2", "nd2_file")
_LIF = Vendor("a Leica LIF file", "liffile", "liffile", "lif_file")
_CZI = Vendor("a Zeiss CZI file", "pylibCZIrw", "pylibCZIrw", "czi_file")
_OIF = Vendor("an Olympus OIB or OIF file", "oiffile", "oiffile", "oif_file")

_ICS = Vendor("an ICS file", "diplib", "diplib", "ics_file")
_HUYGENS = Vendor("an HDF5 file of Huygens", "h5py", "h5py", "huygens_file")

#: First bytes, and endings where those bytes are shared with other formats.
_MAGIC: tuple[tuple[bytes, tuple[str, ...], Vendor], ...] = (
    (b"\xda\xce\xbe\x0a", (), _ND2),
    (b"\x00\x00\x00\x0cjP  ", (".nd2",), _ND2),
    (b"\x70\x00\x00\x00", (".lif", ".lof"), _LIF),
    (b"ZISRAWFILE", (), _CZI),
    (b"\xd0\xcf\x11\xe0", (".oib",), _OIF),
    (b"", (".oif",), _OIF),
    (b"", (".ics",), _ICS),
    (b"\x89HDF", (".h5", ".hdf5"), _HUYGENS),
)


def vendor_of(path: Path, head: bytes) -> Vendor | None:
    """Return the format of a file by its first bytes and ending; None where it is no maker's."""
    ending = path.suffix.lower()
    for magic, endings, vendor in _MAGIC:
        if head.startswith(magic) and (not endings or ending in endings):
            return vendor
    return None


def open_vendor_file(path: Path, vendor: Vendor, series: int | str | None) -> Stored:
    """Return what a maker's file says of itself.

    Raises
    ------
    ImageError
        If it is damaged, or has no such series.
    MissingPartError
        If the library that reads it is not installed.
    """
    if find_spec(vendor.module) is None:
        raise MissingPartError(
            f"{path.name} is {vendor.name}; reading it needs {vendor.package}, which is not "
            f"installed. Install it (pip install {vendor.package}), or open the file in Fiji and "
            "save it as TIFF."
        )
    read: Callable[[Path, int | str | None], Stored]
    read = import_module(f"psfbridge.imaging.formats.vendors.{vendor.reader}").read
    with _clear_errors(path.name, vendor):
        stored = read(path, series)

    def read_part(index: Index) -> NDArray[Any]:
        with _clear_errors(path.name, vendor):
            return stored.read(index)

    return replace(stored, read=read_part)


@contextmanager
def _clear_errors(name: str, vendor: Vendor) -> Iterator[None]:
    """Make one line of whatever a library raises on a damaged file: nearly every exception."""
    try:
        yield
    except (PsfBridgeError, MemoryError):
        raise
    except Exception as fault:
        raise ImageError(
            f"{name} is damaged, or {vendor.name} of a kind that {vendor.package} cannot "
            f"read: {_reason(fault)}. Copy it again, or open it in Fiji "
            "and save it as TIFF."
        ) from fault


def _reason(fault: Exception) -> str:
    """What failed, without where in the library: DIPlib tells that on further lines."""
    return str(fault).strip().partition("\n")[0][:150] or type(fault).__name__
