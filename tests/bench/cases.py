"""The table of ../shared/cases: each faulty bead field distilled and held against its true PSF.

python tests/bench/cases.py [NAME...] [--told-optics] [--option KEY=VALUE ...] [--words]

A case runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import ast
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from scoring import head, met, number, row, stated_error, verdict_of

import psfbridge as pb
from psfbridge.errors import PsfBridgeError
from psfbridge.evaluation.psf_error import psf_error

CASES = Path(__file__).parents[3] / "shared" / "cases"
BEAD_DIAMETER_UM = 0.1
#: What is true of every case's optics; told only where it is asked for.
OPTICS = {"na": 1.4, "wavelength_um": 0.58, "refractive_index": 1.518}
_COLUMNS = ("case", "goal", "error", "", "stated", "true / stated", "verdict", "beads", "s", "MB")


@dataclass(frozen=True)
class Case:
    """One bead field: its files, and the error that it should leave at most.

    Where there is a word `told`, a verdict below good whose reason holds that word is right, too.
    """

    name: str
    goal: float
    truth: str = "widefield_truth"
    microscope: str = "widefield"
    told: str = ""


EVERY = (
    Case("widefield_base", 0.02),
    Case("widefield_0_to_1", 0.02),
    Case("widefield_offset_5000", 0.02),
    Case("widefield_clipped_65", 0.05, told="lowest value"),
    Case("widefield_background_subtracted", 0.05, told="lowest value"),
    Case("widefield_dim_warm_pixels", 0.06),
    Case("widefield_zero_rows", 0.02),
    Case("widefield_zero_corners", 0.02),
    Case("widefield_coma_over_the_field", 0.02, told="across x"),
    Case("widefield_vignetted", 0.03, "widefield_vignetted_truth"),
    Case("confocal_one_plane_flicker", 0.04, "confocal_one_plane_flicker_truth", "confocal"),
    Case("bent_nine_beads", 0.05, "bent_nine_beads_truth"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the cases that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts of cases' names")
    parser.add_argument("--told-optics", action="store_true", help="give the true optics")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--words", action="store_true", help="print the notes below each row")
    parser.add_argument("--in-this-process", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    chosen = [one for one in EVERY if not given.names or any(n in one.name for n in given.names)]
    options = dict(_pair(text) for text in given.option)
    if given.in_this_process:
        print(json.dumps(_scored(chosen[0], options, told=given.told_optics)))
        return
    passed = [word for text in given.option for word in ("--option", text)]
    passed += ["--told-optics"] if given.told_optics else []
    print(head(_COLUMNS), flush=True)
    for case in chosen:
        result = _apart(case.name, passed)
        print(_line(case, result), flush=True)
        if given.words:
            print("\n".join(f"    {note}" for note in result["notes"]), flush=True)


def _pair(text: str) -> tuple[str, Any]:
    """Read KEY=VALUE, the value as Python writes it, or else as a text."""
    key, _, value = text.partition("=")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value


def _apart(name: str, passed: Sequence[str]) -> dict[str, Any]:
    """Run one case in a process of its own."""
    call = [sys.executable, __file__, name, "--in-this-process", *passed]
    run = subprocess.run(call, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return result


def _scored(case: Case, options: dict[str, Any], *, told: bool) -> dict[str, Any]:
    given = {"bead_diameter_um": BEAD_DIAMETER_UM, **options}
    if told:
        given = {**OPTICS, "microscope": case.microscope, **given}
    start = time.perf_counter()
    try:
        result = pb.distill(CASES / f"{case.name}.tif", **given)
    except PsfBridgeError as fault:
        return {"verdict": "refused", "notes": [str(fault)], **_costs(start)}
    costs = _costs(start)
    truth = np.asarray(tifffile.imread(CASES / f"{case.truth}.tif"), float)
    return {
        "error": psf_error(result.psf, truth),
        "stated": stated_error(result.psf),
        "verdict": verdict_of(result),
        "beads": len(result.beads.with_status("used")),
        "notes": list(result.notes),
        **costs,
    }


def _costs(start: float) -> dict[str, float]:
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": time.perf_counter() - start, "megabytes": megabytes}


def _line(case: Case, result: dict[str, Any]) -> str:
    error, stated = result.get("error"), result.get("stated")
    ratio = error / stated if error is not None and stated else None
    words = " ".join(result["notes"])
    told = bool(case.told) and case.told in words and result["verdict"] in ("usable", "poor")
    reached = (error is not None and error <= case.goal) or told
    return row(
        [
            case.name,
            number(case.goal, 2) + (" or told" if case.told else ""),
            number(error),
            met(reached),
            number(stated),
            number(ratio, 2),
            result["verdict"],
            str(result.get("beads", "")),
            number(result["seconds"], 1),
            number(result["megabytes"], 0),
        ]
    )


if __name__ == "__main__":
    main()
