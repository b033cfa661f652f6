"""Images as a Fiji sends them: the facts of an ImagePlus, and planes in shared memory."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from psfbridge.bridge.fiji.remote_image import RemoteImage
from psfbridge.imaging.image import Image


class Room:
    """Stands in for Appose's shared array."""

    def __init__(self, array: Any) -> None:
        self.array = array
        self.closed = False
        self.shm = SimpleNamespace(close=self.close)

    def ndarray(self) -> Any:
        return self.array

    def close(self) -> None:
        self.closed = True


def facts(image: Image, **others: Any) -> dict[str, Any]:
    channels = image.channels
    slices, height, width = image.data.shape[-3:]
    kinds = {"uint8": 0, "uint16": 1, "float32": 2}
    return {
        "getTitle": "beads.tif",
        "getType": kinds[image.data.dtype.name],
        "open": True,
        "free": True,
        "getWidth": width,
        "getHeight": height,
        "getNChannels": channels,
        "getNSlices": slices,
        "getNFrames": 1,
        "getC": 1,
        "getT": 1,
        "calibration": {
            "sizes": list(image.voxel_um),
            "units": ["micron", "µm", "um"],
            "signed": False,
            "table": None,
        },
        "roi": None,
        "overlay": {},
        "properties": {},
        **others,
    }


def remote(image: Image, title: str = "beads.tif") -> RemoteImage:
    """Return an image as the commands see one of a Fiji."""
    planes = image.data.reshape(-1, *image.data.shape[-3:])
    return RemoteImage(
        {**facts(image), "getTitle": title}, np.asarray(planes), range(1, len(planes) + 1)
    )
