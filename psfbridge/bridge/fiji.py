"""ImageJ's window opened from Python, and files put into an existing Fiji."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from psfbridge.bridge.java import java_class
from psfbridge.bridge.jvm import Host
from psfbridge.errors import BridgeError, OutputError

__all__ = ["install_into", "shipped_macros", "wait_for_window"]

_FOLDER = "PSF_Bridge"
_POLL_S = 0.3


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
    package = Path(str(files("psfbridge")))
    for folder in (package / "macros", package.parent / "macros"):
        if folder.is_dir():
            return sorted(path for path in folder.iterdir() if path.suffix in _PLACES)
    raise BridgeError(f"the macros are missing beside {package}. Install psfbridge again.")


#: Where Fiji looks for a file of this kind, below its own folder.
_PLACES = {
    ".ijm": Path("macros") / _FOLDER,
    ".groovy": Path("scripts", "Plugins", _FOLDER),
    ".py": Path("scripts", "Plugins", _FOLDER),
}


def install_into(fiji: str | Path) -> Sequence[Path]:
    """Put the macros and scripts into a Fiji, and return what was written.

    Scripts appear in its menu under Plugins > PSF Bridge; macros lie in its ``macros`` folder.

    Parameters
    ----------
    fiji : path
        The folder that holds Fiji's ``jars`` and ``plugins``.

    Raises
    ------
    BridgeError
        If that is no Fiji.
    OutputError
        If it cannot be written to.
    """
    root = Path(fiji).expanduser()
    missing = [name for name in ("jars", "plugins") if not (root / name).is_dir()]
    if missing:
        raise BridgeError(
            f"{fiji} is no Fiji: it has no {' and no '.join(missing)} folder. Name the folder "
            "that holds both, often Fiji.app or Fiji."
        )
    return [_copied(path, root / _PLACES[path.suffix]) for path in shipped_macros()]


def _copied(path: Path, folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(path, folder / path.name))
    except OSError as fault:
        raise OutputError(f"cannot write {folder / path.name}: {fault.strerror}.") from fault
