"""The listener that sees every command of ImageJ before ImageJ looks it up."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from psfbridge.bridge.commands import COMMANDS, called
from psfbridge.bridge.extensions import EXTENSIONS_COMMAND, register
from psfbridge.bridge.faults import line_of, stop
from psfbridge.bridge.java import java_class
from psfbridge.bridge.record import Last
from psfbridge.bridge.status import ImageJProgress

__all__ = ["make_listener", "run_now"]

Alive = Callable[[], None]


def make_listener(from_menu: Callable[[str, Any], None]) -> Any:
    """Return an ``ij.CommandListener`` that runs psfbridge's commands.

    Parameters
    ----------
    from_menu : callable
        Called with the command and the active image where a person chose it in a menu; it must
        return at once, as ImageJ runs nothing else until it does.
    """
    import jpype

    @jpype.JImplements("ij.CommandListener")
    class Listener:
        @jpype.JOverride
        def commandExecuting(self, command: Any) -> Any:  # noqa: N802 - Java's name
            name = str(command)
            if name not in COMMANDS and name != EXTENSIONS_COMMAND:
                return command
            _dispatch(name, from_menu)
            return None

    return Listener()


def _dispatch(name: str, from_menu: Callable[[str, Any], None]) -> None:
    thread = str(java_class("java.lang.Thread").currentThread().getName())
    if name == EXTENSIONS_COMMAND:
        register()
    elif thread.startswith("Run$_"):
        run_now(name, _options())
    else:
        from_menu(name, java_class("ij.WindowManager").getCurrentImage())
