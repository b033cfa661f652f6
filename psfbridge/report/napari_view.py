"""The result in napari, at the true size of its voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psfbridge._util.extras import how_to_install
from psfbridge.detection.beads import HELD_OUT, REJECTED, USED
from psfbridge.errors import MissingPartError

if TYPE_CHECKING:
    from psfbridge.distillation.result import Distillation

__all__ = ["check_viewer", "view"]

_UNITS = ("um", "um", "um")
_COLOURS = {USED: "#3ddc97", HELD_OUT: "#56b4e9", REJECTED: "#ff5c5c"}


def check_viewer() -> None:
    """Ask for napari before long work.

    Raises
    ------
    MissingPartError
        If it is not installed.
    """
    from importlib.util import find_spec

    if find_spec("napari") is None:
        raise MissingPartError(
            "napari is not installed.",
            remedy=f"Install it ({how_to_install('napari')}), or look at the report instead.",
        )


def view(result: Distillation) -> None:
    """Open napari with the PSF, the images and the beads by status; return when it is closed.

    Parameters
    ----------
    result : Distillation
        Shown in µm, so that a voxel has its true proportions.

    Raises
    ------
    MissingPartError
        If napari is not installed.
    """
    check_viewer()
    import napari

    viewer = napari.Viewer(title=f"PSF by {result.method}", ndisplay=3)
    for image in result.images:
        viewer.add_image(
            image.data,
            name=image.name,
            scale=image.voxel_um,
            units=_UNITS,
            colormap="gray",
            visible=False,
        )
        for status, colour in _COLOURS.items():
            beads = [bead for bead in result.beads.with_status(status) if bead.image == image.name]
            viewer.add_points(
                [(bead.z, bead.y, bead.x) for bead in beads] or None,
                name=f"{status} in {image.name}",
                ndim=3,
                scale=image.voxel_um,
                units=_UNITS,
                size=4,
                face_color="transparent",
                border_color=colour,
                visible=False,
            )
    viewer.add_image(
        result.psf.data,
        name="PSF",
        scale=result.psf.voxel_um,
        units=_UNITS,
        colormap="inferno",
        gamma=0.5,
    )
    viewer.scale_bar.visible = True
    napari.run()
