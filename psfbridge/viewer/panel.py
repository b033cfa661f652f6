"""The napari panel: find beads, select among them, distil and show the PSF."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from psfbridge._util.option_kinds import Flag, Option
from psfbridge._util.option_records import options_of
from psfbridge.detection.find import find_beads
from psfbridge.distillation.api import distill
from psfbridge.errors import Cancelled, OptionError, PsfBridgeError
from psfbridge.evaluation.presets import load_preset, preset_names
from psfbridge.hosts import Host
from psfbridge.imaging.image import Image
from psfbridge.options import DistillOptions
from psfbridge.viewer.background_job import BackgroundJob
from psfbridge.viewer.bead_choice import BeadChoice
from psfbridge.viewer.layers import psf_layer

if TYPE_CHECKING:
    from psfbridge.detection.beads import Beads
    from psfbridge.distillation.result import Distillation
    from psfbridge.progress import Progress

__all__ = ["DistilPanel"]

#: What the panel asks for; every other option has its default.
_ASKED = ("bead_diameter_um", "na", "wavelength_um", "refractive_index", "microscope", "quick")
_NO_PRESET = "(no preset)"
#: How often the window looks at the progress, in ms.
_LOOK_MS = 100
#: The PSF stands so far to the right of the image, as a share of the image's width.
_GAP = 0.05
_HELP = "Click a bead to exclude or restore it, or anywhere else to add one."


class DistilPanel:
    """Finds the beads of an image layer, lets the user choose, and distils their PSF.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The window that the panel is in; napari gives it by this name.
    """

    def __init__(self, napari_viewer: Any) -> None:
        from magicgui import widgets
        from qtpy.QtCore import QTimer

        self.viewer = napari_viewer
        self.choice: BeadChoice | None = None
        self.result: Distillation | None = None
        self._job: BackgroundJob | None = None
        self.image = widgets.create_widget(annotation="napari.layers.Image", name="image")
        self.preset = widgets.ComboBox(name="preset", choices=[_NO_PRESET, *preset_names()])
        asked = {name: options_of(DistillOptions)[name] for name in _ASKED}
        self.fields = {name: _field(one) for name, one in asked.items()}
        self.find_button = widgets.PushButton(text="Find beads")
        self.distil_button = widgets.PushButton(text="Distil PSF")
        self.cancel_button = widgets.PushButton(text="Cancel", enabled=False)
        self.bar = widgets.ProgressBar(value=0, max=1, visible=False)
        self.said = widgets.TextEdit(label="", value=_HELP)
        self.said.native.setReadOnly(True)
        self.said.min_height = 140
        parts = [self.image, self.preset, *self.fields.values()]
        parts += [self.find_button, self.distil_button, self.cancel_button, self.bar, self.said]
        self._container = widgets.Container(widgets=parts)
        #: What napari puts into its window.
        self.native = self._container.native
        # The window keeps its widgets; nobody else would keep this object.
        self.native.panel = self
        self._timer = QTimer(self.native)
        self._timer.timeout.connect(self._look)
        self.preset.changed.connect(self._fill)
        self.find_button.changed.connect(self.find)
        self.distil_button.changed.connect(self.distil)
        self.cancel_button.changed.connect(self.cancel)

    def reset_choices(self, event: Any = None) -> None:
        """Offer the image layers that the window has now; napari calls it when they change."""
        self.image.reset_choices(event)

    @property
    def busy(self) -> bool:
        """Whether work is under way."""
        return self._job is not None

    def find(self) -> None:
        """Find and judge the beads of the chosen layer, and show them as rings."""
        image = self._chosen_image()
        if image is not None:
            self._start(
                lambda progress: find_beads(image, progress=progress),
                lambda beads: self._show_beads(image, beads),
            )

    def distil(self) -> None:
        """Distil the PSF of the chosen layer, from the beads chosen by hand if there are such."""
        image = self._chosen_image()
        if image is None:
            return
        try:
            with Host.PYTHON.active():
                options = DistillOptions.of(**self._given())
        except OptionError as fault:
            self.said.value = str(fault)
            return
        mine = self.choice if self.choice and self.choice.changed else None
        positions = mine.positions() if mine else None
        self._start(
            lambda progress: distill(
                image, positions=positions, options=options, progress=progress
            ),
            lambda result: self._show_result(image, result),
        )

    def cancel(self) -> None:
        """Ask the work under way to end."""
        if self._job:
            self._job.cancel()

    def _given(self) -> dict[str, Any]:
        values = {name: field.value for name, field in self.fields.items()}
        return {name: value for name, value in values.items() if value not in ("", None)}

    def _fill(self, name: str) -> None:
        """Fill the fields from a preset; what it leaves open is emptied."""
        options = {} if name == _NO_PRESET else load_preset(name).options
        for key, field in self.fields.items():
            if not isinstance(options_of(DistillOptions)[key], Flag):
                field.value = str(options.get(key, ""))

    def _chosen_image(self) -> Image | None:
        """Return the chosen layer as an image; say what is wrong where it is none."""
        layer = self.image.value
        if layer is None:
            self.said.value = "Open an image of beads first."
            return None
        try:
            z, y, x = (1.0, *layer.scale)[-3:]
            return Image(np.asarray(layer.data), (float(z), float(y), float(x)), layer.name)
        except PsfBridgeError as fault:
            self.said.value = str(fault)
            return None

    def _start(self, work: Callable[[Progress], Any], done: Callable[[Any], None]) -> None:
        if self.busy:
            return

        def finished(value: Any) -> None:
            self._ended()
            done(value)

        self._job = BackgroundJob(work, finished, self._failed)
        for button in (self.find_button, self.distil_button):
            button.enabled = False
        self.cancel_button.enabled = True
        self.bar.visible = True
        self._job.start()
        self._timer.start(_LOOK_MS)

    def _look(self) -> None:
        if self._job:
            stage, done, total = self._job.state
            self.bar.max = max(total, 1)
            self.bar.value = min(done, self.bar.max)
            self.said.value = f"{stage} …" if stage else "…"

    def _ended(self) -> None:
        self._timer.stop()
        self._job = None
        for button in (self.find_button, self.distil_button):
            button.enabled = True
        self.cancel_button.enabled = False
        self.bar.visible = False

    def _failed(self, fault: Exception) -> None:
        self._ended()
        if isinstance(fault, Cancelled):
            self.said.value = "Cancelled."
        elif isinstance(fault, PsfBridgeError):
            self.said.value = f"{fault}"
        else:
            self.said.value = f"Unexpected {type(fault).__name__}: {fault}"
            raise fault

    def _show_beads(self, image: Image, beads: Beads) -> None:
        if self.choice and self.choice.layer in self.viewer.layers:
            self.viewer.layers.remove(self.choice.layer)
        self.choice = BeadChoice(self.viewer, image, beads)
        self.viewer.layers.selection.active = self.choice.layer
        self.said.value = f"{beads.sentence()}. {_HELP}"

    def _show_result(self, image: Image, result: Distillation) -> None:
        """Put the PSF beside the image, in the plane that is shown, and bring both into view."""
        self.result = result
        self._show_beads(image, result.beads)
        size_um = np.array(image.data.shape) * image.voxel_um
        width_um = result.psf.data.shape[2] * result.psf.voxel_um[2]
        place = size_um / 2
        place[2] = size_um[2] * (1 + _GAP) + width_um / 2
        data, shown, _ = psf_layer(result.psf, f"PSF of {image.name}", place)
        self.viewer.add_image(data, **shown)
        self.viewer.dims.set_point(0, place[0])
        self.viewer.reset_view()
        told = (result.verdict, result.optics)
        self.said.value = "\n".join(one.sentence for one in told if one is not None)


def _field(one: Option) -> Any:
    """Return the field of an option, empty where its default shall hold."""
    from magicgui import widgets

    label = f"{one.label or one.name.replace('_', ' ').removesuffix(' um')}"
    if one.unit:
        label = f"{label} ({one.unit})"
    if isinstance(one, Flag):
        return widgets.CheckBox(label=label, value=bool(one.default), tooltip=one.help)
    if one.choices:
        return widgets.ComboBox(label=label, choices=["", *one.choices], tooltip=one.help)
    return widgets.LineEdit(label=label, tooltip=one.help)
