"""``psfbridge batch``: one PSF per file, a joint PSF and a summary over time."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from psfbridge.batch.options import BatchOptions
from psfbridge.cli._common import (
    add_image_options,
    complain,
    progress_for,
    say,
)
from psfbridge.cli._options import add_options, chosen_options
from psfbridge.cli._reporting import add_fail_on, falls_short, opened_page
from psfbridge.cli.commands.preset import apply_preset
from psfbridge.evaluation.about import About
from psfbridge.evaluation.tolerances import Tolerances
from psfbridge.options import DistillOptions

if TYPE_CHECKING:
    from psfbridge.batch.run import Batch
    from psfbridge.batch.summary import Row

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "batch", help="distil many files: a PSF for each, a joint PSF and a summary over time"
    )
    parser.add_argument(
        "images", nargs="+", metavar="IMAGE", help="files, or patterns such as beads/*.tif"
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="DIR", help=("created if necessary")
    )
    add_image_options(parser)
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help=("preset with optics and other options; see psfbridge preset"),
    )
    add_options(parser, DistillOptions)
    add_options(parser, BatchOptions)
    parser.add_argument(
        "--history",
        metavar="FILE",
        help="append the summary to this history file (SQLite, or Parquet if it ends in .parquet); "
        "see psfbridge trend",
    )
    parser.add_argument("--open", action="store_true", help="open the summary when done")
    add_fail_on(parser)
    add_options(parser, About)
    add_options(parser, Tolerances)
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Distil all, and say how it went; 1 if a file failed, or falls short of --fail-on."""
    from psfbridge.batch.run import distill_batch
    from psfbridge.imaging.read import Reading

    apply_preset(args)
    if args.history:
        from psfbridge.batch.history import check_history

        check_history(args.history)
    batch = distill_batch(
        args.images,
        args.output,
        about=About(**chosen_options(args, About)),
        tolerances=Tolerances(**chosen_options(args, Tolerances)),
        progress=progress_for(args.quiet),
        told=lambda row: say(row.sentence(), args.quiet),
        **chosen_options(args, Reading),
        **chosen_options(args, DistillOptions),
        **chosen_options(args, BatchOptions),
    )
    if args.history:
        from psfbridge.batch.history import append_history

        count = append_history(args.history, batch.rows)
        say(f"{args.history}: now {count} stacks", args.quiet)
    for line in _lines(batch):
        say(line, args.quiet)
    say(opened_page(batch.folder / "summary.html", open_it=args.open), args.quiet)
    if batch.failed:
        complain(
            f"{len(batch.failed)} of {len(batch.rows)} files failed, the first being "
            f"{batch.failed[0].file}. The reasons are in {batch.folder / 'summary.csv'}."
        )
    short = [row for row in batch.rows if args.fail_on and _falls_short(row, args.fail_on)]
    if short:
        complain(
            f"{len(short)} of {len(batch.rows)} PSFs are below what --fail-on {args.fail_on} asks "
            f"for: {', '.join(row.file for row in short)}."
        )
    return 1 if batch.failed or short else 0


def _falls_short(row: Row, wanted: str) -> bool:
    passed = {"pass": True, "fail": False}.get(row.tolerance)
    return row.status != "failed" and falls_short(row.verdict, passed, wanted)


def _lines(batch: Batch) -> list[str]:
    kept = len(batch.kept)
    lines = list(batch.notes)
    if kept:
        lines.append(
            f"{kept} files were skipped: they have up-to-date outputs from an earlier run with "
            "the same options."
        )
    return [*lines, f"wrote summary.csv, summary.png and summary.html to {batch.folder}"]
