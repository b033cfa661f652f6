"""The menu Plugins > PSF Bridge."""

from __future__ import annotations

from typing import Any

from psfbridge.bridge.commands.registry import COMMANDS
from psfbridge.bridge.java.find import java_class
from psfbridge.bridge.java.session import session
from psfbridge.bridge.java.threads import java_thread

__all__ = ["MENU", "add_menu", "from_menu", "remove_menu"]

MENU = "PSF Bridge"
# ImageJ wants a class beside each command; ours never gets that far, the listener is before it.
_STAND_IN = "ij.plugin.BrowserLauncher"


def add_menu() -> None:
    """Add Plugins > PSF Bridge to ImageJ's menu bar, and its commands to the Command Finder."""
    window = java_class("ij.IJ").getInstance()
    if window is None or java_class("ij.Menus").getCommands().containsKey(next(iter(COMMANDS))):
        return  # no window, or a Fiji that has the entries from install-fiji
    menu = java_class("java.awt.Menu")(MENU)
    for name in COMMANDS:
        item = java_class("java.awt.MenuItem")(name)
        item.addActionListener(window)
        menu.add(item)
        java_class("ij.Menus").getCommands().put(name, _STAND_IN)
    _plugins_menu().add(menu)
    session.kept["menu"] = menu


def remove_menu() -> None:
    """Take the menu away again."""
    menu = session.kept.pop("menu", None)
    if menu is None:
        return
    _plugins_menu().remove(menu)
    for name in COMMANDS:
        java_class("ij.Menus").getCommands().remove(name)


def _plugins_menu() -> Any:
    bar = java_class("ij.Menus").getMenuBar()
    menus = [bar.getMenu(index) for index in range(bar.getMenuCount())]
    return next(menu for menu in menus if str(menu.getLabel()) == "Plugins")


def from_menu(name: str) -> None:
    """Show the dialog of a command and run it, in a separate thread.

    ImageJ runs no other command while its listeners are asked, so this returns at once.
    """
    from psfbridge.bridge.imagej.dialogs import ask_and_run

    imp = java_class("ij.WindowManager").getCurrentImage()
    java_thread(lambda: ask_and_run(name, imp), MENU).start()
