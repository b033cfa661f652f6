"""Selection of beads in napari by mouse clicks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.detection.beads import REJECTED, USED, Bead
from psfbridge.viewer.layers import COLOURS, beads_layer
from psfbridge.viewer.settings import CLICKS

if TYPE_CHECKING:
    from psfbridge.imaging.image import Image

__all__ = ["BY_HAND", "BeadChoice"]

Floats = NDArray[np.float64]

#: The reason of a bead that a click dropped or added.
BY_HAND = "by hand"


class BeadChoice:
    """The beads of an image as a layer of points; a click drops, takes back or adds one.

    Parameters
    ----------
    viewer : napari.Viewer
        It receives the layer.
    image : Image
        The array has axes (z, y, x).
    beads : sequence of Bead
        As they were found and judged.
    """

    def __init__(self, viewer: Any, image: Image, beads: Sequence[Bead]) -> None:
        self._image = image
        points, shown, _ = beads_layer(beads, image, f"Beads of {image.name}")
        self.layer = viewer.add_points(points, **shown)
        self.changed = False
        # The layer's own tool would move points; ours only listens.
        self.layer.mode = "pan_zoom"
        self.layer.mouse_drag_callbacks.append(self._clicked)

    @property
    def statuses(self) -> list[str]:
        """The status of every bead."""
        return [str(status) for status in self.layer.features["status"]]

    def positions(self) -> Floats:
        """Return the beads that are to be used, in voxels; the array has shape (beads, 3)."""
        used = np.array(self.statuses) == USED
        return np.asarray(self.layer.data[used] / np.asarray(self._image.voxel_um), float)

    def click(self, at_um: Sequence[float]) -> None:
        """Drop or take back the bead at a place in µm (z, y, x), or add one.

        Parameters
        ----------
        at_um : sequence of float
            Where the click was, in the plane that is shown.
        """
        place = np.asarray(at_um, float)[-3:]
        statuses, reasons = self.statuses, [str(one) for one in self.layer.features["reason"]]
        number = self._nearest(place)
        if number is None:
            added = self._brightest(place)
            if added is None:
                return
            self.layer.add(added)
            statuses, reasons = [*statuses, USED], [*reasons, BY_HAND]
        else:
            statuses[number] = REJECTED if statuses[number] == USED else USED
            reasons[number] = BY_HAND
        self.changed = True
        self._colour(statuses, reasons)

    def _colour(self, statuses: Sequence[str], reasons: Sequence[str]) -> None:
        self.layer.features = {"status": list(statuses), "reason": list(reasons)}
        self.layer.border_color = [COLOURS[one] for one in statuses]
        self.layer.selected_data = set()
        self.layer.refresh()

    def _nearest(self, place: Floats) -> int | None:
        """Return the bead whose ring the click is in, the one nearest in z first."""
        if not len(self.layer.data):
            return None
        away = np.abs(self.layer.data - place)
        inside = np.hypot(away[:, 1], away[:, 2]) <= CLICKS.reach_um
        return int(np.argmin(np.where(inside, away[:, 0], np.inf))) if inside.any() else None

    def _brightest(self, place: Floats) -> Floats | None:
        """Return the brightest plane of the column at a place, in µm; None outside the image."""
        _, y, x = np.round(place / self._image.voxel_um).astype(int)
        _, rows, columns = self._image.data.shape
        if not (0 <= y < rows and 0 <= x < columns):
            return None
        near = tuple(
            slice(max(at - CLICKS.column_px, 0), at + CLICKS.column_px + 1) for at in (y, x)
        )
        sums = self._image.data[:, *near].sum(axis=(1, 2), dtype=float)
        return np.array([float(np.argmax(sums)) * self._image.voxel_um[0], *place[1:]])

    def _clicked(self, layer: Any, event: Any) -> Iterator[None]:  # noqa: ARG002 - napari's call
        """Distinguish a click from a drag, which moves the view."""
        yield
        dragged = False
        while event.type == "mouse_move":
            dragged = True
            yield
        if not dragged:
            self.click(event.position)
