"""Tables as CSV text."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["csv_text"]


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], undefined: str = "") -> str:
    r"""Return rows as CSV text.

    Parameters
    ----------
    columns : sequence of str
        Their names, in order.
    rows : iterable of mapping
        What stands in each column; nothing where a row lacks it.
    undefined : str
        What stands for a number that is not finite.

    Examples
    --------
    >>> csv_text(["name", "width"], [{"name": "a", "width": 0.25}, {"width": float("nan")}])
    'name,width\na,0.25\n,\n'
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value, undefined) for name, value in row.items()})
    return text.getvalue()


def _cell(value: Any, undefined: str) -> Any:
    if not isinstance(value, float):
        return value
    return f"{value:.6g}" if math.isfinite(value) else undefined
