"""A macro run to its end: what it returned and logged, or one line of why it stopped."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psfbridge.bridge.java import java_class
from psfbridge.bridge.jvm import current
from psfbridge.bridge.session import session
from psfbridge.bridge.streams import JavaStreams
from psfbridge.errors import BridgeError, Cancelled

__all__ = ["MacroResult", "run_macro"]

# How long a macro that was told to stop may take to do so.
_GRACE_S = 5.0
_POLL_S = 0.05
_CANCELED = "Macro canceled"


@dataclass(frozen=True)
class MacroResult:
    """What a macro returned, and everything that was written meanwhile."""

    value: str
    output: str


def run_macro(
    macro: str,
    argument: str = "",
    *,
    timeout_s: float | None = 60.0,
    echo: Callable[[str], Any] = lambda text: None,
) -> MacroResult:
    """Run the text of a macro to its end.

    Parameters
    ----------
    macro : str
        The macro.
    argument : str
        What its ``getArgument()`` returns.
    timeout_s : float, optional
        It is stopped after so many seconds without any sign of life: a command, progress, or
        output. None waits for ever.
    echo : callable, optional
        Given what the macro writes, as it comes.

    Returns
    -------
    MacroResult
        What it returned.

    Raises
    ------
    BridgeError
        If it fails, is stopped, or shows no life; in one line.

    Examples
    --------
    >>> from psfbridge import bridge  # doctest: +SKIP
    >>> bridge.run_macro('return "a" + 1;').value  # doctest: +SKIP
    'a1'
    """
    if current() is None:
        raise BridgeError("no ImageJ is started. Call bridge.start() or bridge.install() first.")
    run = _Run(macro, argument)
    with JavaStreams(echo) as streams:
        run.wait(timeout_s, streams)
    return MacroResult(run.value(streams), streams.output)


class _Run:
    """One run of a macro, on a thread of its own so that it can be given up."""

    def __init__(self, macro: str, argument: str) -> None:
        self._interpreter = java_class("ij.macro.Interpreter")()
        self._value: Any = None
        self._fault: Exception | None = None
        self._work = (macro, argument)
        self._thread = threading.Thread(target=self._run, name="PSF Bridge macro", daemon=True)
        session.fault = ""
        java_class("ij.IJ").getErrorMessage()  # forgets an older one

    def _run(self) -> None:
        try:
            self._value = self._interpreter.run(*self._work)
        except Exception as fault:
            self._fault = fault  # told by value(), on the thread that waits

    def wait(self, timeout_s: float | None, streams: JavaStreams) -> None:
        """Wait for the end; stop the macro if it shows no life, or at Ctrl-C."""
        session.alive()
        self._thread.start()
        try:
            while self._thread.is_alive():
                self._thread.join(_POLL_S)
                streams.drain()
                self._check_life(timeout_s)
        except BaseException:
            self._stop()
            raise
        streams.drain()

    def _check_life(self, timeout_s: float | None) -> None:
        if timeout_s is not None and session.silent_for() > timeout_s and self._thread.is_alive():
            raise BridgeError(
                f"the macro was stopped: no sign of life for {timeout_s:g} s (no command, progress "
                f"or output), last at line {self._line()}. Does it end, or wait for a dialog? "
                "A longer --timeout gives it more."
            )

    def _stop(self) -> None:
        """Stop the interpreter, and psfbridge's own work at its next report."""
        session.check = _cancel
        try:
            self._interpreter.abortMacro()
            self._thread.join(_GRACE_S)
        finally:
            if not self._thread.is_alive():
                session.check = _go_on

    def value(self, streams: JavaStreams) -> str:
        """Return what the macro returned, or raise why it stopped."""
        line = self._failure(streams)
        if line:
            raise BridgeError(line)
        return "" if self._value is None else str(self._value)

    def _failure(self, streams: JavaStreams) -> str:
        if session.fault:
            return f"line {self._line()} of the macro: {session.fault}"
        if self._interpreter.wasError():
            message = " ".join(str(self._interpreter.getErrorMessage()).split())
            return f"line {self._line()} of the macro: {message}."
        reported = java_class("ij.IJ").getErrorMessage()
        if self._fault is not None:
            return self._stopped(streams, str(self._fault))
        if reported is not None:
            return f"the macro: {' '.join(str(reported).split())}."
        return ""

    def _stopped(self, streams: JavaStreams, text: str) -> str:
        """Why the interpreter threw: ``exit(...)``, a dialog, or a fault in Java."""
        if _CANCELED in text:
            # exit("why") writes why before it stops; a bare exit is an ordinary end.
            return f"the macro stopped: {streams.last_line()}" if self._exit_says_why() else ""
        if "HeadlessException" in text or "headless dialog" in text:
            return (
                f"line {self._line()} of the macro opens a dialog, and there is no window. Give "
                "its values as options, or run it with --gui."
            )
        return f"line {self._line()} of the macro: {' '.join(text.split())}"

    def _exit_says_why(self) -> bool:
        line = self._work[0].splitlines()[max(self._line() - 1, 0)]
        return re.search(r"\bexit\s*\(\s*[^)\s]", line) is not None

    def _line(self) -> int:
        return int(self._interpreter.getLineNumber())


def _cancel() -> None:
    raise Cancelled("the macro was stopped; nothing was changed.")


def _go_on() -> None:
    """Cancel nothing."""
