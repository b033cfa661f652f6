"""ImageJ's window opened from Python, and files put into an existing Fiji."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from psfbridge._util.atomic_files import whole_file
from psfbridge._util.extras import how_to_install
from psfbridge.bridge.commands.registry import COMMANDS
from psfbridge.bridge.java.find import java_class
from psfbridge.bridge.java.host import Host
from psfbridge.errors import BridgeError, OutputError

__all__ = [
    "install_into",
    "missing_in",
    "remove_from",
    "shipped_for_fiji",
    "shipped_macros",
    "wait_for_window",
]

_FOLDER = "PSF_Bridge"
_POLL_S = 0.3

_MACROS = Path("macros", _FOLDER)
_MENU = Path("scripts", "Plugins", _FOLDER)

#: Where Fiji looks for a file of this kind, below its own folder.
_PLACES = {".ijm": _MACROS, ".groovy": _MENU, ".py": _MENU}

#: What a Fiji that was started by itself needs, and where.
_HOST_PLACES = {
    "PSF_Bridge.groovy": _MACROS,
    "Start_PSF_Bridge.groovy": _MENU,
    "PSF_Bridge_AutoRun.ijm": Path("macros", "AutoRun"),
}

#: The jars by which Fiji runs our script and starts Python.
_JARS = {
    "Appose": "appose-*.jar",
    "Groovy": "groovy-[0-9]*.jar",
    "SciJava's Groovy": "scripting-groovy-*.jar",
}


def wait_for_window(host: Host) -> None:
    """Return when a person has closed ImageJ's window."""
    while _is_open(host):
        time.sleep(_POLL_S)


def _is_open(host: Host) -> bool:
    if host.gateway is not None:
        return bool(host.gateway.ui().isVisible())
    window = java_class("ij.IJ").getInstance()
    return window is not None and bool(window.isShowing())


def shipped_macros() -> list[Path]:
    """Return the macros and scripts that come with psfbridge, in order of their names.

    Raises
    ------
    BridgeError
        If they are not there: the package is incomplete.
    """
    return sorted(path for path in _shipped().iterdir() if path.suffix in _PLACES)


def shipped_for_fiji(name: str) -> Path:
    """Return one of the files by which a Fiji that was started by itself runs the commands."""
    return _shipped() / "fiji" / name


def _shipped() -> Path:
    package = Path(str(files("psfbridge")))
    for folder in (package / "macros", package.parent / "macros"):
        if folder.is_dir():
            return folder
    raise BridgeError(f"the macros are missing beside {package}. Install psfbridge again.")


def install_into(fiji: str | Path) -> Sequence[Path]:
    """Put menu entries, macros and scripts into a Fiji, and return what was written.

    Scripts appear in its menu under Plugins > PSF Bridge; macros lie in its ``macros`` folder. What
    Fiji starts by itself is the Python that runs this.

    Parameters
    ----------
    fiji : path
        The folder that holds Fiji's ``jars`` and ``plugins``.

    Raises
    ------
    BridgeError
        If that is no Fiji.
    OutputError
        If it cannot be written to; then nothing new is left there.
    """
    contents = _contents(_root(fiji))
    new = [path for path in contents if not path.exists()]
    try:
        for path, content in contents.items():
            _write(path, content)
    except OutputError:
        _delete(new)
        raise
    return list(contents)


def remove_from(fiji: str | Path) -> Sequence[Path]:
    """Take everything out of a Fiji that `install_into` writes, and return what was there.

    Raises
    ------
    BridgeError
        If that is no Fiji.
    OutputError
        If a file cannot be taken away.
    """
    return _delete([path for path in _contents(_root(fiji)) if path.exists()])


def missing_in(fiji: str | Path) -> list[str]:
    """Return what is missing for commands in a Fiji that is started by itself; a sentence each."""
    root = _root(fiji)
    missing = [
        f"{fiji} has no {name} ({pattern} in its jars): update it, Help > Update..."
        for name, pattern in _JARS.items()
        if not any((root / "jars").rglob(pattern))
    ]
    if importlib.util.find_spec("appose") is None:
        missing.append(f"the Python at {sys.executable} has no appose: {how_to_install('imagej')}")
    return missing


def _root(fiji: str | Path) -> Path:
    root = Path(fiji).expanduser()
    missing = [name for name in ("jars", "plugins") if not (root / name).is_dir()]
    if missing:
        raise BridgeError(
            f"{fiji} is no Fiji: it has no {' and no '.join(missing)} folder. Name the folder "
            "that holds both, often Fiji.app or Fiji."
        )
    return root


def _contents(root: Path) -> Mapping[Path, str]:
    """Return every file to write, with its text."""
    return {root / place: text for place, text in _texts()}


def _texts() -> Iterator[tuple[Path, str]]:
    for path in shipped_macros():
        yield _PLACES[path.suffix] / path.name, path.read_text(encoding="utf-8")
    for name, place in _HOST_PLACES.items():
        yield place / name, shipped_for_fiji(name).read_text(encoding="utf-8")
    command = shipped_for_fiji("Command.groovy").read_text(encoding="utf-8")
    for name in COMMANDS:
        # Fiji's menu shows the name of the file, with spaces for underscores.
        yield _MENU / f"{name.replace(' ', '_')}.groovy", command.replace("COMMAND", name)
    yield _MACROS / "python.txt", sys.executable


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise OutputError(f"cannot write {path}: {fault.strerror}.") from fault
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _delete(paths: Sequence[Path]) -> Sequence[Path]:
    """Delete files, and the folders of ours that are empty then."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as fault:
            raise OutputError(f"cannot take away {path}: {fault.strerror}.") from fault
    for folder in {path.parent for path in paths if path.parent.name == _FOLDER}:
        with suppress(OSError):  # something of the user's is in it
            folder.rmdir()
    return paths
