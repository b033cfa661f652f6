"""Command-line options, generated from the option records."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from psfbridge._util.option_kinds import Option
from psfbridge._util.option_records import options_of
from psfbridge.errors import OptionError
from psfbridge.hosts import Host

__all__ = ["add_options", "chosen_options", "flag"]


def add_options(
    parser: argparse.ArgumentParser,
    record: type,
    *,
    names: Collection[str] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> None:
    """Add the options of a record to a parser, under the headings of their groups.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser of one command.
    record : type
        A record with described fields, as `psfbridge.options.DistillOptions`.
    names : collection of str, optional
        Only these; by default all.
    defaults : mapping, optional
        What the command takes where an option is not given, if that is not the record's default.
    """
    groups: dict[str, Any] = {"": parser}
    for name, option in options_of(record).items():
        if names is not None and name not in names:
            continue
        if option.group not in groups:
            groups[option.group] = parser.add_argument_group(option.group)
        default = (defaults or {}).get(name)
        groups[option.group].add_argument(
            flag(option),
            dest=name,
            action=_Converted,
            option=option,
            default=default,
            help=_help(option, option.default if default is None else default),
        )


def flag(option: Option) -> str:
    """Return the name of an option on the command line; a flag that is on can be turned off.

    Examples
    --------
    >>> from psfbridge.options import DistillOptions
    >>> flag(options_of(DistillOptions)["file_optics"])
    '--no-file-optics'
    """
    return Host.COMMAND_LINE.spelled(f"no_{option.name}" if _is_on(option) else option.name)


def _is_on(option: Option) -> bool:
    return option.words == 0 and option.default is True


def chosen_options(args: argparse.Namespace, record: type) -> dict[str, Any]:
    """Return what was given of the options of a record; what was not given is left out."""
    names = options_of(record)
    return {name: value for name in names if (value := getattr(args, name, None)) is not None}


class _Converted(argparse.Action):
    """Keeps the value that the option makes of its text; a wrong one is refused there."""

    def __init__(
        self, option_strings: Sequence[str], dest: str, *, option: Option, **kwargs: Any
    ) -> None:
        self.option = option
        words = None if option.words == 1 else option.words
        metavar = option.metavar if option.words else None
        super().__init__(option_strings, dest, nargs=words, metavar=metavar, **kwargs)

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,  # noqa: ARG002 - argparse's signature
    ) -> None:
        """Convert and keep."""
        try:
            value = self.option.converted(values if self.option.words else not self.option.default)
        except OptionError as fault:
            fault.remedy = f"See {parser.prog} --help."
            raise
        setattr(namespace, self.dest, value)


def _help(option: Option, default: Any) -> str:
    items = default if isinstance(default, tuple) else (default,)
    shown = " ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in items)
    known = "" if default is None or isinstance(default, bool) else f"default {shown}"
    notes = ", ".join(note for note in (option.unit, known) if note)
    text = f"do not {option.help}" if _is_on(option) else option.help
    return (f"{text} ({notes})" if notes else text).replace("%", "%%")
