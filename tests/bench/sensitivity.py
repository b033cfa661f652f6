"""How much each setting matters: errors of PSFs with it at half and at twice its value.

    python tests/bench/sensitivity.py --rooms distillation.joint optics --output table.md

A row is a setting, a column a scene; a cell is the error against the truth with half the value,
as it is, and with twice the value, and a star where the verdict changes. A setting is *flat*
where no error changes by more than a tenth and no verdict changes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from settings_records import Setting, all_settings

import psfbridge as pb
from psfbridge.errors import PsfBridgeError
from psfbridge.evaluation.psf_error import psf_error
from psfbridge.options import Optics
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import Simulation, simulate

OIL = Optics(na=1.4, wavelength_um=0.52, refractive_index=1.518)
SMALL = Scene(shape=(31, 128, 128), beads=14, min_distance_um=1.6, psf="psfmodels")

#: Scenes of different kinds, with the options that they are distilled with.
SCENES: dict[str, tuple[Scene, dict[str, Any]]] = {
    "widefield": (SMALL, {}),
    "dim": (replace(SMALL, photons=(4e3, 12e3)), {}),
    "confocal": (
        replace(SMALL, photons=(6e3, 20e3), optics=replace(OIL, microscope="confocal")),
        {},
    ),
    "dirty": (
        replace(SMALL, beads=24, doublets=4, border_beads=3, hot_pixels=20, min_distance_um=1.0),
        {},
    ),
    "deep": (replace(SMALL, photons=(80e3, 200e3), sample_index=1.33, depth_um=3.0), {}),
    "average": (SMALL, {"method": "average"}),
}
#: An error that changes by less than this share is the same.
FLAT = 0.1


@dataclass(frozen=True)
class Result:
    """What came of one scene: the error against the truth and the verdict, or neither."""

    error: float
    grade: str


def distilled(field: Simulation, options: Mapping[str, Any]) -> Result:
    """Distil a scene and hold the PSF against its truth."""
    try:
        result = pb.distill(field.image, bead_diameter_um=field.scene.bead_diameter_um, **options)
    except PsfBridgeError:
        return Result(float("nan"), "none")
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as fault:
        return Result(float("nan"), type(fault).__name__)
    grade = result.verdict.grade if result.verdict else ""
    return Result(psf_error(result.psf, field.psf_grid), grade)


def tried(setting: Setting, factor: float, fields: Mapping[str, Simulation]) -> dict[str, Result]:
    """Distil every scene with a setting times a factor."""
    with setting.set_to(setting.times(factor)):
        return {name: distilled(field, SCENES[name][1]) for name, field in fields.items()}


def cell(half: Result, now: Result, twice: Result) -> str:
    """Return the three errors, with a star where the verdict is another."""
    marks = ["*" if one.grade != now.grade else "" for one in (half, twice)]
    return f"{half.error:.4f}{marks[0]} / {now.error:.4f} / {twice.error:.4f}{marks[1]}"


def flat(half: Result, now: Result, twice: Result) -> bool:
    """Return whether nothing depends on a setting in a scene."""
    alike = all(abs(one.error / now.error - 1) <= FLAT for one in (half, twice))
    return alike and half.grade == now.grade == twice.grade


def rows(settings: Sequence[Setting], fields: Mapping[str, Simulation]) -> Iterator[str]:
    """Yield the table, row by row as they are worked out."""
    now = {name: distilled(field, SCENES[name][1]) for name, field in fields.items()}
    yield "| setting | value | " + " | ".join(fields) + " | |"
    yield "|---" * (len(fields) + 3) + "|"
    for setting in settings:
        half, twice = (tried(setting, factor, fields) for factor in (0.5, 2.0))
        triples = [(half[name], now[name], twice[name]) for name in fields]
        cells = " | ".join(cell(*triple) for triple in triples)
        verdict = "flat" if all(flat(*triple) for triple in triples) else ""
        yield f"| `{setting.label}` | {setting.value} | {cells} | {verdict} |"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rooms", nargs="+", help="only these, as distillation.joint")
    parser.add_argument("--records", nargs="+", help="only these, as AVERAGE")
    parser.add_argument("--scenes", nargs="+", choices=tuple(SCENES), default=tuple(SCENES))
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--output", type=Path, help="append the table to this file")
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    args = arguments()
    fields = {name: simulate(replace(SCENES[name][0], seed=args.seed)) for name in args.scenes}
    chosen = [
        one
        for one in all_settings()
        if (not args.rooms or one.room in args.rooms)
        and (not args.records or one.record_name in args.records)
    ]
    began = time.perf_counter()
    for row in rows(chosen, fields):
        print(row, flush=True)
        if args.output:
            with args.output.open("a", encoding="utf-8") as file:
                file.write(row + "\n")
    print(f"\nseed {args.seed}, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
