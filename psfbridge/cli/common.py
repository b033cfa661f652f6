"""What several commands of the command line share: their options, and how they speak."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from psfbridge.errors import OptionError
from psfbridge.progress import Progress, no_progress

__all__ = ["Parser", "TerminalProgress", "progress_for", "say"]


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, like all others."""

    def error(self, message: str) -> NoReturn:
        """Raise the message; `psfbridge.cli.main` prints it."""
        raise OptionError(f"{message}. See {self.prog} --help.")


class TerminalProgress:
    """A bar on stderr for stages that take longer than a second."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: Any = None

    def __call__(self, stage: str, done: int, total: int, /) -> None:
        """Show how far `stage` is."""
        from tqdm import tqdm

        if stage != self._stage:
            self.close()
            self._stage = stage
            self._bar = tqdm(total=total, desc=stage, delay=1, leave=False, file=sys.stderr)
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def progress_for(quiet: bool) -> Progress:
    """Return a bar on a terminal, silence in a pipe or when asked to be quiet."""
    return no_progress if quiet or not sys.stderr.isatty() else TerminalProgress()


def say(text: str, quiet: bool = False) -> None:
    """Print a line of result to stdout, unless asked to be quiet."""
    if not quiet:
        print(text)
