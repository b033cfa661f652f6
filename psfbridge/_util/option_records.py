"""Records of options: dataclasses whose fields are described once for all hosts."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, Self, TypeVar

from psfbridge._util.option_kinds import Option
from psfbridge._util.validate import known_names
from psfbridge.errors import OptionError

__all__ = ["OptionRecord", "documented", "option", "options_of"]

_KEY = "psfbridge option"
_SECTION = re.compile(r"^    (Raises|Examples)\n", re.MULTILINE)
_Record = TypeVar("_Record", bound=type)


def option(description: Option, *, default: Any = MISSING) -> Any:
    """Return the field of an `OptionRecord` for an option; without a default it is required."""
    return field(default=default, metadata={_KEY: description})


def options_of(record: type) -> dict[str, Option]:
    """Return the options of a record by name, in their order, each with its default.

    Examples
    --------
    >>> from psfbridge.options import DistillOptions
    >>> options_of(DistillOptions)["bead_diameter_um"].unit
    'µm'
    """
    return {
        one.name: replace(
            one.metadata[_KEY],
            name=one.name,
            default=None if one.default is MISSING else one.default,
        )
        for one in fields(record)
        if _KEY in one.metadata
    }


def documented(record: _Record) -> _Record:
    """Write the options of a record into its docstring, before the sections that it has."""
    if record.__doc__:  # there is none under python -OO
        lines = ["Parameters", "----------"]
        for name, one in options_of(record).items():
            lines += [f"{name} : {_annotated(one)}", *_wrapped(one)]
        found = _SECTION.search(record.__doc__)
        at = found.start() if found else len(record.__doc__)
        section = "".join(f"    {line}\n" for line in lines)
        record.__doc__ = f"{record.__doc__[:at]}{section}\n{record.__doc__[at:]}"
    return record


def _annotated(one: Option) -> str:
    kind = "{" + ", ".join(map(repr, one.choices)) + "}" if one.choices else one.annotation
    return kind if one.default is None else f"{kind}, default: {one.default!r}"


def _wrapped(one: Option) -> list[str]:
    unit = f" ({one.unit})" if one.unit else ""
    text = f"{one.help[0].upper()}{one.help[1:]}{unit}."
    return [f"    {line}" for line in textwrap.wrap(text, 90)]


@dataclass(frozen=True, kw_only=True)
class OptionRecord:
    """Base of the records of options: converts every value as it checks it."""

    def __post_init__(self) -> None:
        for name, option in options_of(type(self)).items():
            value = getattr(self, name)
            if value is not None or not _may_be_absent(type(self), name):
                object.__setattr__(self, name, option.converted(value))
        self.check()

    def check(self) -> None:
        """Refuse values that contradict one another."""

    @classmethod
    def of(cls, options: Self | None = None, **choices: Any) -> Self:
        """Make the record from keywords, on top of another; an unknown one is refused.

        Parameters
        ----------
        options : record, optional
            What to start from; by default the defaults.
        **choices
            Fields of the record.

        Raises
        ------
        OptionError
            If a name is unknown (it is named with the nearest), or a value not allowed.
        """
        known_names(choices, options_of(cls))
        if options is None:
            return cls(**choices)
        if not isinstance(options, cls):
            raise OptionError(
                option="options", found=type(options).__name__, allowed=f"a {cls.__name__}"
            )
        return replace(options, **choices)

    def chosen(self) -> Mapping[str, Any]:
        """Return the options that differ from their defaults."""
        options = options_of(type(self))
        values = {name: getattr(self, name) for name in options}
        return {name: value for name, value in values.items() if value != options[name].default}


def _may_be_absent(record: type, name: str) -> bool:
    return options_of(record)[name].default is None and hasattr(record, name)
