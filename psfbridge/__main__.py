"""The command line as ``python -m psfbridge``."""

from __future__ import annotations

from psfbridge.cli.__main__ import run

if __name__ == "__main__":
    run()
