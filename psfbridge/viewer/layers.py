"""Images, beads and PSFs as napari layers, in µm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psfbridge.detection.beads import HELD_OUT, REJECTED, USED, Bead
from psfbridge.viewer.settings import CLICKS

if TYPE_CHECKING:
    from psfbridge.imaging.image import Image
    from psfbridge.psf.psf import PSF

__all__ = ["COLOURS", "LayerData", "beads_layer", "image_layer", "positions_um", "psf_layer"]

#: Voxels, how they are shown, and the kind of layer: what readers of napari return.
LayerData = tuple[Any, dict[str, Any], str]

UNITS = ("um", "um", "um")
COLOURS: dict[str, str] = {USED: "#3ddc97", HELD_OUT: "#56b4e9", REJECTED: "#ff5c5c"}


def image_layer(image: Image) -> LayerData:
    """Return an image as a layer.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x).
    """
    shown = {"name": image.name, "scale": image.voxel_um, "units": UNITS, "colormap": "gray"}
    return image.data, shown, "image"


def psf_layer(psf: PSF, name: str = "PSF", centre_um: ArrayLike = (0, 0, 0)) -> LayerData:
    """Return a PSF as a layer whose peak is at `centre_um` (z, y, x)."""
    half = np.array(psf.data.shape) // 2 * psf.voxel_um
    shown = {
        "name": name,
        "scale": psf.voxel_um,
        "units": UNITS,
        "translate": tuple((np.asarray(centre_um, float) - half).tolist()),
        "colormap": "inferno",
        "gamma": 0.5,
        "metadata": {"psf": psf},
    }
    return psf.data, shown, "image"


def beads_layer(beads: Sequence[Bead], image: Image, name: str) -> LayerData:
    """Return beads as rings, coloured by status.

    Parameters
    ----------
    beads : sequence of Bead
        Of this image.
    image : Image
        Its voxel size gives their places in µm.
    name : str
        What the layer is called.
    """
    shown = {
        "name": name,
        "ndim": 3,
        "units": UNITS,
        "size": 2 * CLICKS.reach_um,
        "face_color": "transparent",
        "border_color": [COLOURS[bead.status] for bead in beads] or "white",
        "border_width": 0.1,
        "out_of_slice_display": True,
        "features": {
            "status": [str(bead.status) for bead in beads],
            "reason": [str(bead.reason) for bead in beads],
        },
    }
    return positions_um(beads, image), shown, "points"


def positions_um(beads: Sequence[Bead], image: Image) -> NDArray[np.float64]:
    """Return the places of beads in µm; the array has shape (beads, 3): z, y, x."""
    places = np.array([(bead.z, bead.y, bead.x) for bead in beads], float).reshape(-1, 3)
    return np.asarray(places * image.voxel_um)
