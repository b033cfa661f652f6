"""A history of figures over months: a SQLite file to which every batch appends."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from psfbridge.batch.summary import Row
from psfbridge.errors import ImageError, OutputError

__all__ = ["append_history", "read_history"]

_TABLE = "psf"
_TYPES = {"str": "TEXT", "float": "REAL", "int": "INTEGER"}


def append_history(path: str | os.PathLike[str], rows: Sequence[Row]) -> int:
    """Append the rows of a batch; a file that is there already is replaced by its new row.

    Parameters
    ----------
    path : path
        A SQLite file; it is made if need be, with one table ``psf`` that has the columns of
        `Row`.
    rows : sequence of Row
        Failures are left out.

    Returns
    -------
    int
        How many rows the history has now.

    Raises
    ------
    OutputError
        If the file cannot be written, or is something else.
    """
    names = [field.name for field in fields(Row)]
    columns = ", ".join(f'"{field.name}" {_TYPES[str(field.type)]}' for field in fields(Row))
    marks = ", ".join("?" * len(names))
    try:
        with _opened(path) as base, base:
            base.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE} ({columns}, UNIQUE (file, taken))")
            base.executemany(
                f"INSERT OR REPLACE INTO {_TABLE} ({_quoted(names)}) VALUES ({marks})",
                [_values(row, names) for row in rows if row.status != "failed"],
            )
            count = base.execute(f"SELECT COUNT(*) FROM {_TABLE}").fetchone()
            return int(count[0])
    except sqlite3.Error as fault:
        raise OutputError(
            f"cannot append to the history {path}: {fault}.",
            remedy="Name a history that a batch wrote, or a new file.",
        ) from fault


def read_history(path: str | os.PathLike[str]) -> list[Row]:
    """Return the rows of a history, the oldest image first.

    Raises
    ------
    ImageError
        If there is no such file, or it is no history.
    """
    if not Path(path).is_file():
        raise ImageError(f"there is no history {path}. Make one with psfbridge batch --history.")
    names = [field.name for field in fields(Row)]
    try:
        with _opened(path) as base:
            found = base.execute(
                f"SELECT {_quoted(names)} FROM {_TABLE} ORDER BY taken, file"
            ).fetchall()
    except sqlite3.Error as fault:
        raise ImageError(f"{path} is no history of psfbridge: {fault}.") from fault
    return [Row(**dict(zip(names, map(_known, row), strict=True))) for row in found]


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(os.fspath(path))) as base:
        yield base


def _quoted(names: Sequence[str]) -> str:
    """Return column names as SQL takes them whatever they are: `group` is a word of its own."""
    return ", ".join(f'"{name}"' for name in names)


def _values(row: Row, names: Sequence[str]) -> list[Any]:
    file = os.fspath(Path(row.file).resolve())
    return [file if name == "file" else getattr(row, name) for name in names]


def _known(value: Any) -> Any:
    """Return NaN for what SQLite keeps as nothing."""
    return float("nan") if value is None else value
