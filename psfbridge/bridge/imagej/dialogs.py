"""The dialog of a command that a person chose in the menu.

ImageJ's own dialog, filled with the rows that `rows_of` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from psfbridge.bridge.commands.dialog_fields import Row, rows_of
from psfbridge.bridge.commands.option_strings import written
from psfbridge.bridge.commands.registry import COMMANDS
from psfbridge.bridge.imagej.errors import as_ours, tell
from psfbridge.bridge.imagej.listener import run_and_remember
from psfbridge.bridge.imagej.open_images import OpenImages, open_image
from psfbridge.bridge.imagej.preview import Preview
from psfbridge.bridge.java.find import implemented, java_class
from psfbridge.bridge.java.session import session
from psfbridge.errors import Cancelled

__all__ = ["ask_and_run"]

_PREVIEW = "Preview_beads"
_COLUMNS = 12


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
    rows = rows_of(command, imp, OpenImages().titles())
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
