"""The history of measurements over months, in a SQLite or Parquet file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from psfbridge._util.atomic_files import check_writable
from psfbridge.batch.parquet import check_parquet, read_parquet, write_parquet
from psfbridge.batch.summary import Row
from psfbridge.errors import ImageError, OutputError

__all__ = ["append_history", "check_history", "read_history"]

_TABLE = "psf"
_TYPES = {"str": "TEXT", "float": "REAL", "int": "INTEGER"}
_PARQUET = ".parquet"


def check_history(path: str | os.PathLike[str]) -> None:
    """Check that a history can be appended to; call it before long work.

    Raises
    ------
    ImageError
        If it is there and something else.
    MissingPartError
        If it is Parquet, and pyarrow is not installed.
    OutputError
        If it cannot be written.
    """
    if Path(path).suffix.lower() == _PARQUET:
        check_parquet()
    check_writable(path)
    if Path(path).is_file():
        read_history(path)


def append_history(path: str | os.PathLike[str], rows: Sequence[Row]) -> int:
    """Append the rows of a batch; a file that is there already is replaced by its new row.

    Parameters
    ----------
    path : path
        With the ending ``.parquet`` a Parquet file, else SQLite with one table ``psf``; it is made
        if need be. Its columns are those of `Row`; a history of an older version gets those that
        it lacks.
    rows : sequence of Row
        Failures are left out.

    Returns
    -------
    int
        How many rows the history has now.

    Raises
    ------
    MissingPartError
        If it is Parquet, and pyarrow is not installed.
    OutputError
        If the file cannot be written, or is something else.
    """
    good = [
        replace(row, file=os.fspath(Path(row.file).resolve()))
        for row in rows
        if row.status != "failed"
    ]
    append = _append_parquet if Path(path).suffix.lower() == _PARQUET else _append_sqlite
    try:
        return append(path, good)
    except (sqlite3.Error, ImageError) as fault:
        raise OutputError(
            f"cannot append to the history {path}: {fault}",
            remedy="Choose a history written by a batch, or a new file.",
        ) from fault


def _append_parquet(path: str | os.PathLike[str], rows: Sequence[Row]) -> int:
    every = {(row.file, row.taken): row for row in _read_all(path)}
    every |= {(row.file, row.taken): row for row in rows}
    write_parquet(path, list(every.values()))
    return len(every)


def _read_all(path: str | os.PathLike[str]) -> list[Row]:
    return read_parquet(path) if Path(path).is_file() else []


def _append_sqlite(path: str | os.PathLike[str], rows: Sequence[Row]) -> int:
    names = [field.name for field in fields(Row)]
    columns = [f'"{field.name}" {_TYPES[str(field.type)]}' for field in fields(Row)]
    marks = ", ".join("?" * len(names))
    with _opened(path) as base, base:
        base.execute(
            f"CREATE TABLE IF NOT EXISTS {_TABLE} ({', '.join(columns)}, UNIQUE (file, taken))"
        )
        there = _columns(base)
        for name, column in zip(names, columns, strict=True):
            if name not in there:
                base.execute(f"ALTER TABLE {_TABLE} ADD COLUMN {column}")
        base.executemany(
            f"INSERT OR REPLACE INTO {_TABLE} ({_quoted(names)}) VALUES ({marks})",
            [[getattr(row, name) for name in names] for row in rows],
        )
        return int(base.execute(f"SELECT COUNT(*) FROM {_TABLE}").fetchone()[0])


def read_history(path: str | os.PathLike[str]) -> list[Row]:
    """Return the rows of a history, the oldest image first.

    Raises
    ------
    ImageError
        If there is no such file, or it is no history.
    MissingPartError
        If it is Parquet, and pyarrow is not installed.
    """
    if not Path(path).is_file():
        raise ImageError(
            f"the history {path} does not exist. Create one with psfbridge batch --history."
        )
    if Path(path).suffix.lower() == _PARQUET:
        return sorted(read_parquet(path), key=lambda row: (row.taken, row.file))
    try:
        with _opened(path) as base:
            there = _columns(base)
            names = [field.name for field in fields(Row) if field.name in there]
            found = base.execute(
                f"SELECT {_quoted(names)} FROM {_TABLE} ORDER BY taken, file"
            ).fetchall()
    except sqlite3.Error as fault:
        raise ImageError(f"{path} is not a psfbridge history: {fault}.") from fault
    return [_row(dict(zip(names, values, strict=True))) for values in found]


def _row(values: dict[str, Any]) -> Row:
    """Return a row, with NULL values of SQLite converted to those of the column."""
    return Row(**{name: value for name, value in values.items() if value is not None})


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(os.fspath(path))) as base:
        yield base


def _columns(base: sqlite3.Connection) -> set[str]:
    return {str(one[1]) for one in base.execute(f"PRAGMA table_info({_TABLE})")}


def _quoted(names: Sequence[str]) -> str:
    """Return column names quoted for SQL, since `group` is a keyword."""
    return ", ".join(f'"{name}"' for name in names)
