"""``Ext.`` functions that return values to macros.

ImageJ wants at least one argument for a function, and variables that exist before the call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psfbridge._util.validate import known_names
from psfbridge.bridge.commands.command_result import Figures
from psfbridge.bridge.imagej.listener import run_and_remember, run_guarded
from psfbridge.bridge.java.find import implemented, java_class
from psfbridge.bridge.java.session import session
from psfbridge.errors import BridgeError

__all__ = ["EXTENSIONS", "EXTENSIONS_COMMAND", "Extension", "figure_text", "register"]

EXTENSIONS_COMMAND = "PSF Bridge Extensions"

# ij.macro.MacroExtension's codes of argument types.
_STRING, _NUMBER = 0x01, 0x02
_OUTPUT, _OPTIONAL = 0x10, 0x20


@dataclass(frozen=True)
class Extension:
    """One ``Ext.`` function.

    Parameters
    ----------
    command : str
        The command that it runs.
    out : tuple of str
        The figures that go back into its first arguments.
    text : bool
        Whether these are strings, not numbers.
    options : str
        What its last, optional argument is: an option string that starts with this.
    """

    command: str
    out: tuple[str, ...]
    text: bool = False


#: Each function, with what it runs and what it gives back. The last argument is the options.
EXTENSIONS: dict[str, Extension] = {
    "psfDistill": Extension("Distill PSF...", ("psf",), text=True),
    "psfFindBeads": Extension("Find Beads...", ("beads_used", "beads_found")),
    "psfMeasure": Extension("Measure PSF...", ("fwhm_x_um", "fwhm_y_um", "fwhm_z_um")),
    "psfDeconvolve": Extension("Deconvolve with PSF...", ("image",), text=True),
    "psfCheck": Extension("Check PSF...", ("gathered", "residual", "noise")),
    "psfDistillField": Extension("Distill Field...", ("file",), text=True),
    "psfBatch": Extension("Batch Folder...", ("files_done", "files_failed")),
    "psfResample": Extension("Resample PSF...", ("psf",), text=True),
    "psfConvert": Extension("Convert PSF...", ("psf",), text=True),
    "psfSimulate": Extension("Simulate Beads...", ("image", "psf"), text=True),
    "psfReport": Extension("Open Report", ("report",), text=True),
    "psfHelp": Extension("PSF Bridge Help", ("page",), text=True),
    "psfAbout": Extension("About PSF Bridge", ("version", "python"), text=True),
}
_GET = "psfGet"


def register() -> None:
    """Register the functions in the running macro.

    Raises
    ------
    BridgeError
        If no macro runs: the functions are for macros only.
    """
    if java_class("ij.macro.Interpreter").getInstance() is None:
        raise BridgeError(f'run("{EXTENSIONS_COMMAND}") works only in macros, and none is running.')
    session.kept["extensions"] = handler = _handler()
    java_class("ij.macro.Functions").registerExtensions(handler)


def _handler() -> Any:
    import jpype

    descriptor = java_class("ij.macro.ExtensionDescriptor")

    def handle(name: Any, arguments: Any) -> str | None:
        session.alive()
        answer: list[str | None] = [None]
        run_guarded(lambda: answer.append(_answer(str(name), arguments)))
        return answer[-1]

    def functions() -> Any:
        every = [descriptor(name, kinds, handler) for name, kinds in _signatures().items()]
        return jpype.JArray(descriptor)(every)

    handler = implemented(
        "ij.macro.MacroExtension", handleExtension=handle, getExtensionFunctions=functions
    )
    return handler


def _signatures() -> dict[str, list[int]]:
    signatures = {_GET: [_STRING]}
    for name, extension in EXTENSIONS.items():
        kind = (_STRING if extension.text else _NUMBER) | _OUTPUT
        signatures[name] = [*([kind] * len(extension.out)), _STRING | _OPTIONAL]
    return signatures


def _answer(name: str, arguments: Sequence[Any]) -> str | None:
    """Do what a function does; what is returned as a text would be printed if it is not used."""
    if name == _GET:
        return figure_text(str(arguments[0]), session.figures)
    extension = EXTENSIONS[name]
    options = arguments[len(extension.out)]
    figures = run_and_remember(extension.command, "" if options is None else str(options))
    for slot, figure in zip(arguments, extension.out, strict=False):
        slot[0] = _java_value(figures, figure)
    return None


def _java_value(figures: Figures, name: str) -> Any:
    value = figures.get(name, float("nan"))
    if isinstance(value, str):
        return value
    return java_class("java.lang.Double").valueOf(float(value))


def figure_text(name: str, figures: Figures) -> str:
    """Return what ``Ext.psfGet`` gives for a name.

    Raises
    ------
    BridgeError
        If there are no figures yet.
    OptionError
        If there is none of that name; with all of them.
    """
    if not figures:
        raise BridgeError("Ext.psfGet: nothing has been distilled, found or measured yet.")
    known_names([name], figures, "key of Ext.psfGet")
    value = figures[name]
    return value if isinstance(value, str) else f"{value:.9g}"
