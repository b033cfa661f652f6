"""Free memory, and sizes in readable units."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from psfbridge._util.control_groups import GROUPS, MEMBERSHIP, group_folders

__all__ = ["free_bytes", "group_rooms", "peak_bytes", "readable_bytes"]

#: What Linux says of this process.
_STATUS = Path("/proc/self/status")

#: Limit and usage of a control group, in Linux's second and first version of them.
_GROUP_FILES = (
    ("memory.max", "memory.current"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes"),
)


def free_bytes() -> int:
    """Return how many bytes of memory this process may still take without swapping.

    A container's, a batch system's or a shell's limit counts too: past it the system ends the
    process without a word.
    """
    import psutil

    system = int(psutil.virtual_memory().available)
    return max(min([system, *_shell_rooms(), *group_rooms()]), 0)


def peak_bytes() -> int:
    """Return the peak memory of this process so far, in bytes."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    # A process begins with the peak of the one that started it, but for this figure.
    with suppress(OSError):
        for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def _shell_rooms() -> Iterator[int]:
    """Yield what ``ulimit -v`` leaves, if it was set."""
    if sys.platform == "win32":
        return
    import resource

    import psutil

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        yield limit - int(psutil.Process().memory_info().vms)


def group_rooms(groups: Path = GROUPS, membership: Path = MEMBERSHIP) -> Iterator[int]:
    """Yield what each limited control group leaves that this process is in.

    Parameters
    ----------
    groups, membership : path
        See `psfbridge._util.control_groups.group_folders`.
    """
    for folder in group_folders("memory", groups, membership):
        for limit, usage in _GROUP_FILES:
            with suppress(OSError, ValueError):  # absent, or "max": no limit
                room = int((folder / limit).read_text()) - int((folder / usage).read_text())
                yield room + _cached(folder)


def _cached(folder: Path) -> int:
    """Return how much of a group's usage is files that can be dropped."""
    with suppress(OSError):
        for line in (folder / "memory.stat").read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "inactive_file":
                return int(count)
    return 0


def readable_bytes(count: float) -> str:
    """Return a number of bytes in readable units.

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
