"""Kinds of options: accepted values, spelling, and conversion from text.

One description serves every host: the command-line parser, the macro keys and dialogs of ImageJ,
the tables of the documentation and the types for editors are generated from it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from psfbridge._util.validate import (
    choice,
    integer,
    items,
    limits,
    number,
    shown,
    zyx_floats,
)
from psfbridge.errors import OptionError

__all__ = [
    "ZYX",
    "Choice",
    "Flag",
    "Integer",
    "IntegerOrWord",
    "Number",
    "NumberOrWord",
    "Option",
    "Range",
    "Text",
    "Voxels",
]

_TRUE, _FALSE = ("true", "yes", "1", ""), ("false", "no", "0")


@dataclass(frozen=True, kw_only=True)
class Option:
    """The description of an option: its meaning, accepted values and hosts.

    Parameters
    ----------
    help : str
        One phrase for help texts, dialogs and tables; no full stop.
    group : str
        Heading under which the command line lists it.
    unit : str
        Unit of the value, as in ``µm``.
    usual : str
        A usual value, for messages.
    imagej : bool
        Whether macros and dialogs offer it.
    label : str
        What a dialog calls it, without the unit; by default its name in words.
    only_if : mapping
        Values of other options, by name, with which alone it means anything: a dialog hides it
        otherwise.
    name, default
        Filled in by `options_of`, from the record.
    """

    help: str
    group: str = ""
    unit: str = ""
    usual: str = ""
    imagej: bool = True
    label: str = ""
    only_if: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    name: str = ""
    default: Any = None

    #: The type as Python spells it, for editors and type checkers.
    annotation: ClassVar[str] = "object"
    #: How many words the command line takes: one.
    words: ClassVar[int] = 1

    def converted(self, value: Any) -> Any:
        """Return `value`, which may be a text, as the option's own type.

        Raises
        ------
        OptionError
            If it is not allowed.
        """
        raise NotImplementedError

    @property
    def allowed(self) -> str:
        """Accepted values, as a phrase."""
        raise NotImplementedError

    @property
    def metavar(self) -> str | tuple[str, ...]:
        """Placeholder for the value in the help of the command line."""
        return "N"

    @property
    def choices(self) -> tuple[str, ...]:
        """The words to choose from, if nothing else is allowed."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Number(Option):
    """A finite number between limits."""

    above: float | None = None
    least: float | None = None
    most: float | None = None
    annotation: ClassVar[str] = "float"

    def converted(self, value: Any) -> float:
        """Return `value` as a float within the limits."""
        return number(
            self.name, value, above=self.above, least=self.least, most=self.most, usual=self.usual
        )

    @property
    def allowed(self) -> str:
        """The limits."""
        return limits(self.above, self.least, self.most)


@dataclass(frozen=True, kw_only=True)
class Integer(Option):
    """A whole number of at least `least`."""

    least: int = 1
    annotation: ClassVar[str] = "int"

    def converted(self, value: Any) -> int:
        """Return `value` as an int."""
        return integer(self.name, value, least=self.least)

    @property
    def allowed(self) -> str:
        """The least."""
        return f"a whole number of at least {self.least}"


@dataclass(frozen=True, kw_only=True)
class Text(Option):
    """A text."""

    annotation: ClassVar[str] = "str"

    def converted(self, value: Any) -> str:
        """Return `value` as a str; a path is a text too, and an int (the number of a device)."""
        if isinstance(value, os.PathLike):
            return str(value)
        if isinstance(value, str | int) and not isinstance(value, bool):
            return str(value)
        raise OptionError(option=self.name, found=repr(value), allowed=self.allowed)

    @property
    def allowed(self) -> str:
        """A text, for example the usual one."""
        return f"a text, for example {self.usual}" if self.usual else "a text"

    @property
    def metavar(self) -> str:
        """A name."""
        return "NAME"


@dataclass(frozen=True, kw_only=True)
class Choice(Option):
    """One of a few words."""

    of: tuple[str, ...]

    def converted(self, value: Any) -> str:
        """Return `value` if it is one of the words."""
        return choice(self.name, value, self.of)

    @property
    def allowed(self) -> str:
        """The words."""
        return ", ".join(self.of)

    @property
    def metavar(self) -> str:
        """The words, as the help of the command line lists them."""
        return "{" + ",".join(self.of) + "}"

    @property
    def choices(self) -> tuple[str, ...]:
        """The words."""
        return self.of


@dataclass(frozen=True, kw_only=True)
class NumberOrWord(Option):
    """A number, or one of a few words."""

    words_too: tuple[str, ...]
    annotation: ClassVar[str] = "str | float"

    def converted(self, value: Any) -> str | float:
        """Return `value` as one of the words or as a float."""
        if isinstance(value, str) and value in self.words_too:
            return value
        try:
            return number(self.name, value)
        except OptionError:
            raise OptionError(option=self.name, found=repr(value), allowed=self.allowed) from None

    @property
    def allowed(self) -> str:
        """The words, or a number."""
        unit = f" of {self.unit}" if self.unit else ""
        return f"{', '.join(self.words_too)} or a number{unit}"

    @property
    def metavar(self) -> str:
        """The words, or a number."""
        return "|".join((*self.words_too, "N"))


@dataclass(frozen=True, kw_only=True)
class IntegerOrWord(Option):
    """A whole number of at least 0, or a word: one of `words_too`, or any if there are none."""

    words_too: tuple[str, ...] = ()
    annotation: ClassVar[str] = "int | str"

    def converted(self, value: Any) -> int | str:
        """Return `value` as one of the words or as an int."""
        text = value.strip() if isinstance(value, str) else ""
        number_like = text.lstrip("+-").replace(".", "", 1).isdecimal()
        if text and not number_like and (text in self.words_too or not self.words_too):
            return text
        try:
            return integer(self.name, text if text else value, least=0)
        except OptionError:
            raise OptionError(option=self.name, found=repr(value), allowed=self.allowed) from None

    @property
    def allowed(self) -> str:
        """A whole number, or the words."""
        return f"a whole number of at least 0, or {', '.join(self.words_too) or 'a name'}"

    @property
    def metavar(self) -> str:
        """A number, or the words."""
        return "|".join(("N", *(self.words_too or ("NAME",))))


@dataclass(frozen=True, kw_only=True)
class Flag(Option):
    """Yes or no."""

    annotation: ClassVar[str] = "bool"
    words: ClassVar[int] = 0

    def converted(self, value: Any) -> bool:
        """Return `value` as a bool."""
        text = str(value).lower()  # NumPy's bools too
        if text in (*_TRUE, *_FALSE):
            return text in _TRUE
        raise OptionError(option=self.name, found=repr(value), allowed=self.allowed)

    @property
    def allowed(self) -> str:
        """True and False."""
        return "True or False"


@dataclass(frozen=True, kw_only=True)
class Range(Option):
    """Two numbers, minimum and maximum."""

    above: float | None = None
    annotation: ClassVar[str] = "Sequence[float]"
    words: ClassVar[int] = 2

    def converted(self, value: Any) -> tuple[float, float]:
        """Return `value` as two floats in order; a text has commas or spaces between them."""
        try:
            low, high = (number(self.name, item, above=self.above) for item in items(value))
        except (TypeError, ValueError):
            low, high = 1.0, 0.0
        if low > high:
            raise OptionError(option=self.name, found=shown(value), allowed=self.allowed)
        return low, high

    @property
    def allowed(self) -> str:
        """Two numbers."""
        above = f" above {self.above:g}" if self.above is not None else ""
        return f"two numbers{above}, minimum and maximum"

    @property
    def metavar(self) -> tuple[str, ...]:
        """Their names."""
        return ("LEAST", "MOST")


@dataclass(frozen=True, kw_only=True)
class ZYX(Option):
    """Three lengths above 0 for z, y and x."""

    annotation: ClassVar[str] = "Sequence[float]"
    words: ClassVar[int] = 3

    def converted(self, value: Any) -> tuple[float, float, float]:
        """Return `value` as three floats; a text has commas or spaces between them."""
        return zyx_floats(self.name, value, self.usual)

    @property
    def allowed(self) -> str:
        """Three lengths."""
        return "three numbers above 0 for z, y and x"

    @property
    def metavar(self) -> tuple[str, ...]:
        """The axes."""
        return ("Z", "Y", "X")


@dataclass(frozen=True, kw_only=True)
class Voxels(Option):
    """Three whole numbers of voxels for z, y and x."""

    annotation: ClassVar[str] = "Sequence[int]"
    words: ClassVar[int] = 3

    def converted(self, value: Any) -> tuple[int, int, int]:
        """Return `value` as three ints; a text has commas or spaces between them."""
        try:
            z, y, x = (integer(self.name, item, least=1) for item in items(value))
        except (TypeError, ValueError):
            raise OptionError(option=self.name, found=shown(value), allowed=self.allowed) from None
        return z, y, x

    @property
    def allowed(self) -> str:
        """Three counts."""
        return "three whole numbers of voxels for z, y and x"

    @property
    def metavar(self) -> tuple[str, ...]:
        """The axes."""
        return ("Z", "Y", "X")
