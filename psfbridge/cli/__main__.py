"""Run the command line as ``python -m psfbridge.cli``, or by the name ``psfbridge``."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from psfbridge.cli import main

__all__ = ["java_has_windows", "run"]


def run() -> NoReturn:
    """Run a command, and end the process with its status."""
    status = main()
    if java_has_windows():
        # Java's threads of windows may call a Python that is going down: that aborts the process.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def java_has_windows() -> bool:
    """Tell whether this process runs an ImageJ that is not headless."""
    if "psfbridge.bridge.jvm" not in sys.modules:
        return False
    from psfbridge.bridge.jvm import current

    host = current()
    return host is not None and not host.headless


if __name__ == "__main__":
    run()
