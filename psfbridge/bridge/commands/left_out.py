"""Beads that the user excluded by deleting their marks from the overlay.

What was marked is kept as a property of the image, a line for each bead, and so are the beads that
are left out. Where all marks are gone, the person wants to begin anew, and nothing is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from psfbridge.bridge.commands.bead_marks import PREVIEW, marks_of
from psfbridge.bridge.commands.command_result import Found
from psfbridge.bridge.commands.inputs import Input
from psfbridge.bridge.settings import MARKS
from psfbridge.detection.beads import REJECTED, Bead, Beads
from psfbridge.detection.statuses import Reason

__all__ = ["MARKED", "any_left_out", "marked", "settle", "without_left_out"]

#: Properties of an ImagePlus.
MARKED, LEFT_OUT = "PSF Bridge marks", "PSF Bridge left out"

_NUMBERED = re.compile(r"-\d+$")

#: A circle and a number.
_EACH = 2


@dataclass(frozen=True)
class _Marked:
    """A bead that was marked: how often, and its position in voxels."""

    count: int
    channel: int
    z: float
    y: float
    x: float
    name: str

    def __str__(self) -> str:
        return f"{self.count} {self.channel} {self.z:.3f} {self.y:.3f} {self.x:.3f} {self.name}"

    @classmethod
    def read(cls, line: str) -> _Marked:
        count, channel, z, y, x, name = line.split(" ", 5)
        return cls(int(count), int(channel), float(z), float(y), float(x), name)

    def is_at(self, bead: Bead) -> bool:
        apart = (self.z - bead.z, self.y - bead.y, self.x - bead.x)
        return max(map(abs, apart)) <= MARKS.reach_voxels


def marked(found: Iterable[Found]) -> str:
    """Return what to keep of the marks of beads as the image's property `MARKED`."""
    return _text(each for one in found for each in _marked(one))


def _marked(found: Found) -> Iterator[_Marked]:
    marks = list(marks_of(found))
    counts = Counter(mark.name for mark in marks)
    for name, mark in {mark.name: mark for mark in marks}.items():
        count = counts[name] * _EACH
        yield _Marked(count, found.source.channel, mark.bead_z, mark.y, mark.x, name)


def settle(imp: Any) -> None:
    """Record the beads whose marks were deleted since they were drawn.

    Parameters
    ----------
    imp : ij.ImagePlus
        The image, not while a preview marks it.
    """
    there = Counter(_names(imp))
    if any(name.startswith(PREVIEW) for name in there):
        return
    known = list(_kept(imp, MARKED))
    if not any(there[one.name] for one in known):
        _keep(imp, MARKED, ())
        _keep(imp, LEFT_OUT, ())
        return
    gone = [one for one in known if there[one.name] < one.count]
    _keep(imp, MARKED, [one for one in known if one not in gone])
    _keep(imp, LEFT_OUT, [*_kept(imp, LEFT_OUT), *gone])


def without_left_out(source: Input, beads: Beads) -> Beads:
    """Return the beads, with those excluded by the user rejected as not chosen."""
    out = _left_out(source)
    return Beads(
        replace(bead, status=REJECTED, reason=str(Reason.NOT_CHOSEN))
        if any(one.is_at(bead) for one in out)
        else bead
        for bead in beads
    )


def any_left_out(source: Input) -> bool:
    """Return whether the user excluded a bead of this channel."""
    return bool(_left_out(source))


def _left_out(source: Input) -> list[_Marked]:
    return [one for one in _kept(source.imp, LEFT_OUT) if one.channel == source.channel]


def _names(imp: Any) -> Iterator[str]:
    overlay = imp.getOverlay()
    for index in range(0 if overlay is None else int(overlay.size())):
        # The ROI Manager numbers names that it meets again, and gives them back so.
        yield _NUMBERED.sub("", str(overlay.get(index).getName() or ""))


def _kept(imp: Any, key: str) -> Iterator[_Marked]:
    text = imp.getProperty(key)
    for line in str(text or "").splitlines():
        yield _Marked.read(line)


def _keep(imp: Any, key: str, beads: Iterable[_Marked]) -> None:
    imp.setProperty(key, _text(beads))


def _text(beads: Iterable[_Marked]) -> str:
    return "\n".join(map(str, beads))
