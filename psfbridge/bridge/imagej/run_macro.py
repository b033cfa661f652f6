"""Execution of macros: return value, log and one-line errors."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psfbridge.bridge.convert.imageplus import to_imageplus
from psfbridge.bridge.imagej.macro_dialogs import close_errors, escape, showing
from psfbridge.bridge.java.find import java_class
from psfbridge.bridge.java.host import current
from psfbridge.bridge.java.session import session
from psfbridge.bridge.java.streams import JavaStreams, line_in
from psfbridge.bridge.java.threads import java_thread
from psfbridge.bridge.settings import IMAGEJ
from psfbridge.errors import BridgeError, Cancelled, ImageError
from psfbridge.hosts import Host
from psfbridge.imaging.read import read_image

__all__ = ["MacroResult", "open_file", "read_macro", "run_macro"]

# What psfbridge reads better than plain ImageJ, by how the name ends.
_OURS = (".npy", ".ome.tif", ".ome.tiff")

_CANCELED = "Macro canceled"
_DIALOG = (
    "opens a dialog, which needs a window. Pass the values as options, or run it with a window."
)
_EXIT = re.compile(r"\bexit\b")
_EXIT_WHY = re.compile(r"\bexit\s*\(\s*[^)\s]")


@dataclass(frozen=True)
class MacroResult:
    """The return value of a macro, and the output and error streams of Java during its run."""

    value: str
    output: str
    errors: str = ""


def run_macro(
    macro: str,
    argument: str = "",
    *,
    image: str | os.PathLike[str] | None = None,
    timeout_s: float | None = 60.0,
    echo: Callable[[str], Any] = str,
) -> MacroResult:
    """Run the text of a macro to its end.

    Parameters
    ----------
    macro : str
        The macro.
    argument : str
        What its ``getArgument()`` returns.
    image : path, optional
        An image to open before it runs.
    timeout_s : float, optional
        It is stopped after so many seconds without any sign of life: a command, progress, or
        output. None waits for ever.
    echo : callable, optional
        Given what the macro writes, as it comes; by default nobody is.

    Returns
    -------
    MacroResult
        What it returned.

    Raises
    ------
    PsfBridgeError
        If a psfbridge command in it fails: that command's own error.
    BridgeError
        If it fails otherwise, is stopped, or shows no life; in one line.

    Examples
    --------
    >>> from psfbridge import bridge  # doctest: +SKIP
    >>> bridge.run_macro('return "a" + 1;').value  # doctest: +SKIP
    'a1'
    """
    if current() is None:
        raise BridgeError(
            "ImageJ has not been started. Call bridge.start() or bridge.install() first."
        )
    opened = None if image is None else open_file(image)
    run = _Run(macro, argument, opened)
    with JavaStreams(echo) as streams:
        run.wait(timeout_s, streams)
    return MacroResult(run.value(streams), streams.output, streams.foreign_errors())


def read_macro(path: str | os.PathLike[str]) -> str:
    """Return the text of a macro file; ``-`` is what comes in on stdin.

    Raises
    ------
    BridgeError
        If there is no such file, or it is not text.
    """
    if os.fspath(path) == "-":
        return sys.stdin.read()
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as fault:
        raise BridgeError(f"cannot read the macro {path}: {fault.strerror}.") from fault
    except UnicodeDecodeError:
        raise BridgeError(f"cannot read the macro {path}: it is not UTF-8 text.") from None


def open_file(path: str | os.PathLike[str]) -> Any:
    """Open an image file as an ImagePlus, not shown.

    ImageJ opens what it knows, with its selection and overlay; psfbridge what plain ImageJ does
    not understand: OME-TIFF, OME-Zarr and ``.npy``.

    Raises
    ------
    ImageError
        If it cannot be opened.
    """
    file = Path(path).expanduser().absolute()
    if file.is_dir() or file.name.lower().endswith(_OURS):
        return to_imageplus(read_image(file))
    if not file.is_file():
        raise ImageError(f"the image {path} does not exist.")
    imp = java_class("ij.IJ").openImage(str(file))
    if imp is None:
        said = java_class("ij.IJ").getErrorMessage() or "the file format is unknown."
        raise ImageError(f"ImageJ cannot open {path}: {said}")
    return imp


class _Run:
    """One run of a macro, in a separate thread so that it can be abandoned."""

    def __init__(self, macro: str, argument: str, image: Any) -> None:
        self._interpreter = java_class("ij.macro.Interpreter")()
        self._value: Any = None
        self._inner = ""
        self._fault: Exception | None = None
        self._work = (macro, argument)
        self._image = image
        self._dialogs = showing()
        self._active = java_class("ij.WindowManager").getTempCurrentImage()
        self._thread = java_thread(self._run, "PSF Bridge macro")
        session.fault = None
        java_class("ij.IJ").getErrorMessage()  # forgets an older one

    def _run(self) -> None:
        manager = java_class("ij.WindowManager")
        # Without windows each thread has an active image of its own: hand it over, and back.
        manager.setTempCurrentImage(self._active)
        try:
            if self._image is not None:
                self._image.show()
            self._value = self._interpreter.run(*self._work)
        except Exception as fault:
            self._fault = fault  # told by value(), on the thread that waits
        self._active = manager.getTempCurrentImage()

    def wait(self, timeout_s: float | None, streams: JavaStreams) -> None:
        """Wait for the end; stop the macro if it shows no life, or at Ctrl-C."""
        # An earlier macro that could not be stopped cancels its own commands only.
        session.check = _go_on
        session.alive()
        session.macro = self._interpreter
        self._thread.start()
        try:
            while self._thread.is_alive():
                self._thread.join(IMAGEJ.macro_poll_s)
                streams.drain()
                self._inner = close_errors() or self._inner
                _check_commands(streams)
                self._check_life(timeout_s)
        except BaseException:
            self._stop()
            raise
        finally:
            session.macro = None
        streams.drain()
        java_class("ij.WindowManager").setTempCurrentImage(self._active)
        _check_commands(streams)

    def _check_life(self, timeout_s: float | None) -> None:
        if timeout_s is not None and session.silent_for() > timeout_s and self._thread.is_alive():
            raise BridgeError(
                f"the macro was stopped: no activity for {timeout_s:g} s (no command, progress or "
                f"output), last at line {self._line()}. Does it loop forever, or wait for a "
                "dialog?",
                remedy={
                    Host.COMMAND_LINE: "Allow more time with a longer --timeout.",
                    Host.PYTHON: "Allow more time with a longer timeout_s.",
                },
            )

    def _stop(self) -> None:
        """Stop the interpreter, and psfbridge's own work at its next report."""
        session.check = _cancel
        try:
            opened = [dialog for dialog in showing() if dialog not in self._dialogs]
            escape(opened)
            self._interpreter.abortMacro()
            for dialog in opened:
                dialog.dispose()
            self._thread.join(IMAGEJ.grace_s)
        finally:
            if not self._thread.is_alive():
                session.check = _go_on

    def value(self, streams: JavaStreams) -> str:
        """Return what the macro returned, or raise why it stopped."""
        reported = java_class("ij.IJ").getErrorMessage()
        said = "" if reported is None else " ".join(str(reported).split()).rstrip(".")
        if session.fault is not None:
            before = f" ImageJ reported: {said}." if said else ""
            # Whoever reads it, the options to change are those in the macro.
            said = f"{session.fault.worded(Host.MACRO)}{before}"
            raise type(session.fault)(said) from session.fault
        line = self._failure(streams, said)
        if line:
            raise BridgeError(line)
        return "" if self._value is None else str(self._value)

    def _failure(self, streams: JavaStreams, said: str) -> str:
        if self._interpreter.wasError():
            message = " ".join(str(self._interpreter.getErrorMessage()).split())
            line = streams.error_line() or line_in(self._inner) or self._line()
            return f"line {line} of the macro: {message.rstrip('.')}.{_advice(message)}"
        if self._fault is not None:
            return self._stopped(streams, str(self._fault))
        inner = streams.macro_error() or self._inner
        if inner:
            return f"in a macro called by this one: {inner}."
        # Without a window ImageJ writes such a message and goes on; with one, it would be a dialog.
        return f"the macro: {said}." if said else ""

    def _stopped(self, streams: JavaStreams, text: str) -> str:
        """Why the interpreter threw: ``exit(...)``, a dialog, or a fault in Java."""
        if _CANCELED in text:
            # exit("why") writes why before it stops; a bare exit is an ordinary end.
            return self._canceled(streams)
        if _is_dialog(text):
            return f"line {self._line()} of the macro {_DIALOG}"
        return f"line {self._line()} of the macro: {' '.join(text.split())}"

    def _canceled(self, streams: JavaStreams) -> str:
        """Why ImageJ stopped the macro: ``exit`` is an end, anything else is a failure."""
        number = self._line()
        line = self._work[0].splitlines()[max(number - 1, 0)]
        if _EXIT_WHY.search(line):  # it writes why before it stops
            return f"the macro stopped: {streams.last_line()}"
        if _EXIT.search(line):
            return ""
        last = streams.last_line()
        said = f" Its last output: {last.rstrip('.')}." if last else ""
        return f"line {number} of the macro: stopped by ImageJ.{said}"

    def _line(self) -> int:
        return int(self._interpreter.getLineNumber())


def _is_dialog(thrown: str) -> bool:
    return "HeadlessException" in thrown or "headless dialog" in thrown


def _check_commands(streams: JavaStreams) -> None:
    """Stop if a command threw an exception, which ImageJ would only print."""
    thrown = streams.thrown()
    if _is_dialog(thrown):
        raise BridgeError(f"a command of the macro {_DIALOG}")
    if thrown:
        raise BridgeError(f"a command of the macro failed inside ImageJ: {thrown}.")


def _advice(message: str) -> str:
    """Return advice on functions that need a window."""
    host = current()
    if host is None or not host.headless or not message.endswith("table not found"):
        return ""
    return (
        " Without a window, tables have no titles and the newest one is Results: omit the title, "
        "or run it with a window."
    )


def _cancel() -> None:
    raise Cancelled("the macro was stopped; nothing was changed.")


def _go_on() -> None:
    """Cancel nothing."""
