"""An image that is open in a Fiji in another process.

The commands ask an ImagePlus for a few facts and for its planes. `RemoteImage` answers the same
questions, by the same names, from what Fiji sent: the facts in one record, the planes in shared
memory.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["RemoteImage"]

Facts = Mapping[str, Any]

# Roi.getType() of a multi-point selection, and of a rectangle.
_POINTS, _AREA = 10, 0


class RemoteImage:
    """Stands in for an ``ij.ImagePlus``.

    Parameters
    ----------
    facts : mapping
        Title, type, sizes, position, calibration and selection, as Fiji's script gathers them.
    planes : array, optional
        The array has axes (c, z, y, x): the channels that were asked for, of one frame.
    channels : sequence of int
        Which channels these are, counted from 1.
    """

    def __init__(
        self,
        facts: Facts,
        planes: NDArray[Any] | None = None,
        channels: Sequence[int] = (),
    ) -> None:
        self._facts = facts
        self._planes = planes
        self._channels = list(channels)
        #: What to keep with the image, by name.
        self.properties: dict[str, str] = dict(facts["properties"])

    def __getattr__(self, name: str) -> Any:
        """Answer a plain question, as ``getNSlices``, with the fact of that name."""
        if name in self._facts:
            return lambda: self._facts[name]
        raise AttributeError(f"Fiji sent no {name}")

    def getProcessor(self) -> Any:
        """Return None if the image is no longer open."""
        return self if self._facts["open"] else None

    def lockSilently(self) -> bool:
        """Return whether Fiji could lock the image, which it does while sending the planes."""
        return bool(self._facts["free"])

    def unlock(self) -> None:
        """Do nothing: Fiji unlocks."""

    def getOriginalFileInfo(self) -> None:
        """Return None; the file is known only to Fiji."""

    def getCalibration(self) -> _Calibration:
        """Return voxel size, unit, and what a value means."""
        return _Calibration(self._facts["calibration"])

    def getProperty(self, name: str) -> str | None:
        """Return the Info text, or what psfbridge keeps with the image under a name."""
        return self._facts.get("info") if name == "Info" else self.properties.get(name)

    def setProperty(self, name: str, text: str) -> None:
        """Keep a text with the image; Fiji does so when the task is done."""
        self.properties[name] = text

    def getOverlay(self) -> _Names:
        """Return psfbridge's elements of the Overlay; of each there is its name."""
        counts = self._facts["overlay"].items()
        return _Names([name for name, count in counts for _ in range(count)])

    def getRoi(self) -> Any:
        """Return the selection, or None."""
        roi = self._facts["roi"]
        if roi is None:
            return None
        return _Points(roi["points"]) if "points" in roi else _Area(roi)

    def getStack(self) -> RemoteImage:
        """Return the access to the planes."""
        return self

    def getStackIndex(self, channel: int, z: int, frame: int) -> int:
        """Return the number of a plane, from 1, as ImageJ counts: channels first."""
        channels, slices = self._facts["getNChannels"], self._facts["getNSlices"]
        return int(((frame - 1) * slices + z - 1) * channels + channel)

    def convertIndexToPosition(self, index: int) -> tuple[int, int, int]:
        """Return channel, slice and frame of a plane."""
        channels, slices = self._facts["getNChannels"], self._facts["getNSlices"]
        rest, channel = divmod(index - 1, channels)
        frame, z = divmod(rest, slices)
        return channel + 1, z + 1, frame + 1

    def getPixels(self, index: int) -> NDArray[Any]:
        """Return one of the planes that were sent."""
        channel, z, _ = self.convertIndexToPosition(index)
        if self._planes is None:
            raise LookupError("the planes were not transferred")
        return np.asarray(self._planes[self._channels.index(channel), z - 1]).ravel()


class _Calibration:
    """Stands in for an ``ij.measure.Calibration``."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.pixelDepth, self.pixelHeight, self.pixelWidth = facts["sizes"]

    def getZUnit(self) -> Any:
        return self._facts["units"][0]

    def getYUnit(self) -> Any:
        return self._facts["units"][1]

    def getXUnit(self) -> Any:
        return self._facts["units"][2]

    getUnit = getXUnit

    def calibrated(self) -> bool:
        return self.isSigned16Bit() or self._facts["table"] is not None

    def isSigned16Bit(self) -> bool:
        return bool(self._facts["signed"])

    def getCTable(self) -> Any:
        return self._facts["table"]


class _Names:
    """Stands in for an ``ij.gui.Overlay``."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def size(self) -> int:
        return len(self._names)

    def get(self, index: int) -> _Element:
        return _Element(self._names[index])


class _Element(NamedTuple):
    name: str

    def getName(self) -> str:
        return self.name


class _Point(NamedTuple):
    x: float
    y: float
    position: int


class _Points:
    """Stands in for an ``ij.gui.PointRoi``."""

    def __init__(self, points: Sequence[Sequence[float]]) -> None:
        self._points = [_Point(float(x), float(y), int(at)) for x, y, at in points]
        self.npoints = len(points)
        self.xpoints = [point.x for point in self._points]
        self.ypoints = [point.y for point in self._points]

    def getType(self) -> int:
        return _POINTS

    def isArea(self) -> bool:
        return False

    def getContainedFloatPoints(self) -> _Points:
        return self

    def getPointPosition(self, index: int) -> int:
        return self._points[index].position


class _Bounds(NamedTuple):
    x: int
    y: int
    width: int
    height: int


class _Area:
    """Stands in for an ``ij.gui.Roi`` that encloses an area."""

    def __init__(self, facts: Facts) -> None:
        self._box = _Bounds(*map(int, facts["bounds"]))
        mask = facts["mask"]
        self._mask = (
            np.ones((self._box.height, self._box.width), bool)
            if mask is None
            else np.frombuffer(base64.b64decode(mask), np.uint8).reshape(
                self._box.height, self._box.width
            )
            != 0
        )

    def getType(self) -> int:
        return _AREA

    def isArea(self) -> bool:
        return True

    def getBounds(self) -> _Bounds:
        return self._box

    def contains(self, x: int, y: int) -> bool:
        row, column = y - self._box.y, x - self._box.x
        inside = 0 <= row < self._box.height and 0 <= column < self._box.width
        return inside and bool(self._mask[row, column])
