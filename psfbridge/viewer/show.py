"""Display of results in napari, at the true voxel size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psfbridge._util.extras import check_installed
from psfbridge.detection.beads import USED
from psfbridge.viewer.layers import COLOURS, beads_layer, image_layer, psf_layer

if TYPE_CHECKING:
    from psfbridge.distillation.result import Distillation

__all__ = ["add_result", "check_viewer", "view"]

#: The PSF fills about so many pixels of the window.
_FILLED_PX = 500


def check_viewer() -> None:
    """Ask for napari before long work.

    Raises
    ------
    MissingPartError
        If it is not installed.
    """
    check_installed("napari", "napari", what="napari", otherwise="see the report instead")


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
    add_result(viewer, result)
    napari.run()


def add_result(viewer: Any, result: Distillation) -> None:
    """Add the layers of a result to a window, and centre it on the PSF.

    Parameters
    ----------
    viewer : napari.Viewer
        The window.
    result : Distillation
        Images and beads are hidden at first: the PSF is much smaller than they are.
    """
    for image in result.images:
        data, shown, _ = image_layer(image)
        viewer.add_image(data, **shown, visible=False)
        for status in COLOURS:
            beads = [bead for bead in result.beads.with_status(status) if bead.image == image.name]
            points, shown, _ = beads_layer(beads, image, f"{status} in {image.name}")
            viewer.add_points(points, **shown, visible=False)
    middle = _first_bead_um(result)
    data, shown, _ = psf_layer(result.psf, "PSF", middle)
    viewer.add_image(data, **shown)
    viewer.scale_bar.visible = True
    viewer.dims.set_point(range(3), middle)
    viewer.camera.center = middle
    sizes = (n * step for n, step in zip(data.shape, result.psf.voxel_um, strict=True))
    viewer.camera.zoom = _FILLED_PX / max(sizes)


def _first_bead_um(result: Distillation) -> tuple[float, float, float]:
    """Return the place of a used bead: there the PSF lies on what it was made of."""
    used = result.beads.with_status(USED)
    if not used:
        return 0.0, 0.0, 0.0
    step = result.psf.voxel_um
    return used[0].z * step[0], used[0].y * step[1], used[0].x * step[2]
