"""Threads for many small pieces of work, one core for each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

__all__ = ["workers"]


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
    cores = os.cpu_count() or 1
    with threadpool_limits(1), ThreadPoolExecutor(min(most or cores, cores)) as pool:
        yield pool
