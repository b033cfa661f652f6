"""Handling of dialogs opened by macros when nobody can close them."""

from __future__ import annotations

from typing import Any

from psfbridge.bridge.java.find import java_class

__all__ = ["close_errors", "escape", "showing"]

_ERRORS = ("Macro Error", "No Image")


def showing() -> list[Any]:
    """Return the dialogs that are on the screen."""
    windows = java_class("java.awt.Window").getWindows()
    dialogs = [each for each in windows if isinstance(each, java_class("java.awt.Dialog"))]
    return [dialog for dialog in dialogs if dialog.isShowing()]


def escape(dialogs: list[Any]) -> None:
    """Press Escape in what ``waitForUser`` opened: the macro would go on however else it ends."""
    key = java_class("java.awt.event.KeyEvent")
    for dialog in dialogs:
        if isinstance(dialog, java_class("ij.gui.WaitForUserDialog")):
            dialog.keyPressed(key(dialog, key.KEY_PRESSED, 0, 0, key.VK_ESCAPE, key.CHAR_UNDEFINED))
            java_class("ij.IJ").resetEscape()


def close_errors() -> str:
    """Close what the interpreter opens when a macro fails; return what it says there."""
    said = ""
    for dialog in showing():
        if str(dialog.getTitle()) in _ERRORS:
            said = said or _first_line(dialog)
            dialog.dispose()
    return said


def _first_line(dialog: Any) -> str:
    """Return the first line of the message of the macro interpreter."""
    message = dialog.getMessage()
    if not isinstance(message, java_class("ij.gui.MultiLineLabel")):
        return "it failed"
    lines = java_class("ij.gui.MultiLineLabel").class_.getDeclaredField("lines")
    lines.setAccessible(True)
    return str(lines.get(message)[0]).strip().rstrip(".")
