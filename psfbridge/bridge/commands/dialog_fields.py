"""The rows of a command's dialog: its labels are the keys of the macro.

So what is recorded can be read off the dialog.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psfbridge._util.option_kinds import Flag, Option
from psfbridge.bridge.commands.call import Command
from psfbridge.bridge.commands.distill import psf_title
from psfbridge.errors import ImageError

__all__ = ["Row", "rows_of"]


@dataclass(frozen=True)
class Row:
    """One row of a dialog: a text, a choice where there are choices, or a box to tick."""

    key: str
    label: str
    default: str = ""
    choices: Sequence[str] = ()
    flag: bool = False
    start: str = ""


def rows_of(command: Command, imp: Any, titles: Sequence[str]) -> list[Row]:
    """Return the rows of a command's dialog; none where there is nothing to choose."""
    rows = [_row(key, option) for key, option in command.options().items()]
    rows += [Row(flag, flag, flag=True) for flag in command.flags]
    if "psf" in command.keys:
        rows.insert(0, _psf_row([title for title in titles if title != str(imp.getTitle())]))
    for key, count in (("channel", imp.getNChannels()), ("frame", imp.getNFrames())):
        if int(count) > 1:
            rows.append(Row(key, f"{key} (1 to {count})"))
    return rows


def _row(key: str, option: Option) -> Row:
    order = "z,y,x" if option.words > 1 else ""
    hint = " ".join(part for part in (order, option.unit) if part)
    label = f"{key} ({hint})" if hint else key
    # A choice that need not be made has an empty line to leave it open.
    open_ = ("",) if option.choices and option.default is None else ()
    choices = (*open_, *option.choices)
    return Row(key, label, _default(option), choices, flag=isinstance(option, Flag))


def _psf_row(others: Sequence[str]) -> Row:
    """Choose among the open images; the newest PSF is most likely meant."""
    if not others:
        raise ImageError("no PSF is open. Distil one first, or open its file.")
    psfs = [other for other in others if other.startswith(psf_title(""))]
    return Row("psf", "psf", "", others, start=(psfs or others)[-1])


def _default(option: Option) -> str:
    value = option.default
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
