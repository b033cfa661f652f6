"""The hosts (Python, command line, ImageJ macros) and their spelling of options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum

__all__ = ["Host"]

#: Units at the end of a name; a macro's key leaves them out.
_UNIT = re.compile(r"_(um|au|gib|deg)$")

#: Options that ImageJ knows by another word.
_IMAGEJ_WORDS = {"time": "frame"}

#: ``{channel}`` or ``{channel=N}`` in a message.
_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)(?:=([^{}]*))?\}")


class Host(StrEnum):
    """The environment in which an option is typed.

    Examples
    --------
    >>> [host.spelled("voxel_um") for host in Host]
    ['voxel_um', '--voxel-um', 'voxel']
    >>> [host.set("voxel_um", "0.2 0.1 0.1") for host in Host]
    ['voxel_um=(0.2, 0.1, 0.1)', '--voxel-um 0.2 0.1 0.1', 'voxel=0.2,0.1,0.1']
    """

    PYTHON = "python"
    COMMAND_LINE = "command line"
    MACRO = "macro"

    @classmethod
    def current(cls) -> Host:
        """Return the host that runs now: Python, unless another one is `active`."""
        return _current.get(cls.PYTHON)

    @contextmanager
    def active(self) -> Iterator[None]:
        """Spell the options in messages for this host while the block runs."""
        before = _current.set(self)
        try:
            yield
        finally:
            _current.reset(before)

    @property
    def first(self) -> int:
        """The number of the first channel: ImageJ counts from 1."""
        return 1 if self is Host.MACRO else 0

    def spelled(self, option: str) -> str:
        """Return the name of an option as this host spells it."""
        if self is Host.COMMAND_LINE:
            return "--" + option.replace("_", "-")
        if self is Host.MACRO:
            return _IMAGEJ_WORDS.get(option, _UNIT.sub("", option))
        return option

    def set(self, option: str, value: str) -> str:
        """Return an option with its value: ``True`` for a flag, a list with spaces between."""
        name, items = self.spelled(option), value.split(" ")
        if self is Host.PYTHON:
            return f"{name}=({', '.join(items)})" if len(items) > 1 else f"{name}={value}"
        if value == "True":
            return name
        return f"{name} {value}" if self is Host.COMMAND_LINE else f"{name}={','.join(items)}"

    def worded(self, text: str) -> str:
        """Return `text` with every ``{option}`` and ``{option=value}`` spelled for this host."""
        return _PLACE.sub(
            lambda at: self.spelled(at[1]) if at[2] is None else self.set(at[1], at[2]), text
        )


_current: ContextVar[Host] = ContextVar("psfbridge host")
