"""Process settings of the command line: signals and output streams."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from psfbridge.errors import OutputError

__all__ = ["Terminated", "closed_stdout", "prepared", "to_stdout"]


class Terminated(KeyboardInterrupt):
    """The system asked the process to end; whatever cleans up after Ctrl-C does so after this."""


#: What asks a process to end; Windows has the first only.
_ENDS = ("SIGTERM", "SIGHUP")


@contextmanager
def prepared() -> Iterator[None]:
    """Turn requests to end into `Terminated`, and print whatever the terminal's letters are.

    Without it a batch system's time limit would leave unfinished files behind.
    """
    for stream in (sys.stdout, sys.stderr):
        # "µ" is in no ASCII terminal; a result is not lost for that.
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    caught = list(_caught())
    try:
        yield
    finally:
        for number in caught:
            signal.signal(number, signal.SIG_DFL)
        to_stdout("")


def _caught() -> Iterator[int]:
    """Catch the signals that nobody else handles or ignores, as ``nohup`` does."""
    # Python allows handlers in the main thread only; another one's process is its host's.
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (getattr(signal, name) for name in _ENDS if hasattr(signal, name)):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _terminate)
            yield number


def _terminate(*_: Any) -> NoReturn:
    raise Terminated


def to_stdout(text: str) -> None:
    """Print to stdout at once: what cannot be written shall be known here, not when Python ends.

    Raises
    ------
    BrokenPipeError
        If nobody reads it any more.
    OutputError
        If it leads to a full disk.
    """
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:
        raise
    except OSError as fault:
        closed_stdout()
        raise OutputError(
            f"cannot write to stdout: {fault.strerror}. Free some space, or choose another file."
        ) from fault


def closed_stdout() -> None:
    """Let Python exit quietly if stdout has been closed."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
