"""Line-wise output of text from several threads."""

from __future__ import annotations

import threading
from typing import TextIO

__all__ = ["Lines"]


class Lines:
    r"""A text stream that writes only complete lines.

    ``print`` writes a text and its line's end one after the other, so that what another thread
    prints at that moment may come between the two: both lines are then lost to who reads them.

    Parameters
    ----------
    stream : text file
        Where the lines go; each is flushed.

    Examples
    --------
    >>> import io
    >>> stream = io.StringIO()
    >>> print("one", file=Lines(stream))
    >>> stream.getvalue()
    'one\n'
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._own = threading.local()

    def write(self, text: str) -> int:
        """Keep a text for this thread until its line ends; return its length."""
        lines, end, rest = (getattr(self._own, "begun", "") + text).rpartition("\n")
        self._own.begun = rest
        if end:
            with self._lock:
                self._stream.write(lines + end)
                self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Do nothing; incomplete lines wait for their end."""
