"""The optics recorded in a vendor file, as a note to the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psfbridge._util.units import positive_length
from psfbridge.imaging.formats.file_optics import FileOptics

__all__ = ["optics_note"]


def optics_note(name: str, optics: FileOptics) -> tuple[str, ...]:
    """Return a note on the optics recorded in a file.

    Parameters
    ----------
    name : str
        What messages call the file.
    optics : FileOptics
        What it says.
    """
    said = []
    if optics.na is not None:
        said.append(f"NA {optics.na:g}")
    if optics.index is not None:
        said.append(f"refractive index {optics.index:g}")
    channels = enumerate(optics.channels)
    said += [words for number, one in channels if (words := _of_channel(number, one))]
    if not said:
        return ()
    return (f"{name} says: {'; '.join(said)}.",)


_LENGTHS = (
    ("emission_um", "emission {:.3g} µm"),
    ("excitation_um", "excitation {:.3g} µm"),
    ("pinhole_au", "pinhole {:.2g} Airy units"),
)


def _of_channel(number: int, channel: Mapping[str, Any]) -> str:
    lengths = ((words, positive_length(channel.get(key))) for key, words in _LENGTHS)
    facts = [words.format(length) for words, length in lengths if length is not None]
    title = str(channel.get("name") or "")
    if not facts and not title:
        return ""
    return (
        f"channel {number}"
        + (f" {title}" if title else "")
        + (f": {', '.join(facts)}" if facts else "")
    )
