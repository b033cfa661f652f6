"""ImageJ2 images (Dataset and ImgPlus), through the pyimagej gateway."""

from __future__ import annotations

from typing import Any

from psfbridge.bridge.convert.xarrays import to_xarray
from psfbridge.bridge.java.host import current
from psfbridge.errors import BridgeError, ImageError
from psfbridge.imaging.image import Image
from psfbridge.psf.psf import PSF

__all__ = ["need_imageplus", "to_dataset"]

_SPACE = ("X", "Y", "Z")


def need_imageplus(image: Any) -> Any:
    """Return an ImagePlus as it is, and ImageJ2's Dataset or ImgPlus as an ImagePlus.

    Raises
    ------
    ImageError
        If it is neither, or there is no ImageJ2 to convert it.
    """
    if hasattr(image, "getProcessor"):
        return image
    kind = type(image).__name__
    # pyimagej gives Java's images the words of an xarray as well.
    of_java = hasattr(image, "numDimensions")
    if hasattr(image, "dims") and not of_java:
        raise ImageError(f"{kind} is a Python array. Use bridge.from_xarray.")
    gateway = _gateway()
    if not of_java or gateway is None:
        raise ImageError(
            f"{kind} is not an ImageJ image; allowed are an ij.ImagePlus and, with ImageJ2 (from "
            "bridge.start or bridge.install(ij)), a Dataset or an ImgPlus."
        )
    return gateway.py.to_imageplus(image)


def to_dataset(image: Image | PSF) -> Any:
    """Return an image or a PSF as an ImageJ2 Dataset, its axes in µm.

    Parameters
    ----------
    image : Image or PSF
        The array has axes (z, y, x) or (c, z, y, x).

    Raises
    ------
    BridgeError
        If there is no ImageJ2: plain ImageJ has no Dataset.
    """
    gateway = _gateway()
    if gateway is None:
        raise BridgeError(
            "a Dataset needs ImageJ2, which is not running. Start it by bridge.start with a Fiji "
            "folder or version, or call bridge.install(ij) with the ij of pyimagej."
        )
    dataset = gateway.py.to_dataset(to_xarray(image))
    for number in range(int(dataset.numDimensions())):
        axis = dataset.axis(number)
        if str(axis.type().getLabel()) in _SPACE:
            axis.setUnit("µm")  # pyimagej carries the scale alone
    return dataset


def _gateway() -> Any:
    host = current()
    return None if host is None else host.gateway
