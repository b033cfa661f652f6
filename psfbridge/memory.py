"""How much memory is free, and what a number of bytes is called."""

from __future__ import annotations

__all__ = ["free_bytes", "readable_bytes"]


def free_bytes() -> int:
    """Return how many bytes of memory a program may still take without swapping."""
    import psutil

    return int(psutil.virtual_memory().available)


def readable_bytes(count: float) -> str:
    """Return a number of bytes as a person would say it.

    Examples
    --------
    >>> readable_bytes(3 * 2**30)
    '3.0 GiB'
    """
    units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while count >= 1024 and len(units) > 1:
        count /= 1024
        units.pop(0)
    return f"{count:.0f} bytes" if units[0] == "bytes" else f"{count:.1f} {units[0]}"
