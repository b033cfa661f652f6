"""``psfbridge trend``: widths over time, from the history of batches."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from psfbridge.cli._common import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psfbridge.batch.summary import Row

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "trend",
        help="show how widths change over time, from the history of batches",
        description="Show how the widths of the PSF change over time, with one line and one "
        "curve for each group of comparable stacks.",
    )
    parser.add_argument(
        "history",
        metavar="HISTORY",
        help=("history written by batch --history (SQLite or Parquet)"),
    )
    parser.add_argument(
        "--picture", metavar="OUT.png", help=("plot of the widths over time, with standard errors")
    )
    parser.add_argument("--csv", metavar="OUT.csv", help="all rows of the history as CSV")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read the history, draw it, and say how each group changed."""
    from psfbridge._util.atomic_files import whole_file, write_text
    from psfbridge.batch.figure import plot_widths
    from psfbridge.batch.history import read_history
    from psfbridge.batch.summary import to_csv
    from psfbridge.cli._outputs import check_outputs

    check_outputs([args.history], files=[args.csv], pictures=[args.picture])
    rows = read_history(args.history)
    for line in _lines(rows):
        say(line)
    if args.csv:
        write_text(args.csv, to_csv(rows))
    if args.picture:
        with whole_file(args.picture) as path:
            plot_widths(rows).savefig(path)
    return 0


def _lines(rows: Sequence[Row]) -> list[str]:
    """Return a line for each group: its first and last widths, and how many stacks it has."""
    lines = []
    for group in dict.fromkeys(row.group for row in rows):
        same = [row for row in rows if row.group == group]
        first, last = same[0], same[-1]
        changes = ", ".join(_change(same, k) for k in range(3))
        span = f"{len(same)} stacks, {first.taken[:10]} to {last.taken[:10]}"
        if len(same) == 1:
            span = f"1 stack, {first.taken[:10]}"
        judged = ", ".join(filter(None, [last.verdict, last.tolerance]))
        lines.append(f"{group}: {span}: FWHM {changes}; last {judged}")
    return lines


def _change(rows: Sequence[Row], axis: int) -> str:
    """Return the change of one width, with standard errors and limit if known."""
    ends = rows if len(rows) == 1 else (rows[0], rows[-1])
    widths = [
        f"{row.fwhm_um[axis]:.3f}"
        + (f" ± {row.se_um[axis]:.3f}" if math.isfinite(row.se_um[axis]) else "")
        for row in ends
    ]
    limit = rows[-1].limit_um[axis]
    most = f"limit {limit:.3f}" if math.isfinite(limit) else ""
    percent = 100 * (ends[-1].fwhm_um[axis] / ends[0].fwhm_um[axis] - 1)
    change = f"{percent:+z.0f} %" if len(ends) > 1 else ""
    told = ", ".join(filter(None, [change, most]))
    return f"{'zyx'[axis]} {' to '.join(widths)} µm" + (f" ({told})" if told else "")
