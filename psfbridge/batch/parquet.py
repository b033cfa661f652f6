"""Parquet output of summaries, with the unit and meaning of each column."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from psfbridge._util.atomic_files import whole_file
from psfbridge._util.extras import check_installed
from psfbridge.batch.summary import Row
from psfbridge.errors import ImageError

__all__ = ["check_parquet", "read_parquet", "write_parquet"]


def check_parquet() -> None:
    """Check that pyarrow is installed; call it before long work.

    Raises
    ------
    MissingPartError
        If it is not installed.
    """
    check_installed(
        "pyarrow",
        "parquet",
        what="pyarrow, which writes Parquet,",
        otherwise="use CSV or SQLite",
    )


def write_parquet(path: str | os.PathLike[str], rows: Sequence[Row]) -> None:
    """Write rows as Parquet; unknown values are null.

    Parameters
    ----------
    path : path
        The file.
    rows : sequence of Row
        Their fields are the columns; ``unit`` and ``meaning`` stand in each column's metadata.

    Raises
    ------
    MissingPartError
        If pyarrow is not installed.
    OutputError
        If it cannot be written.
    """
    check_parquet()
    import pyarrow as pa
    from pyarrow import parquet

    records = [{name: _known(value) for name, value in asdict(row).items()} for row in rows]
    table = pa.Table.from_pylist(records, schema=_schema(pa))
    with whole_file(path) as temporary:
        parquet.write_table(table, temporary)


def read_parquet(path: str | os.PathLike[str]) -> list[Row]:
    """Return the rows of a file that `write_parquet` wrote; columns of later versions are empty.

    Raises
    ------
    ImageError
        If it is no such file.
    MissingPartError
        If pyarrow is not installed.
    """
    check_parquet()
    import pyarrow as pa
    from pyarrow import parquet

    names = [one.name for one in fields(Row)]
    try:
        table = parquet.read_table(Path(path))
    except (pa.ArrowException, OSError) as fault:
        reason = str(fault).split("\n", 1)[0]
        raise ImageError(f"{path} is not a Parquet history from psfbridge: {reason}.") from fault
    if not {"file", "taken"} <= set(table.column_names):
        raise ImageError(
            f"{path} is not a Parquet history from psfbridge: it has different columns."
        )
    known = table.select([name for name in names if name in table.column_names])
    return [Row(**{k: v for k, v in one.items() if v is not None}) for one in known.to_pylist()]


def _schema(pa: Any) -> Any:
    types = {"str": pa.string(), "float": pa.float64(), "int": pa.int64()}
    return pa.schema(
        [
            pa.field(one.name, types[str(one.type)], metadata=dict(one.metadata))
            for one in fields(Row)
        ]
    )


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
