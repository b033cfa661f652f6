"""``psfbridge beads``: find and judge the beads, without distilling."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psfbridge.cli._common import add_image_options, chosen_reading, progress_for, say
from psfbridge.cli._options import add_options
from psfbridge.options import DistillOptions

if TYPE_CHECKING:
    from psfbridge.detection.beads import Beads

__all__ = ["add", "run"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("beads", help="find and judge the beads, without distilling")
    parser.add_argument("image", metavar="IMAGE")
    parser.add_argument("--csv", metavar="OUT.csv", help="CSV table with one row per candidate")
    parser.add_argument(
        "--picture", metavar="OUT.png", help=("picture of all beads, marked by status")
    )
    add_options(parser, DistillOptions, names=["min_separation_um"])
    add_image_options(parser)
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Find, judge and write the table."""
    from psfbridge._util.atomic_files import whole_file
    from psfbridge.cli._outputs import check_outputs
    from psfbridge.detection.find import find_beads
    from psfbridge.detection.settings import SEARCH
    from psfbridge.imaging.sources import held

    check_outputs([args.image], files=[args.csv], pictures=[args.picture])
    reading = replace(chosen_reading(args), lazy=True)
    image = held(reading.one_channel(args.image), SEARCH.memory_bytes)
    beads = find_beads(
        image, min_separation_um=args.min_separation_um, progress=progress_for(args.quiet)
    )
    if args.csv:
        beads.save(args.csv)
    if args.picture:
        from psfbridge.report.figures import plot_beads

        with whole_file(args.picture) as temporary:
            plot_beads(image, beads).savefig(temporary)
    for note in image.notes:
        say(note, args.quiet)
    say(f"beads: {beads.sentence()}", args.quiet)
    for line in _summary(beads):
        say(line, args.quiet)
    return 0


def _summary(beads: Beads) -> Iterator[str]:
    """Yield a summary of the usable beads."""
    import numpy as np

    from psfbridge.detection.beads import USED

    used = beads.with_status(USED)
    for name in ("snr", "intensity", "background"):
        values = used.column(name).astype(float)
        values = values[np.isfinite(values)]
        if values.size:
            label = "SNR" if name == "snr" else name
            low, middle, high = np.percentile(values, (0, 50, 100))
            yield f"{label}: median {middle:.4g}, from {low:.4g} to {high:.4g}"
