"""Where distilling fails, and whether the software says so: ``python tests/bench/failure_map.py``.

Beads x photons in full; z-step, crowding, ramp, bead size and microscope one at a time from a
base. Each cell is a simulated field of its own, with unlike beads at random places, and all methods
side by side: the error against the truth, how far the centre is off, the worst FWHM error, the
software's own verdict and whether that is right. The table goes to ``docs/failure-map.md`` and the
picture to ``docs/failure-map.png``; no cell is left out.

``--quick`` takes nine cells of the grid, the extremes of what is varied, a base of ten beads,
and 20 iterations of the original pipeline;
``--out DIR`` writes elsewhere; ``--redraw`` makes table and picture from the last run's figures.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scoring import GOOD, METHODS, USABLE, Score, Truth, head, method_options, number, row, score

from psfbridge._util.threads import cores
from psfbridge.errors import PsfBridgeError
from psfbridge.options import Optics
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import simulate

BEADS = (1, 3, 10, 50, 200)
PHOTONS = (1e3, 3e3, 10e3, 30e3, 100e3, 300e3)
BASE_BEADS, BASE_PHOTONS = 50, 30e3
#: Side of the field in voxels: about as dense for any number of beads.
SIDES = {1: 96, 3: 96, 10: 128, 50: 192, 200: 320}
DEPTH_UM = 6.4
DOCS = Path(__file__).parents[2] / "docs"
_OIL = Optics(na=1.4, wavelength_um=0.52, refractive_index=1.518)
_AIR = Optics(na=0.75, wavelength_um=0.52, refractive_index=1.0)
#: What is varied one at a time, by the name of the factor.
VARIED: dict[str, dict[str, dict[str, Any]]] = {
    "z-step": {f"{step:g} µm": {"voxel_um": (step, 0.1, 0.1)} for step in (0.1, 0.2, 0.3, 0.5)},
    "crowding": {
        f"{beads} beads, {apart:g} µm": {"beads": beads, "min_distance_um": apart}
        for beads, apart in ((50, 1.5), (100, 0.8), (150, 0.5))
    },
    "ramp": {f"{ramp:.0%}": {"ramp": ramp} for ramp in (0.0, 0.5, 1.0)},
    "bead size": {f"{1000 * d:.0f} nm": {"bead_diameter_um": d} for d in (0.0, 0.1, 0.2, 0.3)},
    "microscope": {
        "widefield": {},
        "confocal": {"optics": replace(_OIL, microscope="confocal")},
        "lightsheet, NA 0.75": {"optics": replace(_AIR, microscope="lightsheet")},
        "widefield, NA 0.75": {"optics": _AIR},
    },
}


@dataclass(frozen=True)
class Cell:
    """One field of the map."""

    factor: str
    level: str
    beads: int
    photons: float
    changes: dict[str, Any]

    def scene(self, seed: int) -> Scene:
        """Return the scene to simulate."""
        side = SIDES[self.beads]
        step = self.changes.get("voxel_um", (0.2,))[0]
        planes = round(DEPTH_UM / step) + 1
        plain = Scene(
            beads=self.beads,
            photons=(0.6 * self.photons, 1.4 * self.photons),
            shape=(planes, side, side),
            min_distance_um=1.2,
            psf="psfmodels",
            seed=seed,
        )
        return replace(plain, **self.changes)


def cells(quick: bool) -> Iterator[Cell]:
    """Return the cells of the map: the grid, then what is varied one at a time."""
    for beads in (1, 10, 50) if quick else BEADS:
        for photons in PHOTONS[::2] if quick else PHOTONS:
            yield Cell("beads x photons", f"{beads} x {photons / 1e3:g} k", beads, photons, {})
    base = 10 if quick else BASE_BEADS
    for factor, levels in VARIED.items():
        names = list(levels)[:: len(levels) - 1] if quick else list(levels)
        for level in names:
            yield Cell(factor, level, base, BASE_PHOTONS, levels[level])


def tried(cell: Cell, methods: Sequence[str], iterations: int, seed: int) -> list[Score]:
    """Try every method on a cell; a field that cannot be made is said for each."""
    scene = cell.scene(seed)
    try:
        truth = Truth(simulate(scene))
    except PsfBridgeError as fault:
        return [Score(method, word=str(fault)) for method in methods]
    scores = []
    for method in methods:
        options = method_options(method, scene.optics, iterations)
        if options is not None:
            options["bead_diameter_um"] = scene.bead_diameter_um
            scores.append(score(truth, method, options))
    return scores


def record(cell: Cell, one: Score, run: dict[str, Any]) -> dict[str, Any]:
    """Return one line of the figures."""
    place = {"factor": cell.factor, "level": cell.level, "beads": cell.beads}
    figures = {**asdict(one), "judgement": one.judgement}
    return {**place, "photons": cell.photons, **figures, **run}


def table(records: Sequence[dict[str, Any]], said: str) -> str:
    """Return the page with the table."""
    titles = ("what varies", "cell", "method", "error", "centre", "FWHM", "verdict", "is it right")
    lines = [
        "# Failure map",
        "",
        "When distillation fails, and whether the verdict says so. Error, centre (voxels) and "
        "worst FWHM error are relative to the truth of a simulation; an error up to "
        f"{GOOD:.2f} is good, up to {USABLE:.2f} usable. Rows without values give the reason why "
        "there is no PSF. Table and figure are generated by `python tests/bench/failure_map.py`.",
        "",
        said,
        "",
        "![error by beads and photons](failure-map.png)",
        "",
        head(titles),
    ]
    for one in records:
        method = one["method"]
        if one["took"] not in ("", method):
            method = f"{method} ({one['took']})"
        width = "" if one["fwhm_error"] is None else f"{one['fwhm_error']:.1%}"
        figures = [number(one["error"]), number(one["offset_voxel"]), width]
        judged = [one["verdict"], one["judgement"] or one["word"].replace("|", "/")]
        lines.append(row([one["factor"], one["level"], method, *figures, *judged]))
    return "\n".join(lines) + "\n"


def picture(records: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw the error of every method over beads and photons, and over the other factors."""
    from matplotlib.figure import Figure

    methods = list(dict.fromkeys(one["method"] for one in records))
    figure = Figure(figsize=(3.1 * len(methods) + 0.8, 8.2), layout="constrained")
    grid = figure.subplots(2, len(methods), squeeze=False, sharey="row")
    shown: Any = None
    for column, method in enumerate(methods):
        mine = [one for one in records if one["method"] == method]
        shown = _draw_grid(grid[0][column], mine, first=column == 0)
        grid[0][column].set_title(method)
        _draw_others(grid[1][column], mine)
    figure.colorbar(shown, ax=list(grid[0]), label="error (white: no PSF)", shrink=0.8)
    figure.suptitle("Error of the distilled PSF; lower is better")
    figure.savefig(path, dpi=110)


def _draw_grid(axes: Any, mine: Sequence[dict[str, Any]], *, first: bool) -> Any:
    main = [one for one in mine if one["factor"] == "beads x photons"]
    beads = sorted({one["beads"] for one in main})
    photons = sorted({one["photons"] for one in main})
    errors = np.full((len(beads), len(photons)), np.nan)
    for one in main:
        at = beads.index(one["beads"]), photons.index(one["photons"])
        errors[at] = np.nan if one["error"] is None else one["error"]
    shown = axes.imshow(errors, origin="lower", cmap="viridis_r", vmin=0, vmax=1, aspect="auto")
    for (i, j), value in np.ndenumerate(errors):
        dark = np.isfinite(value) and value > 0.55
        text = f"{value:.2f}" if np.isfinite(value) else "–"
        axes.text(j, i, text, ha="center", va="center", fontsize=8, color="w" if dark else "k")
    axes.set_xticks(range(len(photons)), [f"{p / 1e3:g} k" for p in photons], fontsize=8)
    axes.set_xlabel("photons a bead")
    axes.set_yticks(range(len(beads)), [str(b) for b in beads])
    if first:
        axes.set_ylabel("beads")
    return shown


def _draw_others(axes: Any, mine: Sequence[dict[str, Any]]) -> None:
    others = [one for one in mine if one["factor"] != "beads x photons"]
    names = [f"{one['factor']}: {one['level']}" for one in others]
    errors = [np.nan if one["error"] is None else one["error"] for one in others]
    places = np.arange(len(others))[::-1]
    axes.barh(places, errors, color="#4c78a8")
    for place, error in zip(places, errors, strict=True):
        if not np.isfinite(error):
            axes.text(0.02, place, "no PSF", va="center", fontsize=7)
    axes.axvline(GOOD, color="#54a24b", linewidth=1)
    axes.axvline(USABLE, color="#e45756", linewidth=1)
    axes.set_yticks(places, names, fontsize=8)
    axes.set_xlim(0, 1)
    axes.set_xlabel(f"error; good to {GOOD:.2f}, usable to {USABLE:.2f}")


def write(records: Sequence[dict[str, Any]], said: str, out: Path) -> None:
    """Write table and picture."""
    (out / "failure-map.md").write_text(table(records, said), encoding="utf-8")
    picture(records, out / "failure-map.png")


def _save(records: Sequence[dict[str, Any]], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)


def _load(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    for one in rows:
        for name in ("error", "offset_voxel", "fwhm_error"):
            one[name] = float(one[name]) if one[name] else None
        one["beads"], one["photons"] = int(one["beads"]), float(one["photons"])
    return rows


def summary(records: Sequence[dict[str, Any]]) -> str:
    """Say what was asked for, that a poor PSF is never called good, and whether it was reached."""
    judged = [one for one in records if one["verdict"] and one["error"] is not None]
    if not judged:
        return "The software gave no verdicts. Goal: no poor PSF is called good: not to be judged."
    wrong = [one for one in judged if one["verdict"] == "good" and one["error"] > USABLE]
    right = sum(one["judgement"] == "right" for one in judged)
    reached = "reached" if not wrong else "NOT reached"
    return (
        f"Verdicts: {right} of {len(judged)} right; poor PSFs called good: {len(wrong)} "
        f"(goal 0): {reached}."
    )


def run_words(records: Sequence[dict[str, Any]]) -> str:
    """Say how the figures were made."""
    run = records[0]
    return (
        f"Run of {run['date']}, seed {run['seed']}, {run['cores']} cores; reverse-rl with "
        f"{run['iterations']} iterations (the original has 200)."
    )


def main() -> None:
    """Run the map, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--redraw", action="store_true")
    parser.add_argument("--methods", nargs="+", default=METHODS[:-1], choices=METHODS)
    parser.add_argument("--seed", type=int, default=None, help="drawn if not given")
    parser.add_argument("--out", type=Path, default=DOCS)
    args = parser.parse_args()
    figures = args.out / "failure-map.csv"
    records = _load(figures) if args.redraw else _run(args, figures)
    said = summary(records)
    write(records, f"{run_words(records)} {said}", args.out)
    print(f"\n{said}")


def _run(args: argparse.Namespace, figures: Path) -> list[dict[str, Any]]:
    start = time.perf_counter()
    seed = args.seed if args.seed is not None else int(np.random.default_rng().integers(2**31))
    iterations = 20 if args.quick else 200
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    run = {"seed": seed, "iterations": iterations, "date": today, "cores": cores()}
    print(run_words([run]))
    print(head(["what varies", "cell", "method", "error", "centre", "FWHM", "s", "said"]))
    records: list[dict[str, Any]] = []
    for index, cell in enumerate(cells(args.quick)):
        for one in tried(cell, args.methods, iterations, seed + index):
            records.append(record(cell, one, run))
            width = "" if one.fwhm_error is None else f"{one.fwhm_error:.1%}"
            figs = [number(one.error), number(one.offset_voxel), width, number(one.seconds, 1)]
            print(row([cell.factor, cell.level, one.method, *figs, one.word]), flush=True)
        _save(records, figures)
    print(f"{(time.perf_counter() - start) / 60:.1f} minutes")
    return records


if __name__ == "__main__":
    main()
