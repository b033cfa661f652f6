"""Coloured output on terminals."""

from __future__ import annotations

import os
import sys

__all__ = ["coloured"]

_CODES = {"good": "32", "care": "33", "bad": "31"}


def coloured(text: str, tone: str) -> str:
    """Return a text in the colour of its tone if stdout is a colour terminal.

    Parameters
    ----------
    text : str
        One line.
    tone : {'good', 'care', 'bad', ''}
        Green, yellow, red, or as it is.
    """
    # https://no-color.org: whoever sets the variable wants none.
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if tone not in _CODES or plain or not sys.stdout.isatty():
        return text
    return f"\x1b[1;{_CODES[tone]}m{text}\x1b[0m"
