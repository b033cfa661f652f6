"""How long work reports itself, and how it is cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Protocol, TypeVar

from psfbridge.errors import OptionError

__all__ = ["Progress", "checked_progress", "no_progress", "tracked"]

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


def checked_progress(progress: Progress | None) -> Progress:
    """Return what reports go to; None is nowhere, and anything that cannot be called is refused.

    Raises
    ------
    OptionError
        If it cannot be called.
    """
    if progress is None:
        return no_progress
    if not callable(progress):
        raise OptionError(
            option="progress",
            found=repr(progress),
            allowed="a function of (stage, done, total)",
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
