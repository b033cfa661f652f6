"""The dialog of a command that a person chose in the menu.

Its labels are the keys of the macro, so that what is recorded can be read off the dialog.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field
from typing import Any

from psfbridge.bridge.commands import COMMANDS, Command
from psfbridge.bridge.faults import as_ours, tell
from psfbridge.bridge.inputs import open_image
from psfbridge.bridge.java import implemented, java_class
from psfbridge.bridge.keys import written
from psfbridge.bridge.listener import run_and_remember
from psfbridge.bridge.preview import Preview
from psfbridge.bridge.session import session
from psfbridge.errors import Cancelled
from psfbridge.options import ENGINES, METHODS, MICROSCOPES

__all__ = ["ask_and_run"]

_CHOICES = {"method": METHODS, "engine": ENGINES, "microscope": ("", *MICROSCOPES)}
_UNITS = {"_um": "µm", "_au": "Airy units"}
_PREVIEW = "Preview_beads"
_COLUMNS = 12

#: Key, label, and choices (none for a text field).
Row = tuple[str, str, Sequence[str]]


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
    rows: list[Row] = [
        (key, _label(key, field), _CHOICES.get(key, ())) for key, field in command.options().items()
    ]
    if int(imp.getNChannels()) > 1:
        rows.append(("channel", f"channel (1 to {imp.getNChannels()})", ()))
    if int(imp.getNFrames()) > 1:
        rows.append(("frame", f"frame (1 to {imp.getNFrames()})", ()))
    return rows


def _label(key: str, field: Field[Any]) -> str:
    unit = _UNITS.get(field.name.removeprefix(key), "")
    order = "z,y,x" if "tuple" in str(field.type) else ""
    hint = " ".join(part for part in (order, unit) if part)
    return f"{key} ({hint})" if hint else key


def _default(command: Command, key: str) -> str:
    field = command.options().get(key)
    if field is None or field.default is MISSING or field.default is None:
        return ""
    value = field.default
    return f"{value:g}" if isinstance(value, float) else str(value)


class _Form:
    """A dialog of text fields and choices, one for each key."""

    def __init__(self, name: str, rows: list[Row], before: Mapping[str, str]) -> None:
        self._defaults = {key: _default(COMMANDS[name], key) for key, _, _ in rows}
        self._texts = [key for key, _, choices in rows if not choices]
        self._choices = [key for key, _, choices in rows if choices]
        # People move through the slices to see the preview: the dialog must not hold ImageJ.
        self._dialog = java_class("ij.gui.NonBlockingGenericDialog")(name.rstrip("."))
        for key, label, choices in rows:
            value = before.get(key, self._defaults[key])
            if choices:
                self._dialog.addChoice(label, list(choices), value)
            else:
                self._dialog.addStringField(label, value, _COLUMNS)

    def add_preview(self, preview: Preview) -> None:
        """Add a checkbox that shows the beads while it is ticked."""
        self._dialog.addCheckbox(_PREVIEW, False)
        self._listener = _listener(lambda: preview.show(self.values() if self._ticked() else None))
        self._dialog.addDialogListener(self._listener)

    def _ticked(self) -> bool:
        return bool(self._dialog.getCheckboxes().get(0).getState())

    def values(self) -> dict[str, str]:
        """Return the values that differ from the defaults."""
        fields = self._dialog.getStringFields() or ()
        lists = self._dialog.getChoices() or ()
        found = {
            key: str(field.getText()).strip()
            for key, field in zip(self._texts, fields, strict=True)
        }
        found |= {
            key: str(item.getSelectedItem()) for key, item in zip(self._choices, lists, strict=True)
        }
        return {key: text for key, text in found.items() if text and text != self._defaults[key]}

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
