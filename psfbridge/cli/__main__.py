"""Entry point for ``python -m psfbridge.cli`` and ``psfbridge``."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from psfbridge.cli import main

__all__ = ["end_beside_windows", "run"]


def run() -> NoReturn:
    """Run a command, and end the process with its status."""
    status = main()
    end_beside_windows(status)
    sys.exit(status)


def end_beside_windows(status: int) -> None:
    """End the process immediately if Java has open windows.

    Java's threads of windows may call a Python that is going down: that aborts the process.
    """
    if _java_has_windows():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _java_has_windows() -> bool:
    if "psfbridge.bridge.java.host" not in sys.modules:
        return False
    from psfbridge.bridge.java.host import current

    host = current()
    return host is not None and not host.headless


if __name__ == "__main__":
    run()
