"""Python threads attached to Java."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from psfbridge.bridge.java.find import java_class

__all__ = ["java_thread"]


def java_thread(work: Callable[[], Any], name: str) -> threading.Thread:
    """Return a thread, not yet started, that does `work` and may call Java.

    A thread that Python made has no class loader of its own in Java, and ImageJ's plugins would
    not be found on it: it takes that of the thread that asks for it.
    """
    thread = java_class("java.lang.Thread")
    system = java_class("java.lang.ClassLoader").getSystemClassLoader()
    loader = thread.currentThread().getContextClassLoader() or system

    def run() -> None:
        thread.currentThread().setContextClassLoader(loader)
        work()

    return threading.Thread(target=run, name=name, daemon=True)
