"""Worker processes that process files in parallel and share the cores."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from typing import NoReturn

from psfbridge._util.threads import cores, keep_to_cores
from psfbridge.batch.one_file import FileResult, Task, work
from psfbridge.batch.settings import PROCESSES

__all__ = ["side_by_side"]


def side_by_side(tasks: Sequence[Task], jobs: int) -> Iterator[FileResult]:
    """Work on files in processes of their own; one that kills its process is tried again alone.

    Whatever ends the loop early (Ctrl-C, SIGTERM, `psfbridge.errors.Cancelled`) ends the
    processes too.

    Parameters
    ----------
    tasks : sequence of Task
        The files.
    jobs : int
        How many processes; they share the cores of this one.
    """
    broken = []
    with _pool(min(jobs, len(tasks))) as pool:
        waiting = {pool.submit(_work, task): task for task in tasks}
        for future in as_completed(waiting):
            if isinstance(future.exception(), BrokenProcessPool):
                broken.append(waiting[future])
            else:
                yield future.result()
    for task in broken:
        yield _alone(task)


def _alone(task: Task) -> FileResult:
    with _pool(1) as pool:
        try:
            return pool.submit(_work, task).result()
        except BrokenProcessPool:
            return FileResult(
                task=task,
                status="failed",
                error="MemoryError: the process was killed, most likely for lack of memory. Use a "
                "smaller image, or a computer with more memory.",
            )


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    others = active_children()
    # A fresh process takes nothing of this one's threads with it, on any system.
    pool = ProcessPoolExecutor(
        jobs,
        mp_context=get_context("spawn"),
        initializer=_prepare,
        initargs=(max(cores() // jobs, 1),),
    )
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        _end([one for one in active_children() if one not in others])
        raise
    finally:
        pool.shutdown()


def _end(processes: Iterable[BaseProcess]) -> None:
    """Ask processes to end, and end those that do not."""
    processes = list(processes)
    for one in processes:
        one.terminate()
    deadline = time.monotonic() + PROCESSES.grace_s
    for one in processes:
        one.join(max(deadline - time.monotonic(), 0))
        if one.is_alive():
            one.kill()


class _Ended(BaseException):
    """The parent wants no more of this process."""


def _prepare(threads: int) -> None:
    """Take a share of the cores, and leave Ctrl-C to the parent, which prints the one line."""
    keep_to_cores(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _ended)


def _ended(*_: object) -> NoReturn:
    raise _Ended


def _work(task: Task) -> FileResult:
    """Process a file; on request, stop without leaving incomplete files."""
    try:
        return work(task)
    except _Ended:
        os._exit(1)
