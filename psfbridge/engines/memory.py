"""How much memory is free."""

from __future__ import annotations

import psutil

__all__ = ["free_bytes"]


def free_bytes() -> int:
    """Return how many bytes new work may take without swapping."""
    return int(psutil.virtual_memory().available)
