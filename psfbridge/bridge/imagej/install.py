"""Installation of the commands in a running ImageJ, and their removal."""

from __future__ import annotations

from typing import Any

from psfbridge.bridge.imagej.ext_functions import EXTENSIONS_COMMAND, register
from psfbridge.bridge.imagej.listener import make_listener
from psfbridge.bridge.java.find import java_class
from psfbridge.bridge.java.host import PLAIN, Host, boot, join, on_exit
from psfbridge.bridge.java.session import session

__all__ = ["install", "start", "uninstall"]

# Old macros begin with it; nothing needs to be started any more.
_START = "Start PSF Bridge"


def start(where: str = PLAIN, *, mode: str = "headless", memory_gib: float | None = None) -> Host:
    """Start an ImageJ in this process with the commands installed.

    Parameters
    ----------
    where : str
        ``plain`` is ImageJ 1.x alone, from Maven Central, kept for the next time. Anything else
        goes to ``imagej.init``: a Fiji directory, an ImageJ2 version, Maven coordinates.
    mode : {'headless', 'gui'}
        Without windows, or with.
    memory_gib : float, optional
        What Java may take, in GiB; by default half of the memory that there is.

    Returns
    -------
    Host
        What runs; its `gateway` is pyimagej's ``ij``, where there is one.

    Raises
    ------
    BridgeError
        If there is no Java, another ImageJ runs already, or this one does not start.

    Examples
    --------
    >>> from psfbridge import bridge  # doctest: +SKIP
    >>> bridge.start("plain").headless  # doctest: +SKIP
    True
    """
    boot(where, mode=mode, memory_gib=memory_gib)
    return install()


def install(gateway: Any = None) -> Host:
    """Install the commands in the running ImageJ; repeated calls have no effect.

    Parameters
    ----------
    gateway : object, optional
        pyimagej's gateway (``ij``), where there is one.

    Returns
    -------
    Host
        What they were put into.

    Raises
    ------
    BridgeError
        If no ImageJ runs in this process.
    """
    host = join(gateway)
    if "listener" not in session.kept:
        from psfbridge.bridge.imagej.menus import add_menu, from_menu

        # In a Fiji with the plug-in the listener comes before it: no second process is started.
        listener = make_listener({EXTENSIONS_COMMAND: register, _START: _accept}, from_menu)
        java_class("ij.Executer").addCommandListener(listener)
        # ImageJ keeps no hold on Python's side of it: without this it would be collected.
        session.kept["listener"] = listener
        on_exit(uninstall)
        if not host.headless:
            add_menu()
    return host


def _accept() -> None:
    """Do nothing."""


def uninstall() -> None:
    """Remove the commands from the running ImageJ."""
    listener = session.kept.pop("listener", None)
    if listener is None:
        return
    from psfbridge.bridge.imagej.menus import remove_menu

    java_class("ij.Executer").removeCommandListener(listener)
    remove_menu()
    session.kept.clear()
