"""The exceptions of psfbridge.

::

    PsfBridgeError
    ├── OptionError        an option that is unknown, impossible, or contradicts another
    ├── ImageError         an image that cannot be read, or is not what was asked for
    ├── OutputError        a file that cannot be written
    ├── NoBeadsError       no bead that can be used
    ├── PSFError           an array or a file that is not a usable PSF
    ├── QualityError       a PSF or an objective below the quality that was asked for
    ├── EngineError        a Richardson-Lucy engine that is absent, wrong, or too small
    ├── BridgeError        Java, ImageJ or Fiji is absent, or a macro failed
    ├── MissingPartError   an optional package that is not installed
    └── Cancelled          the user or the host asked to stop

Each message is one line: what failed, what was found, what is allowed, what to do. Options in it
are spelled for the host that runs; ``error.worded(host)`` spells them for another.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Self

from psfbridge.hosts import Host

__all__ = [
    "BridgeError",
    "Cancelled",
    "EngineError",
    "ImageError",
    "MissingPartError",
    "NoBeadsError",
    "OptionError",
    "OutputError",
    "PSFError",
    "PsfBridgeError",
    "QualityError",
]


class PsfBridgeError(Exception):
    """Base class of all errors raised on purpose; its text is a one-line message.

    Parameters
    ----------
    failed : str
        What failed, and what was found.
    option : str
        The option that it is about, or that would help, by its name in Python.
    found, allowed : str
        What the option was, and what it may be.
    remedy : str or mapping
        What to do; ``{channel=N}`` stands for an option and is spelled for the host. Where hosts
        need other advice, a text for each host that needs one.

    Examples
    --------
    >>> error = PsfBridgeError("beads.tif has 2 channels.", remedy="Choose one: {channel=N}.")
    >>> str(error)
    'beads.tif has 2 channels. Choose one: channel=N.'
    >>> error.worded(Host.COMMAND_LINE)
    'beads.tif has 2 channels. Choose one: --channel N.'
    """

    def __init__(
        self,
        failed: str = "",
        *,
        option: str = "",
        found: str = "",
        allowed: str = "",
        remedy: str | Mapping[Host, str] = "",
    ) -> None:
        super().__init__(failed)
        self.failed = failed
        self.option = option
        self.found = found
        self.allowed = allowed
        self.remedy = remedy

    def worded(self, host: Host | None = None) -> str:
        """Return the message with its options spelled for `host`; by default the one that runs."""
        host = host or Host.current()
        return " ".join(f"{self._failure(host)} {self.advice(host)}".split())

    def advice(self, host: Host) -> str:
        """Return the remedy with its options spelled for `host`."""
        text = self.remedy if isinstance(self.remedy, str) else self.remedy.get(host, "")
        return host.worded(text)

    def of(self, name: str) -> Self:
        """Return the same error with the name of what it is about before it."""
        other = copy(self)
        other.failed = f"{name}: {self.failed}"
        return other

    def _failure(self, host: Host) -> str:  # noqa: ARG002 - other errors need it
        return self.failed

    def __str__(self) -> str:
        return self.worded()


class OptionError(PsfBridgeError, ValueError):
    """An option that is unknown, impossible, or contradicts another.

    In its message ``{na}`` stands for an option, as in a remedy; without one, the message is made
    of `option`, `found` and `allowed`.

    Examples
    --------
    >>> error = OptionError(option="na", found="-1", allowed="a number above 0")
    >>> str(error), error.worded(Host.COMMAND_LINE)
    ('na is -1; allowed is a number above 0.', '--na is -1; allowed is a number above 0.')
    """

    def _failure(self, host: Host) -> str:
        if self.failed or not self.option:
            return host.worded(self.failed)
        one = self.allowed.startswith("a ") or ", " not in self.allowed
        verb = "is" if one and not self.allowed.startswith(("two", "three")) else "are"
        return f"{host.spelled(self.option)} is {self.found}; allowed {verb} {self.allowed}."


class ImageError(PsfBridgeError, ValueError):
    """An image that cannot be read, or is not what was asked for."""


class OutputError(PsfBridgeError, OSError):
    """A file that cannot be written."""

    # OSError.__str__ would print an errno that is not there.
    __str__ = PsfBridgeError.__str__


class NoBeadsError(PsfBridgeError, ValueError):
    """No bead that can be used; the message carries the counts by reason."""


class PSFError(PsfBridgeError, ValueError):
    """An array or a file that is not a usable PSF."""


class QualityError(PsfBridgeError):
    """A PSF or an objective below the quality that was asked for; all outputs are written."""


class EngineError(PsfBridgeError, RuntimeError):
    """A Richardson-Lucy engine that is absent, gives wrong answers, or is too small."""


class BridgeError(PsfBridgeError, RuntimeError):
    """Java, ImageJ or Fiji is absent or unusable, or a macro failed."""


class MissingPartError(PsfBridgeError, ImportError):
    """An optional package that is not installed; the message says how to get it."""


class Cancelled(PsfBridgeError):  # noqa: N818 - a wish, not a fault
    """Raised by a progress callback to stop the work; no incomplete output is left."""
