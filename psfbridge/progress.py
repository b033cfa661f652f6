"""Progress reports and cancellation."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sized
from importlib.util import find_spec
from typing import Any, Literal, Protocol, TypeVar

from psfbridge.errors import OptionError

__all__ = ["Progress", "ProgressBar", "checked_progress", "no_progress", "shown_bar", "tracked"]

Item = TypeVar("Item")


class Progress(Protocol):
    """A callback of a host, called often during long work.

    It is called as ``progress(stage, done, total)``: a few words that name the stage, and how
    many of its steps are done. To cancel, it raises `psfbridge.errors.Cancelled`.
    """

    def __call__(self, stage: str, done: int, total: int, /) -> None:
        """Report that `done` of `total` steps of `stage` are done."""


def no_progress(stage: str, done: int, total: int, /) -> None:
    """Report nothing."""


class ProgressBar:
    """A bar on stderr, or in a notebook, for stages that take longer than a second."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: Any = None

    def __call__(self, stage: str, done: int, total: int, /) -> None:
        """Show how far `stage` is; take the bar away when it is done."""
        if stage != self._stage:
            self._close()
            self._stage = stage
            self._bar = _tqdm()(total=total, desc=stage, delay=1, leave=False, file=sys.stderr)
        if self._bar is not None:
            self._bar.total = total
            self._bar.update(done - self._bar.n)
        if done >= total:
            self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _tqdm() -> Any:
    """Return tqdm as it looks best here; its bar for notebooks takes ipywidgets."""
    if _in_notebook() and find_spec("ipywidgets") is not None:
        from tqdm.auto import tqdm
    else:
        from tqdm import tqdm
    return tqdm


def _in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def shown_bar() -> Progress:
    """Return a bar where somebody looks at a terminal or a notebook, elsewhere silence."""
    seen = _in_notebook() or (sys.stderr is not None and sys.stderr.isatty())
    return ProgressBar() if seen else no_progress


def checked_progress(progress: Progress | Literal[False] | None) -> Progress:
    """Return what reports go to: a bar by default, see `shown_bar`, and False is nowhere.

    Raises
    ------
    OptionError
        If it cannot be called.
    """
    if progress is None:
        return shown_bar()
    if progress is False:
        return no_progress
    if not callable(progress):
        raise OptionError(
            option="progress",
            found=repr(progress),
            allowed="a function of (stage, done, total), or False for none",
        )
    return progress


def tracked(items: Iterable[Item], progress: Progress, stage: str) -> Iterator[Item]:
    """Yield `items`, reporting before the first and after each of them."""
    items = items if isinstance(items, Sized) else list(items)
    total = len(items)
    progress(stage, 0, total)
    for done, item in enumerate(items, start=1):
        yield item
        progress(stage, done, total)
