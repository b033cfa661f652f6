"""Results of a command, independent of Java."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psfbridge.bridge.commands.inputs import Input
from psfbridge.detection.beads import Beads
from psfbridge.imaging.image import Image

__all__ = ["Figures", "Found", "Outcome", "Picture", "Profiles"]

#: What ``Ext.psfGet`` gives to macros.
Figures = Mapping[str, float | str]

#: A table of its own: title and rows.
Table = tuple[str, Sequence[Mapping[str, Any]]]

#: Lines to draw, by axis.
Profiles = Mapping[str, tuple[Sequence[float], Sequence[float]]]


@dataclass(frozen=True, eq=False)
class Picture:
    """An image to show.

    Parameters
    ----------
    title : str
        Its title in ImageJ.
    image : Image
        The array has axes (z, y, x) or (c, z, y, x).
    info : str
        What ImageJ keeps with it: Image > Show Info...
    """

    title: str
    image: Image
    info: str = ""


@dataclass(frozen=True, eq=False)
class Found:
    """The beads of one channel, to be marked and listed."""

    source: Input
    beads: Beads


@dataclass(frozen=True, eq=False)
class Outcome:
    """Everything that a command gives.

    Parameters
    ----------
    figures : mapping
        Numbers and words by name.
    log : sequence of str
        Lines for ImageJ's Log.
    pictures : sequence of Picture
        In the order in which they are shown; the last is active afterwards.
    found : sequence of Found
        Beads to mark and to list; of several channels of one image.
    measured : mapping
        A row for ImageJ's Results.
    table : tuple
        The title and the rows of a table of its own.
    opens : str
        The address of a page for the browser.
    profiles : mapping
        Profiles of a PSF by axis, to be drawn: distance in µm, and share of the maximum.
    """

    figures: Figures
    log: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    found: Sequence[Found] = ()
    measured: Mapping[str, float] = field(default_factory=dict)
    profiles: Profiles = field(default_factory=dict)
    table: Table = ("", ())
    opens: str = ""
