"""``psfbridge measure``: the figures of a PSF or of beads."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from psfbridge.cli.common import say

if TYPE_CHECKING:
    from psfbridge.measures import Measures

__all__ = ["add", "run", "table"]


def add(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("measure", help="FWHM and friends of a PSF or of beads")
    parser.add_argument("image", metavar="PSF.tif", help="a PSF, or an image of one bead or many")
    parser.add_argument("--json", metavar="OUT", help="write the figures as JSON too")
    parser.add_argument(
        "--voxel-um", nargs=3, type=float, metavar=("Z", "Y", "X"), help="overrides the file's"
    )
    parser.add_argument("--channel", type=int, metavar="N", help="counted from 0")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from psfbridge.files import check_writable, write_text
    from psfbridge.measures import measure_file
    from psfbridge.plain import json_text

    if args.json:
        check_writable(args.json)
    measures = measure_file(args.image, voxel_um=args.voxel_um, channel=args.channel)
    if args.json:
        write_text(args.json, json_text(measures))
    say(table(measures))
    return 0


def table(measures: Measures) -> str:
    """Return the measures as a table for people."""
    return "\n".join([f"measured: {measures.subject}", *_rows(measures), *measures.notes])


def _rows(measures: Measures) -> Iterator[str]:
    yield _row("", ("z", "y", "x"))
    yield _row("FWHM at half maximum, µm", measures.fwhm_um)
    yield _row("FWHM of 1-D Gaussian fits, µm", measures.profile_fit_fwhm_um)
    yield _row("FWHM of a 3-D Gaussian fit, µm", measures.gaussian_fwhm_um)
    yield _row("odd share of the energy", measures.asymmetry)
    yield _row("FWHM along principal axes, µm", measures.principal_fwhm_um)
    yield _row("tilt of the longest axis, degrees", [measures.tilt_deg])
    yield _row("R² of the 3-D Gaussian fit", [measures.gaussian_r2])
    yield _row("light in the Airy zone, in focus", [measures.zone_energy])
    yield _row("light in the Airy zone, in space", [measures.zone_energy_volume])
    yield _row("signal to noise at the peak", [measures.snr])
    yield _row("background left, share of the peak", [measures.background_share])


def _row(name: str, values: Sequence[float | str]) -> str:
    return f"{name:<35}" + "".join(f"{_cell(value):>10}" for value in values)


def _cell(value: float | str) -> str:
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
