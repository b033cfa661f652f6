"""Logging to the terminal (--verbose) or a file (--log-file)."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from psfbridge.errors import OptionError, OutputError

__all__ = ["add_log_options", "logged"]

_FILE_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class _BesideBars(logging.Handler):
    """Prints to stderr above a progress bar, if one is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line."""
        from tqdm import tqdm

        tqdm.write(self.format(record), file=sys.stderr)


def add_log_options(parser: argparse.ArgumentParser) -> None:
    """Add the logging options."""
    group = parser.add_argument_group("log")
    group.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="report progress on stderr: iterations, decisions, time and memory of each stage",
    )
    group.add_argument(
        "--log-file", metavar="OUT.log", help=("append the same to a log file, with time stamps")
    )


@contextmanager
def logged(args: argparse.Namespace) -> Iterator[None]:
    """Send the log to the requested destinations while the block runs.

    Raises
    ------
    OptionError
        If a command is to be verbose and quiet.
    OutputError
        If the file cannot be written.
    """
    if getattr(args, "verbose", False) and getattr(args, "quiet", False):
        raise OptionError("--verbose and --quiet cannot be combined. Give only one.")
    handlers = list(_handlers(args))
    logger = logging.getLogger("psfbridge")
    before = logger.level
    if handlers:
        logger.setLevel(logging.DEBUG)
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        logger.setLevel(before)
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


def _handlers(args: argparse.Namespace) -> Iterator[logging.Handler]:
    if args.verbose:
        yield _BesideBars()
    if args.log_file:
        try:
            handler = logging.FileHandler(args.log_file, encoding="utf-8")
        except OSError as fault:
            raise OutputError(f"cannot write {args.log_file}: {fault.strerror}.") from fault
        handler.setFormatter(logging.Formatter(_FILE_FORMAT))
        yield handler
