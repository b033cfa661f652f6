"""Background jobs in napari: threads with progress and cancellation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psfbridge.errors import Cancelled
from psfbridge.progress import Progress

__all__ = ["BackgroundJob"]


class BackgroundJob:
    """One call in a thread of its own.

    Parameters
    ----------
    work : callable
        Called with a `psfbridge.progress.Progress`.
    done, failed : callable
        Called in the thread of the window with what `work` returned, or with what it raised.
    """

    def __init__(
        self,
        work: Callable[[Progress], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        from napari.qt.threading import create_worker

        self._cancelled = False
        #: Stage, steps done and steps in all; the window looks at it now and then.
        self.state: tuple[str, int, int] = ("", 0, 1)
        self._worker = create_worker(
            work,
            self._progress,
            _start_thread=False,
            _connect={"returned": done, "errored": failed},
        )

    def start(self) -> None:
        """Begin."""
        self._worker.start()

    def cancel(self) -> None:
        """Ask the work to end; `failed` is called with `Cancelled` when it does."""
        self._cancelled = True

    def _progress(self, stage: str, done: int, total: int, /) -> None:
        self.state = (stage, done, total)
        if self._cancelled:
            raise Cancelled
