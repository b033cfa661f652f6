"""Output of Java while a macro runs, in order with that of Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Self

from psfbridge.bridge.java.find import java_class
from psfbridge.bridge.java.session import session

__all__ = ["JavaStreams"]

# The macro interpreter writes this block of three lines where it cannot open a dialog.
_MACRO_ERROR = ("Macro Error: ", "No Image: ")

# An exception of Java, and the first line of its stack.
_STACK = re.compile(r"^((?:[a-z]\w*\.)+\w*(?:Exception|Error)\b[^\n]*)\n\tat ", re.MULTILINE)
_LINE = re.compile(r" in line (\d+)")


def line_in(said: str) -> int | None:
    """Return the line of the macro that ImageJ's words name."""
    found = _LINE.search(said)
    return int(found[1]) if found else None


class JavaStreams:
    """Takes over Java's System.out and System.err for a while, and reads the Log at the end.

    Without a window ImageJ logs to System.out; with one the Log is a window, which may not stay.

    Parameters
    ----------
    echo : callable
        Given what is written, as it comes.
    """

    def __init__(self, echo: Callable[[str], Any]) -> None:
        self._echo = echo
        self._system = java_class("java.lang.System")
        self._buffers: list[Any] = []
        self._before: list[Any] = []
        self._log = ""
        #: Everything that was written to System.out so far.
        self.output = ""
        #: What was written to System.err.
        self.errors = ""

    def __enter__(self) -> Self:
        self._before = [self._system.out, self._system.err]
        self._buffers = [java_class("java.io.ByteArrayOutputStream")() for _ in range(2)]
        self._log = _logged()
        stream = java_class("java.io.PrintStream")
        out, err = (stream(buffer, True, "UTF-8") for buffer in self._buffers)
        self._system.setOut(out)
        self._system.setErr(err)
        return self

    def __exit__(self, *fault: object) -> None:
        self._system.setOut(self._before[0])
        self._system.setErr(self._before[1])
        self.drain()
        self._pass_on(_logged().removeprefix(self._log))

    def drain(self) -> None:
        """Pass on what was written since the last time."""
        new, errors = (self._taken(buffer) for buffer in self._buffers)
        self.errors += errors
        if new:
            session.alive()
        self._pass_on(new)

    def _pass_on(self, new: str) -> None:
        if new:
            self.output += new
            self._echo(new)

    def foreign_errors(self) -> str:
        """Return what was written to System.err that is not the interpreter's own block."""
        kept = self.errors
        for start in _MACRO_ERROR:
            kept = kept.partition(start)[0]
        return kept

    def macro_error(self) -> str:
        """Return the first line of an error that the interpreter wrote, without its full stop."""
        _, start, rest = self.errors.partition(_MACRO_ERROR[0])
        return rest.splitlines()[0].strip().rstrip(".") if start and rest.strip() else ""

    def error_line(self) -> int | None:
        """Return the line of the macro that the interpreter names in its error."""
        return line_in(self.errors.partition(_MACRO_ERROR[0])[2])

    def thrown(self) -> str:
        """Return the exception thrown by a command, which ImageJ only prints."""
        found = _STACK.search(self.output)
        return found[1].strip() if found else ""

    def last_line(self) -> str:
        """Return the last line that was written to System.out."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        return lines[-1].strip() if lines else ""

    @staticmethod
    def _taken(buffer: Any) -> str:
        text = str(buffer.toString("UTF-8"))
        buffer.reset()
        return text


def _logged() -> str:
    """Return what is in the Log's window, if there is one."""
    return str(java_class("ij.IJ").getLog() or "")
