"""Dialogs of commands.

ImageJ's own dialog, filled with the rows that `rows_of` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psfbridge.bridge.commands.dialog_fields import AUTOMATIC, DialogRow, in_words, manual, rows_of
from psfbridge.bridge.commands.left_out import settle
from psfbridge.bridge.commands.option_strings import written
from psfbridge.bridge.commands.registry import COMMANDS
from psfbridge.bridge.imagej.errors import as_ours, folded, tell
from psfbridge.bridge.imagej.listener import run_and_remember
from psfbridge.bridge.imagej.open_images import OpenImages, open_image
from psfbridge.bridge.imagej.preview import Preview
from psfbridge.bridge.java.find import implemented, java_class
from psfbridge.bridge.java.session import session
from psfbridge.errors import Cancelled, NoBeadsError, OptionError
from psfbridge.hosts import Host

__all__ = ["ask_and_run"]

_PREVIEW = "Preview of the beads"
_COLUMNS = 12


def ask_and_run(name: str, imp: Any) -> None:
    """Ask for the options, record them, and run the command; faults go into a dialog.

    Everything is caught here: nobody waits for the thread that this runs on. Where other options
    may help, the dialog comes again with what was chosen.
    """
    while not _asked_and_run(name, imp):
        pass


def _asked_and_run(name: str, imp: Any) -> bool:
    """Return whether it is done: it was run, or cancelled, or other options would not help."""
    try:
        imp = open_image(imp) if COMMANDS[name].needs_image else None
        if imp is not None:
            settle(imp)  # a preview marks beads of its own
        texts = _asked(name, imp)
        if texts is not None:
            run_and_remember(name, written(texts), imp, person=True)
            _record(name, texts)
    except (OptionError, NoBeadsError) as fault:
        tell(type(fault)(in_words(fault.worded(Host.MACRO), COMMANDS[name])))
        return not rows_of(COMMANDS[name], imp, OpenImages().titles())
    except Exception as fault:
        ours = as_ours(fault)
        if isinstance(ours, Cancelled):
            java_class("ij.IJ").resetEscape()
        tell(ours)
    return True


def _asked(name: str, imp: Any) -> Mapping[str, str] | None:
    """Return the options that differ from the defaults, or None after Cancel."""
    rows = rows_of(COMMANDS[name], imp, OpenImages().titles())
    remembered = session.kept.setdefault(f"dialog of {name}", {})
    chosen: Mapping[str, str] | None = _shown(name, imp, rows, remembered) if rows else {}
    while chosen is not None and not _confirmed(rows, chosen):
        chosen = _shown(name, imp, rows, remembered)
    return chosen


def _shown(
    name: str, imp: Any, rows: list[DialogRow], remembered: dict[str, str]
) -> Mapping[str, str] | None:
    form = _Form(name, rows, remembered)
    preview = Preview(imp) if COMMANDS[name].previews else None
    if preview is not None:
        form.add_preview(preview)
    form.add_help(manual(COMMANDS[name]))
    chosen = form.show()
    if preview is not None:
        preview.end(keep=False)
    if chosen is not None:
        remembered.clear()
        remembered.update(chosen)
    return chosen


def _confirmed(rows: Sequence[DialogRow], chosen: Mapping[str, str]) -> bool:
    """Ask once about what was left as it was and had better be given."""
    asked = session.kept.setdefault("confirmed", set())
    for row in rows:
        if row.confirm and row.key not in chosen and row.key not in asked:
            asked.add(row.key)
            if not java_class("ij.IJ").showMessageWithCancel("PSF Bridge", folded(row.confirm)):
                return False
    return True


@dataclass(frozen=True, eq=False)
class _Field:
    """A field of the dialog, and the label before it."""

    row: DialogRow
    control: Any
    label: Any

    @property
    def text(self) -> str:
        if self.row.flag:
            return self.row.key if self.control.getState() else ""
        text = self.control.getSelectedItem() if self.row.choices else self.control.getText()
        return str(text).strip()

    def differs(self, filled: Mapping[str, str]) -> bool:
        """Return whether it says more than its default, or than what was filled in."""
        known = filled.get(self.row.key, self.row.default)
        return bool(self.control.isVisible()) and self.text not in ("", known)

    def refill(self, before: Mapping[str, str], now: Mapping[str, str]) -> None:
        """Fill in the values of a preset, replacing unchanged values of the previous one."""
        key = self.row.key
        if key in now:
            self._write(now[key])
        elif before.get(key) == self.text:
            self._write(self.row.default)

    def _write(self, text: str) -> None:
        if self.row.choices:
            self.control.select(text)
        else:
            self.control.setText(text)

    def show_if(self, chosen: Mapping[str, str]) -> bool:
        """Show or hide it; return whether that is a change."""
        show = all(chosen.get(key) in values for key, values in self.row.only_if.items())
        changes = show != bool(self.control.isVisible())
        self.label.setVisible(show)
        self.control.setVisible(show)
        return changes


def _bold() -> Any:
    font = java_class("java.awt.Font")
    return font(font.SANS_SERIF, font.BOLD, 12)


class _Form:
    """A dialog with one row for each key: a text, a choice, or a box to tick."""

    def __init__(self, name: str, rows: list[DialogRow], before: Mapping[str, str]) -> None:
        self._rows = rows
        # People move through the slices to see the preview: the dialog must not hold ImageJ.
        self._dialog = java_class("ij.gui.NonBlockingGenericDialog")(name.rstrip("."))
        self._fields: dict[str, _Field] = {}
        #: What the chosen preset wrote into the fields, by key.
        self._filled: Mapping[str, str] = {}
        group = ""
        for row in rows:
            if row.group != group:
                group = row.group
                self._dialog.addMessage(group, _bold())
            self._add(row, before)
        self._dialog.addMessage(AUTOMATIC)
        self._listeners = [_listener(self._adapt)]
        self._dialog.addDialogListener(self._listeners[0])
        self._adapt()

    def _add(self, row: DialogRow, before: Mapping[str, str]) -> None:
        value = before.get(row.key, self._filled.get(row.key, row.start or row.default))
        if row.flag:
            self._dialog.addCheckbox(row.label, row.key in before)
        elif row.choices:
            self._dialog.addChoice(row.label, list(row.choices), value)
        else:
            self._dialog.addStringField(row.label, value, _COLUMNS)
        self._fields[row.key] = self._last(row)
        self._filled = row.fills.get(value, self._filled)

    def _last(self, row: DialogRow) -> _Field:
        """Return the field that was added last, and its label."""
        if row.flag:
            control = self._dialog.getCheckboxes().lastElement()
            return _Field(row, control, control)
        fields = self._dialog.getChoices() if row.choices else self._dialog.getStringFields()
        return _Field(row, fields.lastElement(), self._dialog.getLabel())

    def _adapt(self) -> None:
        """Fill in what the preset holds, and show the fields that the others ask for."""
        self._fill()
        chosen = {key: field.text for key, field in self._fields.items()}
        changes = [field.show_if(chosen) for field in self._fields.values()]
        if any(changes) and self._dialog.isShowing():
            self._dialog.pack()

    def _fill(self) -> None:
        before = self._filled
        presets = [field for field in self._fields.values() if field.row.fills]
        self._filled = {k: v for one in presets for k, v in one.row.fills.get(one.text, {}).items()}
        # What is written here makes ImageJ ask for this again: then nothing has changed.
        if self._filled != before:
            for field in self._fields.values():
                field.refill(before, self._filled)

    def add_help(self, text: str) -> None:
        """Add a button that shows what each field means."""
        self._dialog.addHelp(text)

    def add_preview(self, preview: Preview) -> None:
        """Add a box that shows the beads while it is ticked."""
        self._dialog.addCheckbox(_PREVIEW, False)
        box = self._dialog.getCheckboxes().lastElement()
        shown = _listener(lambda: preview.show(self.values() if box.getState() else None))
        self._listeners.append(shown)
        self._dialog.addDialogListener(shown)

    def values(self) -> dict[str, str]:
        """Return the values that differ from the defaults, as the keys of a macro."""
        differ = {k: field for k, field in self._fields.items() if field.differs(self._filled)}
        return {key: "" if field.row.flag else field.text for key, field in differ.items()}

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
