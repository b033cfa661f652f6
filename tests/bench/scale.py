"""Time and memory against voxels and beads: whole processes, ratios within the run, exponents.

Each field is simulated, written to a file, and distilled by a process of its own. Beside it, in
the same run, one `scipy.ndimage.gaussian_filter` of the volume in single precision is timed, and
some iterations of the original pipeline on the CPU engine.

    python tests/bench/scale.py --planes 24 48 --beads 10 100 400
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

import psfbridge as pb
from psfbridge.distillation.reverse_rl import reverse_richardson_lucy
from psfbridge.engines import open_engine
from psfbridge.imaging.image import Image
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import simulate

_SCRIPT = """
import json, sys, psfbridge as pb
result = pb.distill(sys.argv[1], bead_diameter_um=0.1)
print(json.dumps({"seconds": dict(result.timings_s), "peak": dict(result.peak_memory_mib),
                  "beads": result.beads.funnel()}))
"""
_HEAD = (
    "  Mvoxel  beads  used  process    find   solve      MiB peak/file find/filter original/process"
)
_BOX = 256
_ORIGINAL_ITERATIONS, _TRIED_ITERATIONS = 200, 2


@dataclass(frozen=True)
class Cost:
    """What one field costs.

    `seconds` are of the whole process; `find`, `solve` of its stages; `gaussian` and `original`
    of the filter and of 200 iterations, in the same run. Memory is in MiB.
    """

    voxels: int
    beads: int
    used: int
    seconds: float
    find: float
    solve: float
    peak: float
    file: float
    gaussian: float
    original: float


def field(planes: int, across: int, beads: int, seed: int) -> Image:
    """Return a field of ``across`` by ``across`` voxels, of tiles that are simulated apart."""
    tiles = max(across // _BOX, 1)
    share = np.full((tiles, tiles), beads // tiles**2)
    share.flat[: beads % tiles**2] += 1
    rows = [
        [
            simulate(
                Scene(beads=int(n), shape=(planes, _BOX, _BOX), seed=seed + 100 * i + j)
            ).image.data
            if n
            else _empty(planes, seed + 100 * i + j)
            for j, n in enumerate(row)
        ]
        for i, row in enumerate(share)
    ]
    return Image(np.block(rows), Scene().voxel_um)


def _empty(planes: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(20, (planes, _BOX, _BOX)) + rng.normal(100, 2, (planes, _BOX, _BOX))
    return np.rint(counts).astype("uint16")


def measured(image: Image, folder: Path, beads: int) -> Cost:
    """Distil a field in a process of its own, and time its peers."""
    path = folder / "field.tif"
    pb.write_image(path, image)
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(path)], capture_output=True, text=True, check=True
    )
    seconds = time.perf_counter() - start
    told = json.loads(done.stdout.splitlines()[-1])
    stages = told["seconds"]
    counts = np.asarray(image.data, np.float32)
    start = time.perf_counter()
    ndimage.gaussian_filter(counts, 2.0)
    gaussian = time.perf_counter() - start
    start = time.perf_counter()
    reverse_richardson_lucy(image, open_engine("cpu"), iterations=_TRIED_ITERATIONS)
    original = (time.perf_counter() - start) * _ORIGINAL_ITERATIONS / _TRIED_ITERATIONS
    return Cost(
        voxels=image.data.size,
        beads=beads,
        used=told["beads"]["used"],
        seconds=seconds,
        find=stages["find"],
        solve=sum(stages.values()) - stages["find"],
        peak=max(told["peak"].values()),
        file=path.stat().st_size / 2**20,
        gaussian=gaussian,
        original=original,
    )


def row(cost: Cost) -> str:
    """Return one line of the table."""
    return (
        f"{cost.voxels / 1e6:8.1f} {cost.beads:6d} {cost.used:5d} {cost.seconds:8.1f} "
        f"{cost.find:7.2f} {cost.solve:7.2f} {cost.peak:8.0f} {cost.peak / cost.file:9.1f} "
        f"{cost.find / cost.gaussian:9.2f} {cost.original / cost.seconds:9.1f}"
    )


def exponent(costs: list[Cost], of: str, by: str) -> float:
    """Return the power with which a cost grows, fitted to the logarithms."""
    x, y = (np.log([getattr(one, name) for one in costs]) for name in (by, of))
    return float(np.polyfit(x, y, 1)[0]) if np.ptp(x) else float("nan")


def main() -> None:
    """Print both series, and how the costs grow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--planes", nargs="+", type=int, default=[24, 48])
    parser.add_argument("--across", type=int, default=1024)
    parser.add_argument("--beads", nargs="+", type=int, default=[20, 100, 400])
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print(_HEAD)
    with tempfile.TemporaryDirectory() as folder:

        def cost(planes: int, beads: int) -> Cost:
            image = field(planes, asked.across, beads, asked.seed)
            found = measured(image, Path(folder), beads)
            print(row(found), flush=True)
            return found

        middle = asked.beads[len(asked.beads) // 2]
        by_voxels = [cost(planes, middle) for planes in asked.planes]
        by_beads = [cost(asked.planes[-1], beads) for beads in asked.beads]
    for of in ("find", "peak"):
        print(f"{of} grows as voxels to the power of {exponent(by_voxels, of, 'voxels'):.2f}")
    for of in ("solve", "peak"):
        print(f"{of} grows as beads to the power of {exponent(by_beads, of, 'beads'):.2f}")


if __name__ == "__main__":
    main()
