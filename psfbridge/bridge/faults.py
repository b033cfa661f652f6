"""What went wrong, as one line, and how the macro is told."""

from __future__ import annotations

import traceback
from typing import Any

from psfbridge.bridge.java import java_class
from psfbridge.errors import BridgeError, Cancelled, PsfBridgeError

__all__ = ["line_of", "stop"]

_OUT_OF_JAVA_MEMORY = (
    "Java is out of memory. Close images, or give it more: Edit > Options > Memory & Threads..., "
    "or --memory-gib."
)


def line_of(fault: BaseException) -> str:
    """Return any fault as the one line that the command line gives.

    The traceback of a fault that nobody foresaw goes to Python's stderr only where a debugger of
    psfbridge asks for it; a macro's user gets its last line and where to report it.
    """
    import jpype

    if isinstance(fault, PsfBridgeError):
        return f"{type(fault).__name__}: {fault}"
    if isinstance(fault, MemoryError):
        return "MemoryError: out of memory: close other programs, or take a smaller image."
    if isinstance(fault, java_class("java.lang.OutOfMemoryError")):
        return f"BridgeError: {_OUT_OF_JAVA_MEMORY}"
    if isinstance(fault, jpype.JException):
        return f"BridgeError: ImageJ failed: {' '.join(str(fault).split())}"
    where = traceback.extract_tb(fault.__traceback__)[-1]
    text = " ".join(str(fault).split())
    return (
        f"{BridgeError.__name__}: an error in psfbridge itself: {type(fault).__name__}: {text} "
        f"({where.name}, line {where.lineno}). Please report it."
    )


def stop(line: str, fault: BaseException) -> None:
    """Tell ImageJ that a command failed: a macro stops there, a script gets an exception.

    Parameters
    ----------
    line : str
        What `line_of` returned.
    fault : BaseException
        The fault; a cancelled command needs no dialog.
    """
    interpreter = java_class("ij.macro.Interpreter").getInstance()
    if interpreter is not None:
        _stop_macro(interpreter, line, fault)
        return
    if _has_window() and not isinstance(fault, Cancelled):
        java_class("ij.IJ").error("PSF Bridge", line)
        return
    # Without a window nobody would see a dialog: scripts and Python get the line as an exception.
    raise java_class("java.lang.RuntimeException")(line)


def _stop_macro(interpreter: Any, line: str, fault: BaseException) -> None:
    import jpype

    if isinstance(fault, Cancelled):
        java_class("ij.IJ").showStatus(line)
        if interpreter.done():
            return  # Escape stopped the macro already
    try:
        interpreter.abort(line)
    except jpype.JException as stopped:
        # The interpreter stops by an exception of its own; it is marked as done all the same.
        if java_class("ij.Macro").MACRO_CANCELED not in str(stopped):
            raise


def _has_window() -> bool:
    return java_class("ij.IJ").getInstance() is not None
