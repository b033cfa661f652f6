"""Conversion of exceptions to one-line messages, and their delivery to macros."""

from __future__ import annotations

import textwrap
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psfbridge.bridge.java.find import java_class
from psfbridge.bridge.java.session import session
from psfbridge.errors import BridgeError, Cancelled, PsfBridgeError
from psfbridge.hosts import Host

__all__ = ["as_ours", "folded", "ours_of_python", "stop", "tell"]

_MORE_MEMORY = {
    Host.MACRO: "Close images, or allow more memory: Edit > Options > Memory & Threads...",
    Host.COMMAND_LINE: "Allow more: {memory_gib=N}.",
    Host.PYTHON: "Close images, or allow more memory when starting Java: {memory_gib=N}.",
}
_DIALOG_COLUMNS = 90


def as_ours(fault: Exception) -> PsfBridgeError:
    """Convert any exception to a psfbridge error with a one-line message."""
    import jpype

    if isinstance(fault, java_class("java.lang.OutOfMemoryError")):
        return BridgeError("Java is out of memory.", remedy=_MORE_MEMORY)
    if isinstance(fault, jpype.JException):
        return BridgeError(f"ImageJ failed: {type(fault).__name__}: {fault}")
    return ours_of_python(fault)


def ours_of_python(fault: Exception) -> PsfBridgeError:
    """Return a fault of Python as an error of psfbridge; no Java is needed."""
    if isinstance(fault, PsfBridgeError):
        return fault
    if isinstance(fault, MemoryError):
        return BridgeError("out of memory: close other programs, or use a smaller image.")
    text = f"{type(fault).__name__}: {fault}"
    where = traceback.extract_tb(fault.__traceback__)[-1]
    return BridgeError(
        f"internal error in psfbridge: {text} (in {where.name}, line {where.lineno}). Please "
        "report it."
    )


def stop(fault: PsfBridgeError) -> None:
    """Report a failed command to ImageJ: a macro stops there, a script gets an exception."""
    line = f"{type(fault).__name__}: {fault.worded(Host.MACRO)}"
    # A macro that another one ran, and that failed, leaves ImageJ without its interpreter.
    interpreter = java_class("ij.macro.Interpreter").getInstance() or session.macro
    if interpreter is not None:
        _stop_macro(interpreter, line, fault)
        _stop_caller()
    elif _has_window():
        tell(fault)
    else:
        # Without a window nobody would see a dialog: scripts and Python get an exception.
        raise java_class("java.lang.RuntimeException")(line)


def tell(fault: PsfBridgeError) -> None:
    """Show an error to the user, except cancellations."""
    line = fault.worded(Host.MACRO)
    if isinstance(fault, Cancelled):
        java_class("ij.IJ").showStatus(line)
    else:
        # Escape closes the dialog by stopping whatever macro there is.
        with _stopped_macros_are_done():
            java_class("ij.IJ").showMessage("PSF Bridge", folded(line))


def _stop_macro(interpreter: Any, line: str, fault: PsfBridgeError) -> None:
    if isinstance(fault, Cancelled):
        java_class("ij.IJ").showStatus(line)
        if interpreter.done():
            return  # Escape stopped the macro already
    with _stopped_macros_are_done():
        interpreter.abort(folded(line) if _has_window() else line)


def _stop_caller() -> None:
    """Stop the macro that ran the one that failed: ImageJ would let it go on without a word."""
    if session.macro is not None and not session.macro.done():
        session.macro.abortMacro()


@contextmanager
def _stopped_macros_are_done() -> Iterator[None]:
    """A macro is stopped by an exception of ImageJ; it is marked as done before that flies."""
    import jpype

    try:
        yield
    except jpype.JException as stopped:
        if str(java_class("ij.Macro").MACRO_CANCELED) not in str(stopped):
            raise


def folded(line: str) -> str:
    """ImageJ's dialogs are as wide as the longest line."""
    return "\n".join(textwrap.wrap(line, _DIALOG_COLUMNS))


def _has_window() -> bool:
    return java_class("ij.IJ").getInstance() is not None
