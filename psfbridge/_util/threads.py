"""Thread pools limited to the cores available to this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from math import ceil
from pathlib import Path

from threadpoolctl import threadpool_limits

from psfbridge._util.control_groups import GROUPS, MEMBERSHIP, group_folders

__all__ = ["cores", "group_cores", "keep_to_cores", "shared_pool", "workers"]


@cache
def cores() -> int:
    """Return how many cores this process may use.

    A machine may have more: a batch system binds its jobs to some cores, a container is given a
    share of the processor's time. More threads than that only wait for each other.
    """
    try:
        bound = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        bound = os.cpu_count() or 1
    return max(min([bound, *group_cores(), *_kept_to]), 1)


_kept_to: list[int] = []


def keep_to_cores(most: int) -> None:
    """Limit this process to `most` cores, for processes that run in parallel."""
    _kept_to[:] = [most]
    cores.cache_clear()
    shared_pool.cache_clear()


def group_cores(groups: Path = GROUPS, membership: Path = MEMBERSHIP) -> Iterator[int]:
    """Yield to how many cores each limited control group keeps that this process is in.

    Parameters
    ----------
    groups, membership : path
        See `psfbridge._util.control_groups.group_folders`.
    """
    for folder in group_folders("cpu", groups, membership):
        with suppress(OSError, ValueError):  # absent, or "max": no limit
            quota, period = (folder / "cpu.max").read_text().split()
            yield ceil(int(quota) / int(period))
        with suppress(OSError, ValueError):
            quota, period = (
                (folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period")
            )
            if int(quota) > 0:  # -1: no limit
                yield ceil(int(quota) / int(period))


@contextmanager
def workers(most: int | None = None) -> Iterator[ThreadPoolExecutor]:
    """Open a pool of threads in which matrix products take one core each.

    A library for matrices that starts threads of its own in every worker has them wait for each
    other: three times slower where cores are few or busy.

    Parameters
    ----------
    most : int, optional
        At most so many threads; by default one for each core.

    Examples
    --------
    >>> with workers() as pool:
    ...     list(pool.map(abs, [-1, 2]))
    [1, 2]
    """
    with threadpool_limits(1), ThreadPoolExecutor(min(most or cores(), cores())) as pool:
        try:
            yield pool
        except BaseException:
            # Whoever ends the work waits for what is being done, not for all that was asked.
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@cache
def shared_pool() -> ThreadPoolExecutor:
    """Return the threads of this process that are kept, for steps as short as starting a thread.

    A step must not wait for another one: it would wait for the threads that wait for it.
    """
    return ThreadPoolExecutor(cores(), "psfbridge-step")


if hasattr(os, "register_at_fork"):
    # A forked process has none of its parent's threads.
    os.register_at_fork(after_in_child=shared_pool.cache_clear)
