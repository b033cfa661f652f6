"""The listener that intercepts ImageJ commands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from psfbridge.bridge.commands.call import Call
from psfbridge.bridge.commands.command_result import Figures
from psfbridge.bridge.commands.left_out import settle
from psfbridge.bridge.commands.registry import COMMANDS, read_options
from psfbridge.bridge.imagej.errors import as_ours, stop
from psfbridge.bridge.imagej.open_images import OpenImages, open_image
from psfbridge.bridge.imagej.show import show
from psfbridge.bridge.imagej.status import ImageJProgress
from psfbridge.bridge.java.find import implemented, java_class
from psfbridge.bridge.java.session import session
from psfbridge.errors import Cancelled
from psfbridge.hosts import Host

__all__ = ["make_listener", "run_and_remember", "run_guarded"]

_VARIABLE = re.compile(r"=&(\w+)")


def make_listener(others: dict[str, Callable[[], None]], from_menu: Callable[[str], None]) -> Any:
    """Return an ``ij.CommandListener`` that runs psfbridge's commands.

    Parameters
    ----------
    others : dict
        Commands without options, by name.
    from_menu : callable
        Called with the command that a person chose in a menu; it must return at once, as ImageJ
        runs nothing else until it does.
    """

    def command_executing(command: Any) -> Any:
        """Return the command for ImageJ to run, or None if it was handled here."""
        session.alive()
        name = str(command)
        if name in others:
            run_guarded(others[name])
        elif name in COMMANDS and in_macro():
            run_command(name, str(java_class("ij.Macro").getOptions() or ""))
        elif name in COMMANDS:
            from_menu(name)
        else:
            return command
        return None

    return implemented("ij.CommandListener", commandExecuting=command_executing)


def in_macro() -> bool:
    """Return whether this thread runs a macro or script, rather than a user's click."""
    thread = java_class("java.lang.Thread").currentThread()
    return str(thread.getName()).startswith("Run$_")


def _with_values(text: str) -> str:
    """Return an option string with the values of the macro's variables (``key=&name``)."""
    return _VARIABLE.sub(lambda match: "=" + _variable(match[1]), text)


def _variable(name: str) -> str:
    interpreter = java_class("ij.macro.Interpreter").getInstance()
    value = interpreter.getVariableAsString(name) if interpreter is not None else None
    if value is None:
        return f"&{name}"
    return f"[{value}]" if " " in str(value) else str(value)


def run_command(name: str, text: str, imp: Any = None) -> None:
    """Run a command; a fault stops the macro with one line."""
    run_guarded(lambda: run_and_remember(name, text, imp))


def run_guarded(work: Callable[[], Any]) -> None:
    """Run `work` and report any error to ImageJ in one line.

    Everything is caught here: what an exception of Python says is lost on its way through Java.
    """
    try:
        work()
    except Exception as fault:
        session.fault = as_ours(fault)
        if isinstance(fault, Cancelled):
            java_class("ij.IJ").resetEscape()
        stop(session.fault)


def run_and_remember(name: str, text: str, imp: Any = None, *, person: bool = False) -> Figures:
    """Run a command, show its progress and what it gave, keep its figures for ``Ext.psfGet``.

    Raises
    ------
    PsfBridgeError
        If an option, the image or the work fails; before anything was shown.
    """
    progress = ImageJProgress(session.alive)
    try:
        with Host.MACRO.active():
            options, texts = read_options(name, _with_values(text))
            imp = open_image(imp) if COMMANDS[name].needs_image else None
            if imp is not None:
                settle(imp)
            call = Call(options, texts, imp, progress, OpenImages())
            outcome = COMMANDS[name].run(call)
        show(call.imp, outcome, person=person)
    finally:
        progress.close()
    session.figures = {**session.figures, **outcome.figures}
    return outcome.figures
