"""Every exception that psfbridge raises on purpose.

::

    PsfBridgeError
    ├── OptionError        an option that is unknown, impossible, or contradicts another
    ├── ImageError         an image that cannot be read, or is not what was asked for
    ├── OutputError        a file that cannot be written
    ├── NoBeadsError       no bead that can be used
    ├── PSFError           an array or a file that is not a usable PSF
    ├── EngineError        a Richardson-Lucy engine that is absent, wrong, or too small
    ├── BridgeError        Java, ImageJ or Fiji is absent, or a macro failed
    ├── MissingPartError   an optional package that is not installed
    └── Cancelled          the user or the host asked to stop

Each message is one line: what failed, what was found, what is allowed, what to do.
"""

from __future__ import annotations

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
]


class PsfBridgeError(Exception):
    """Base of all errors raised on purpose; its text is one line for a person."""

    def __str__(self) -> str:
        return " ".join(super().__str__().split())


class OptionError(PsfBridgeError, ValueError):
    """An option that is unknown, impossible, or contradicts another."""


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


class EngineError(PsfBridgeError, RuntimeError):
    """A Richardson-Lucy engine that is absent, gives wrong answers, or is too small."""


class BridgeError(PsfBridgeError, RuntimeError):
    """Java, ImageJ or Fiji is absent or unusable, or a macro failed."""


class MissingPartError(PsfBridgeError, ImportError):
    """An optional package that is not installed; the message says how to get it."""


class Cancelled(PsfBridgeError):  # noqa: N818 - a wish, not a fault
    """Raised by a progress callback to stop the work; nothing half-done is left."""
