"""Dialog fields, generated from the descriptions of the options."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psfbridge._util.help_pages import help_page
from psfbridge._util.option_kinds import Flag, Option
from psfbridge.bridge.commands.call import Command
from psfbridge.bridge.commands.distill import psf_title
from psfbridge.bridge.commands.microscope_presets import PRESET, fills
from psfbridge.errors import ImageError
from psfbridge.hosts import Host

__all__ = ["AUTOMATIC", "DialogRow", "in_words", "manual", "rows_of"]

#: What a dialog says below its fields.
AUTOMATIC = "Fields left empty are determined automatically."

_OUTPUT = "Output"
_IMAGE = "Image"

#: The pages of the documentation that tell of every command.
_PAGES = {"fiji": "For Fiji users", "macros": "Macros", "options": "Options"}

#: What is asked once where the field was left as it is.
_CONFIRM = {
    "bead_diameter_um": "The bead diameter is 0, so the beads are treated as points. If they are "
    "larger than a third of the PSF width, the PSF will be too wide. Continue?"
}


@dataclass(frozen=True)
class DialogRow:
    """One row of a dialog: a text field, a choice or a check box.

    Parameters
    ----------
    key : str
        The key that the macro recorder writes.
    label : str
        What the dialog calls it.
    group : str
        The heading that it stands under.
    only_if : mapping
        Values of other rows, by key, with which alone it is shown.
    confirm : str
        What is asked once where the default stays.
    fills : mapping
        What each choice writes into other rows, by choice and key: where nothing else is chosen
        there, that is what counts.
    """

    key: str
    label: str
    default: str = ""
    choices: Sequence[str] = ()
    flag: bool = False
    start: str = ""
    group: str = ""
    only_if: Mapping[str, Sequence[str]] = field(default_factory=dict)
    confirm: str = ""
    fills: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def rows_of(command: Command, imp: Any, titles: Sequence[str]) -> list[DialogRow]:
    """Return the rows of the dialog of a command; empty if it has no options."""
    rows = [
        _row(key, option, command.choices.get(key, option.choices))
        for key, option in command.options().items()
    ]
    rows[:0] = [
        DialogRow(key, label, choices=command.choices.get(key, ()))
        for key, label in command.asks.items()
        if not command.needs_image
    ]
    rows[:0] = _preset_rows(command)
    if "psf" in command.keys:
        rows.insert(0, _psf_row([title for title in titles if title != str(imp.getTitle())]))
    if command.needs_image:
        rows += _rows_of_image(command, imp)
    return rows


def _preset_rows(command: Command) -> Iterator[DialogRow]:
    """Return the row for microscope presets, if there are any."""
    found = fills(command.options()) if PRESET in command.keys else {}
    if found:
        yield DialogRow(PRESET, "Microscope preset", choices=("", *found), fills=found)


def _rows_of_image(command: Command, imp: Any) -> Iterator[DialogRow]:
    for key, count in (("channel", imp.getNChannels()), ("frame", imp.getNFrames())):
        if int(count) > 1:
            yield DialogRow(key, f"{key.capitalize()} (1 to {count})", group=_IMAGE)
    for key, label in command.asks.items():
        yield DialogRow(key, label, flag=key in command.flags, group=_OUTPUT)


def _row(key: str, option: Option, choices: Sequence[str]) -> DialogRow:
    # A choice that need not be made has an empty line to leave it open.
    open_ = ("",) if choices and option.default is None else ()
    return DialogRow(
        key,
        _label(option),
        _default(option),
        (*open_, *choices),
        flag=isinstance(option, Flag),
        group=_capital(option.group),
        only_if={Host.MACRO.spelled(name): values for name, values in option.only_if.items()},
        confirm=_CONFIRM.get(option.name, ""),
    )


def _label(option: Option) -> str:
    words = option.label or _capital(Host.MACRO.spelled(option.name).replace("_", " "))
    order = "z,y,x" if option.words > 1 else ""
    hint = " ".join(part for part in (order, option.unit) if part)
    return f"{words} ({hint})" if hint else words


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _psf_row(others: Sequence[str]) -> DialogRow:
    """Choose among the open images; the newest PSF is most likely meant."""
    if not others:
        raise ImageError("no PSF is open. Distil one first, or open its file.")
    psfs = [other for other in others if other.startswith(psf_title(""))]
    return DialogRow("psf", "PSF", "", others, start=(psfs or others)[-1])


def _default(option: Option) -> str:
    value = option.default
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def in_words(text: str, command: Command) -> str:
    """Return the message of an error with options called as the command's dialog calls them.

    Examples
    --------
    >>> from psfbridge.bridge.commands.registry import COMMANDS
    >>> in_words("na is 2; allowed is less than 1.518.", COMMANDS["Distill PSF..."])
    'Numerical aperture is 2; allowed is less than 1.518.'
    """
    labels = {key: _label(option) for key, option in command.options().items()}
    for key, label in {**labels, **command.asks}.items():
        # A key of several words means nothing else; a short one may be a word of the sentence.
        end = "" if "_" in key else r"(?==| is\b)"
        text = re.sub(rf"(?<![\w.]){key}\b{end}", label.replace("\\", ""), text)
    return text


def manual(command: Command) -> str:
    """Return what the dialog's Help button shows: every field with its meaning, as HTML."""
    lines = [
        f"<dt><b>{html.escape(_label(option))}</b></dt><dd>{html.escape(option.help)}</dd>"
        for option in command.options().values()
    ]
    keys = ", ".join([*command.options(), *command.keys, *command.flags])
    return (
        f"<html>{_more(command)}<dl>{''.join(lines)}</dl><p>{AUTOMATIC} Lengths are in µm.</p>"
        f"<p>In macros: {html.escape(keys)}.</p></html>"
    )


def _more(command: Command) -> str:
    """Return links to the documentation, if it is installed."""
    pages = {name: help_page(name) for name in dict.fromkeys((command.page, *_PAGES))}
    links = [
        f'<a href="{path.as_uri()}">{_PAGES.get(name, _capital(name))}</a>'
        for name, path in pages.items()
        if path
    ]
    return f"<p>{' · '.join(links)}</p>" if links else ""
