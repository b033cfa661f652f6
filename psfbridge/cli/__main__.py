"""Entry point for ``python -m psfbridge.cli`` and ``psfbridge``."""

from __future__ import annotations

import atexit
import os
import sys
from typing import NoReturn

from psfbridge.cli import main

__all__ = ["end_beside_java", "run"]


def run() -> NoReturn:
    """Run a command, and end the process with its status."""
    status = main()
    end_beside_java(status)
    sys.exit(status)


def end_beside_java(status: int) -> None:
    """End the process immediately if Java runs in it.

    A thread that waits for Python inside Java's code aborts the process when Python shuts down.
    Java without windows is shut down first, so that its own hooks run.
    """
    windows = _java_windows()
    if windows is None:
        return
    if not windows:
        # Python offers no public way to run what was registered for the exit without exiting.
        atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _java_windows() -> bool | None:
    """Return whether the Java of this process has windows, None where there is no Java."""
    if "psfbridge.bridge.java.host" not in sys.modules:
        return None
    from psfbridge.bridge.java.host import current

    host = current()
    return None if host is None else not host.headless


if __name__ == "__main__":
    run()
