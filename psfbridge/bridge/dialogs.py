"""The dialog of a command that a person chose in the menu.

Its labels are the keys of the macro, so that what is recorded can be read off the dialog.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass
from typing import Any

from psfbridge.bridge.calls import Command
from psfbridge.bridge.commands import COMMANDS
from psfbridge.bridge.desk import OpenImages, open_image
from psfbridge.bridge.distilling import psf_title
from psfbridge.bridge.faults import as_ours, tell
from psfbridge.bridge.java import implemented, java_class
from psfbridge.bridge.keys import written
from psfbridge.bridge.listener import run_and_remember
from psfbridge.bridge.preview import Preview
from psfbridge.bridge.session import session
from psfbridge.deconvolve_options import STOPS
from psfbridge.errors import Cancelled, ImageError
from psfbridge.options import ENGINES, METHODS, MICROSCOPES

__all__ = ["ask_and_run"]

_CHOICES = {"method": METHODS, "engine": ENGINES, "microscope": ("", *MICROSCOPES), "stop": STOPS}
_UNITS = {"_um": "µm", "_au": "Airy units"}
_PREVIEW = "Preview_beads"
_COLUMNS = 12


@dataclass(frozen=True)
class Row:
    """One row of a dialog: a text, a choice where there are choices, or a box to tick."""

    key: str
    label: str
    default: str = ""
    choices: Sequence[str] = ()
    flag: bool = False
    start: str = ""


def ask_and_run(name: str, imp: Any) -> None:
    """Ask for the options, record them, and run the command; faults go into a dialog.

    Everything is caught here: nobody waits for the thread that this runs on.
    """
    try:
        imp = open_image(imp)
        texts = _asked(name, imp)
        if texts is not None:
            _record(name, texts)
            run_and_remember(name, written(texts), imp)
    except Exception as fault:
        ours = as_ours(fault)
        if isinstance(ours, Cancelled):
            java_class("ij.IJ").resetEscape()
        tell(ours)


def _asked(name: str, imp: Any) -> Mapping[str, str] | None:
    """Return the options that differ from the defaults, or None after Cancel."""
    command = COMMANDS[name]
    rows = _rows(command, imp)
    if not rows:
        return {}
    remembered = session.kept.setdefault(f"dialog of {name}", {})
    form = _Form(name, rows, remembered)
    preview = Preview(imp) if command.previews else None
    if preview is not None:
        form.add_preview(preview)
    chosen = form.show()
    if preview is not None:
        preview.end(keep=False)
    if chosen is not None:
        remembered.clear()
        remembered.update(chosen)
    return chosen


def _rows(command: Command, imp: Any) -> list[Row]:
    """Return the rows of a command's dialog; none where there is nothing to choose."""
    rows = [_row(key, field) for key, field in command.options().items()]
    rows += [Row(flag, flag, flag=True) for flag in command.flags]
    if "psf" in command.keys:
        rows.insert(0, _psf_row(str(imp.getTitle())))
    for key, count in (("channel", imp.getNChannels()), ("frame", imp.getNFrames())):
        if int(count) > 1:
            rows.append(Row(key, f"{key} (1 to {count})"))
    return rows


def _row(key: str, field: Field[Any]) -> Row:
    unit = _UNITS.get(field.name.removeprefix(key), "")
    order = "z,y,x" if "tuple" in str(field.type) else ""
    hint = " ".join(part for part in (order, unit) if part)
    label = f"{key} ({hint})" if hint else key
    return Row(key, label, _default(field), _CHOICES.get(key, ()), flag=field.type == "bool")


def _psf_row(title: str) -> Row:
    """Choose among the open images; the newest PSF is most likely meant."""
    others = [other for other in OpenImages().titles() if other != title]
    if not others:
        raise ImageError("no PSF is open. Distil one first, or open its file.")
    psfs = [other for other in others if other.startswith(psf_title(""))]
    return Row("psf", "psf", "", others, start=(psfs or others)[-1])


def _default(field: Field[Any]) -> str:
    value = field.default
    if value is MISSING or value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


class _Form:
    """A dialog with one row for each key: a text, a choice, or a box to tick."""

    def __init__(self, name: str, rows: list[Row], before: Mapping[str, str]) -> None:
        self._rows = rows
        # People move through the slices to see the preview: the dialog must not hold ImageJ.
        self._dialog = java_class("ij.gui.NonBlockingGenericDialog")(name.rstrip("."))
        for row in rows:
            value = before.get(row.key, row.start or row.default)
            if row.flag:
                self._dialog.addCheckbox(row.label, row.key in before)
            elif row.choices:
                self._dialog.addChoice(row.label, list(row.choices), value)
            else:
                self._dialog.addStringField(row.label, value, _COLUMNS)

    def add_preview(self, preview: Preview) -> None:
        """Add a box that shows the beads while it is ticked."""
        self._dialog.addCheckbox(_PREVIEW, False)
        box = self._dialog.getCheckboxes().lastElement()
        self._listener = _listener(lambda: preview.show(self.values() if box.getState() else None))
        self._dialog.addDialogListener(self._listener)

    def values(self) -> dict[str, str]:
        """Return the values that differ from the defaults, as the keys of a macro."""
        texts = iter(self._dialog.getStringFields() or ())
        lists = iter(self._dialog.getChoices() or ())
        boxes = iter(self._dialog.getCheckboxes() or ())
        values: dict[str, str] = {}
        for row in self._rows:
            if row.flag:
                if next(boxes).getState():
                    values[row.key] = ""
                continue
            shown = next(lists).getSelectedItem() if row.choices else next(texts).getText()
            text = str(shown).strip()
            if text not in ("", row.default):
                values[row.key] = text
        return values

    def show(self) -> dict[str, str] | None:
        """Wait for OK or Cancel; return the values, or None after Cancel."""
        self._dialog.showDialog()
        return None if self._dialog.wasCanceled() else self.values()


def _listener(changed: Callable[[], Any]) -> Any:
    def item_changed(dialog: Any, event: Any) -> bool:  # noqa: ARG001 - Java's signature
        changed()
        return True

    return implemented("ij.gui.DialogListener", dialogItemChanged=item_changed)


def _record(name: str, texts: Mapping[str, str]) -> None:
    """Write the call into ImageJ's macro recorder, if it is open."""
    recorder = java_class("ij.plugin.frame.Recorder")
    if not recorder.record:
        return
    recorder.setCommand(name)
    for key, text in texts.items():
        if text:
            recorder.recordOption(key, text)
        else:
            recorder.recordOption(key)
    recorder.saveCommand()
