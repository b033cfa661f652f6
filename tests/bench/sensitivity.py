"""How much each setting matters: errors of PSFs with it at half and at twice its value.

    python tests/bench/sensitivity.py --rooms distillation.joint optics --jobs 2
    python tests/bench/sensitivity.py --page

The first works on the settings of some rooms and adds what it finds to docs/sensitivity.csv; what
is there already is not run again, so that it may be ended at any time and go on later. The second
writes docs/sensitivity.md from that file. Half of a whole number is rounded, and never 0.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from settings_records import Setting, all_settings

import psfbridge as pb
from psfbridge.errors import PsfBridgeError
from psfbridge.evaluation.psf_error import psf_error
from psfbridge.options import Optics
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import Simulation, simulate

ROOT = Path(__file__).parents[2]
FILE, PAGE = ROOT / "docs" / "sensitivity.csv", ROOT / "docs" / "sensitivity.md"
FACTORS = (0.5, 2.0)
OIL = Optics(na=1.4, wavelength_um=0.52, refractive_index=1.518)
SMALL = Scene(shape=(25, 96, 96), beads=8, min_distance_um=1.4, psf_um=(4.0, 3.5, 3.5), seed=7)
NEAR = {"size": (17, 25, 25)}

#: Scenes of different kinds, small for speed, with the options that they are distilled with.
SCENES: dict[str, tuple[Scene, dict[str, Any]]] = {
    "widefield": (SMALL, NEAR),
    "dim": (replace(SMALL, photons=(3e3, 8e3)), NEAR),
    "confocal": (
        replace(SMALL, photons=(6e3, 20e3), optics=replace(OIL, microscope="confocal")),
        NEAR,
    ),
    "dirty": (
        replace(SMALL, beads=14, doublets=3, border_beads=3, hot_pixels=20, min_distance_um=0.9),
        {},
    ),
    "deep": (replace(SMALL, photons=(80e3, 200e3), sample_index=1.33, depth_um=3.0), NEAR),
    "average": (SMALL, {"method": "average"}),
    "reverse-rl": (SMALL, {"method": "reverse-rl", "engine": "cpu", "iterations": 50}),
    "field": (replace(SMALL, beads=12, min_distance_um=1.1), {**NEAR, "field": True}),
}
#: An error that changes by less than this share is the same.
FLAT = 0.1
#: A setting (or none), a scene, and the factor of the setting's value.
Job = tuple[str, str, float]


@dataclass(frozen=True)
class Trial:
    """What came of one scene with one setting changed; with factor 1, with none.

    Attributes
    ----------
    setting, scene : str
        Which.
    factor : float
        Of the setting's value.
    error : float
        Of the PSF against its truth; NaN where there is none.
    used : int
        Beads used.
    grade : str
        The verdict, or the error's kind.
    """

    setting: str
    scene: str
    factor: float
    error: float
    used: int
    grade: str


@lru_cache
def field_of(name: str) -> Simulation:
    """Simulate a scene."""
    return simulate(SCENES[name][0])


def distilled(name: str) -> tuple[float, int, str]:
    """Distil a scene: the error against the truth, the beads used, and the verdict."""
    field = field_of(name)
    diameter = field.scene.bead_diameter_um
    try:
        result = pb.distill(field.image, bead_diameter_um=diameter, **SCENES[name][1])
    except (PsfBridgeError, ValueError, ArithmeticError, np.linalg.LinAlgError) as fault:
        return float("nan"), 0, type(fault).__name__
    grade = result.verdict.grade if result.verdict else ""
    return psf_error(result.psf, field.psf_grid), result.beads.funnel()["used"], grade


def tried(job: Job) -> Trial:
    """Distil a scene with one setting times a factor."""
    label, scene, factor = job
    if factor == 1:
        return Trial(label, scene, factor, *distilled(scene))
    setting = next(one for one in all_settings() if one.label == label)
    with setting.set_to(setting.times(factor)):
        return Trial(label, scene, factor, *distilled(scene))


def known(path: Path = FILE) -> dict[tuple[str, str, float], Trial]:
    """Read what was found so far."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8") as file:
        rows = [
            Trial(
                row["setting"],
                row["scene"],
                float(row["factor"]),
                float(row["error"]),
                int(row["used"]),
                row["grade"],
            )
            for row in csv.DictReader(file)
        ]
    return {(one.setting, one.scene, one.factor): one for one in rows}


def jobs_for(
    settings: Iterable[Setting], scenes: Sequence[str]
) -> Iterator[tuple[str, str, float]]:
    """Yield what is to be tried: the scenes as they are, then each setting."""
    yield from (("", scene, 1.0) for scene in scenes)
    for setting in settings:
        for scene in scenes:
            yield from ((setting.label, scene, factor) for factor in FACTORS)


def run(jobs: Sequence[Job], pool: Executor) -> None:
    """Try each, and add it to the file as soon as it is known."""
    fresh = not FILE.exists()
    with FILE.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [one.name for one in fields(Trial)], lineterminator="\n")
        if fresh:
            writer.writeheader()
        for trial in pool.map(tried, jobs):
            writer.writerow({**asdict(trial), "error": f"{trial.error:.5f}"})
            file.flush()
            print(trial, flush=True)


def sensitivity(trials: Mapping[float, Trial], now: Trial) -> str:
    """Return the errors with half and twice the value over that as it is; empty where all alike."""
    cells = []
    for factor in FACTORS:
        one = trials[factor]
        change = one.error / now.error
        same = abs(change - 1) <= FLAT and (one.used, one.grade) == (now.used, now.grade)
        words = "" if same else f"×{change:.2f}" if np.isfinite(change) else one.grade
        beads = "" if one.used == now.used or not words.startswith("×") else f", {one.used} beads"
        cells.append(f"{words}{beads}" + (f", {one.grade}" if _regraded(one, now) else ""))
    return " / ".join(cell or "=" for cell in cells) if any(cells) else ""


def _regraded(one: Trial, now: Trial) -> bool:
    return one.grade != now.grade and np.isfinite(one.error)


def page() -> str:
    """Return the page of the documentation."""
    found = known()
    scenes = [name for name in SCENES if ("", name, 1.0) in found]
    tables = [
        f"| setting | value | {' | '.join(scenes)} |",
        "|---" * (len(scenes) + 2) + "|",
        "| *error as it is* | | "
        + " | ".join(f"{found['', name, 1.0].error:.3f}" for name in scenes)
        + " |",
    ]
    flat, untried = [], []
    for setting in all_settings():
        trials = {
            name: {f: found[setting.label, name, f] for f in FACTORS}
            for name in scenes
            if all((setting.label, name, f) in found for f in FACTORS)
        }
        cells = {name: sensitivity(one, found["", name, 1.0]) for name, one in trials.items()}
        if not trials:
            untried.append(setting.label)
        elif not any(cells.values()):
            flat.append(f"`{setting.label}` ({', '.join(cells)})")
        else:
            words = (cells.get(name, "–") or "=" for name in scenes)
            tables.append(f"| `{setting.label}` | {setting.value} | {' | '.join(words)} |")
    return _PAGE.format(
        scenes=len(scenes),
        table="\n".join(tables),
        flat="\n".join(f"- {one}" for one in flat) or "None.",
        untried=", ".join(f"`{one}`" for one in untried) or "None",
    )


_PAGE = """# Sensitivity

What each number that steers does to the error of a PSF, at half and at twice its value, over
{scenes} small simulated scenes of different kinds. Written by `tests/bench/sensitivity.py`; the raw
figures are in `sensitivity.csv`. A cell has the error with half the value and with twice the value,
over the error as it is: `=` changes it by less than a tenth, and neither the verdict nor the beads
that are used; `–` was not run.

{table}

## No change in these scenes

Half and twice the value give the same here. Each stays for what the scenes do not have, as its
record says: rare faults, larger images, other microscopes, time and memory.

{flat}

## Not run

{untried}.
"""


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rooms", nargs="+", help="only these, as distillation.joint")
    parser.add_argument("--records", nargs="+", help="only these, as AVERAGE")
    parser.add_argument("--scenes", nargs="+", choices=tuple(SCENES), default=tuple(SCENES))
    parser.add_argument("--jobs", type=int, default=1, help="processes at work")
    parser.add_argument("--minutes", type=float, default=60.0, help="start nothing after")
    parser.add_argument("--page", action="store_true", help="write the page from what is known")
    return parser.parse_args()


def main() -> None:
    """Run what is not known yet, or write the page."""
    args = arguments()
    if args.page:
        PAGE.write_text(page(), encoding="utf-8")
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    chosen = [
        one
        for one in all_settings()
        if (not args.rooms or one.room in args.rooms)
        and (not args.records or one.record_name in args.records)
    ]
    done = known()
    jobs = [job for job in jobs_for(chosen, args.scenes) if job not in done]
    end = time.monotonic() + 60 * args.minutes
    with ProcessPoolExecutor(args.jobs) as pool:
        for first in range(0, len(jobs), 4 * args.jobs):
            if time.monotonic() > end:
                print(f"{len(jobs) - first} trials left: the same command goes on from there")
                break
            run(jobs[first : first + 4 * args.jobs], pool)


if __name__ == "__main__":
    main()
