"""The ImageJ window, opened from Python."""

from __future__ import annotations

import time

from psfbridge.bridge.java.find import java_class, running
from psfbridge.bridge.java.host import Host
from psfbridge.bridge.settings import IMAGEJ

__all__ = ["wait_for_window"]


def wait_for_window(host: Host) -> None:
    """Wait until the user closes the ImageJ window.

    ImageJ2 may end Java with its window: then there is nobody left to ask.
    """
    while _is_open(host):
        time.sleep(IMAGEJ.window_poll_s)


def _is_open(host: Host) -> bool:
    try:
        return _is_showing(host)
    except Exception:
        if running():
            raise
        return False


def _is_showing(host: Host) -> bool:
    if host.gateway is not None:
        return bool(host.gateway.ui().isVisible())
    window = java_class("ij.IJ").getInstance()
    return window is not None and bool(window.isShowing())
