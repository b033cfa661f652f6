"""Linux control groups: the limits of a container or batch job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["GROUPS", "MEMBERSHIP", "group_folders"]

#: Where Linux shows the groups, and where it says which this process is in.
GROUPS, MEMBERSHIP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def group_folders(
    controller: str, groups: Path = GROUPS, membership: Path = MEMBERSHIP
) -> Iterator[Path]:
    """Yield the folders of the groups that this process is in, and of those around them.

    Every one of them may set a limit; some may not be there.

    Parameters
    ----------
    controller : str
        ``memory`` or ``cpu``: in the first version of the groups each has a tree of its own.
    groups, membership : path
        Where Linux shows the groups, and which this process is in.
    """
    folders = {groups, groups / controller}
    with suppress(OSError):
        for line in membership.read_text().splitlines():
            _, tree, path = line.split(":", 2)
            inside = Path(path.lstrip("/"))
            folders |= {groups / tree / part for part in (inside, *inside.parents)}
    yield from sorted(folders)
