"""The open images of ImageJ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psfbridge.bridge.commands.inputs import need_image
from psfbridge.bridge.convert.imageplus import from_imageplus
from psfbridge.bridge.java.find import java_class
from psfbridge.imaging.image import Image

__all__ = ["OpenImages", "open_image"]


def open_image(imp: Any = None) -> Any:
    """Return `imp`, or the active image.

    Raises
    ------
    ImageError
        If no image is open, or it was closed.
    """
    return need_image(imp or java_class("ij.WindowManager").getCurrentImage())


class OpenImages:
    """The images on ImageJ's desk, by their titles."""

    def titles(self) -> Sequence[str]:
        """Return the titles of the open images."""
        return [str(title) for title in java_class("ij.WindowManager").getImageTitles()]

    def image(self, title: str, voxel_um: Any = None) -> Image | None:
        """Return the open image of this title; of several, the one that was opened last."""
        manager = java_class("ij.WindowManager")
        images = [manager.getImage(number) for number in manager.getIDList() or ()]
        named = [imp for imp in images if str(imp.getTitle()) == title]
        return from_imageplus(named[-1], voxel_um=voxel_um) if named else None
