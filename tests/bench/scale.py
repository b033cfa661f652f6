"""What finding and distilling cost, as ratios within one run, and how the costs grow.

Each field is simulated, written to a file, and distilled by the command in a process of its own.
Beside it, in the same run, one `scipy.ndimage.gaussian_filter` of the volume in single precision
is timed, and some iterations of the original pipeline on the CPU engine: 200 of them are what so
many cost times 200 over their number. All is processor time (user and system), so that what else
the machine does counts little; memory is the peak of the process.

    python tests/bench/scale.py --planes 12 24 48 --beads 10 50 200
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from huge_images import sparse_zarr

import psfbridge as pb
from psfbridge.distillation.reverse_rl import reverse_richardson_lucy
from psfbridge.engines import open_engine
from psfbridge.imaging.image import Image
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import simulate

_HEAD = (
    "  Mvoxel  beads  used  process s  find s  peak MiB  peak/file  find/filter  process/filter"
    "  original/process"
)
_ORIGINAL_ITERATIONS = 200
#: Finds the beads of a file in a process of its own, and says how long that took.
_FINDING = """
import sys, time
from psfbridge.detection.find import find
from psfbridge.imaging.read import Reading
from psfbridge.options import DistillOptions
image = Reading(lazy=sys.argv[2] == "lazy").one_channel(sys.argv[1])
find(image, DistillOptions())
start = time.process_time()
find(image, DistillOptions())
from psfbridge._util.memory import peak_bytes
print(time.process_time() - start, peak_bytes() / 2**20)
"""


@dataclass(frozen=True)
class Process:
    """What a process took, in seconds of processor time, and what it said."""

    seconds: float
    said: str


@dataclass(frozen=True)
class Cost:
    """What one field costs: seconds of processor time, MiB.

    `process` is the whole command; `find` the search alone, the image read and all compiled;
    `gaussian` and `original` are the filter and 200 iterations in the same run.
    """

    voxels: int
    beads: int
    used: int
    process: float
    find: float
    peak: float
    file: float
    gaussian: float
    original: float


def run(*words: str | Path) -> Process:
    """Run Python with some words, and measure it.

    Raises
    ------
    RuntimeError
        If it fails; with what it said.
    """
    with tempfile.TemporaryFile("w+") as said:
        command = [sys.executable, *map(str, words)]
        running = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(running.pid, 0)
        said.seek(0)
        text = said.read()
    if status:
        raise RuntimeError(text)
    # Not used.ru_maxrss: that of a process begins with what its parent has.
    return Process(used.ru_utime + used.ru_stime, text)


def measured(planes: int, across: int, beads: int, folder: Path, asked: argparse.Namespace) -> Cost:
    """Distil a field in a process of its own, and time its peers."""
    scene = Scene(beads=beads, shape=(planes, across, across), seed=asked.seed)
    image = simulate(scene).image
    path, told = folder / "field.tif", folder / "told.json"
    pb.write_image(path, image)
    words = ("distill", path, "-o", folder / "psf.tif", "--json", told, "--quiet")
    done = run("-m", "psfbridge", *words)
    found = run("-c", _FINDING, path, "whole")
    record = json.loads(told.read_text(encoding="utf-8"))
    return Cost(
        voxels=image.data.size,
        beads=beads,
        used=record["beads"]["used"],
        process=done.seconds,
        find=float(found.said.split()[-2]),
        peak=max(record["peak_memory_mib"].values()),
        file=path.stat().st_size / 2**20,
        gaussian=filtered(image),
        original=original(image, asked.iterations),
    )


def filtered(image: Image) -> float:
    """Return what one Gaussian filter of a volume costs."""
    counts = np.asarray(image.data, np.float32)
    start = time.process_time()
    ndimage.gaussian_filter(counts, 2.0)
    return time.process_time() - start


def original(image: Image, iterations: int) -> float:
    """Return what 200 iterations of the original pipeline cost, told from a few of them."""
    start = time.process_time()
    reverse_richardson_lucy(image, open_engine("cpu"), iterations=iterations)
    return (time.process_time() - start) * _ORIGINAL_ITERATIONS / iterations


def row(cost: Cost) -> str:
    """Return one line of the table."""
    return (
        f"{cost.voxels / 1e6:8.1f} {cost.beads:6d} {cost.used:5d} {cost.process:10.1f} "
        f"{cost.find:7.2f} {cost.peak:9.0f} {cost.peak / cost.file:10.1f} "
        f"{cost.find / cost.gaussian:12.2f} {cost.process / cost.gaussian:15.1f} "
        f"{cost.original / cost.process:17.1f}"
    )


def on_disk(folder: Path, sizes: Sequence[int]) -> Iterator[tuple[float, float, float]]:
    """Find the beads of Zarr arrays, and yield their voxels, seconds and MiB at the peak."""
    tile = simulate(Scene(beads=8, shape=(24, 256, 256))).image.data
    for across in sizes:
        repeats = across // 256
        whole = np.tile(tile, (1, repeats, repeats))
        path = folder / f"{across}.ome.zarr"
        sparse_zarr(path, whole.shape, whole, (0, 0, 0), chunks=tile.shape)
        done = run("-c", _FINDING, path, "lazy")
        yield float(whole.size), done.seconds, float(done.said.split()[-1])


def exponent(costs: Any, by: Any) -> float:
    """Return the power with which costs grow, fitted to the logarithms."""
    return float(np.polyfit(np.log(by), np.log(costs), 1)[0]) if len(set(by)) > 1 else np.nan


def start_up() -> None:
    """Print what it costs to start, over starting Python."""
    python, module, version = (
        float(np.median([run(*words).seconds for _ in range(3)]))
        for words in (("-c", ""), ("-c", "import psfbridge"), ("-m", "psfbridge", "--version"))
    )
    print(f"import psfbridge {module - python:.2f} s, --version {version - python:.2f} s,")
    print(f"beyond the {python:.2f} s that Python takes to start")


def told_growth(costs: Sequence[Cost], by: str) -> None:
    """Print how the costs of a series grow."""
    against = [getattr(one, by) for one in costs]
    for of in ("find", "process", "peak"):
        power = exponent([getattr(one, of) for one in costs], against)
        print(f"{of} grows as {by} to the power of {power:.2f}")


def main() -> None:
    """Print all series, and how the costs grow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--planes", nargs="+", type=int, default=[15, 30, 60])
    parser.add_argument("--across", type=int, default=1024)
    parser.add_argument("--beads", nargs="+", type=int, default=[10, 50, 200])
    parser.add_argument("--disk", nargs="+", type=int, default=[768, 1536, 3072])
    parser.add_argument("--iterations", type=int, default=2, help="of the original, times 200 / N")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    start_up()
    print(f"200 iterations of the original are told from {asked.iterations}")
    print(_HEAD)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def cost(planes: int, beads: int) -> Cost:
            one = measured(planes, asked.across, beads, folder, asked)
            print(row(one), flush=True)
            return one

        most_beads, most_planes = max(asked.beads), max(asked.planes)
        corner = cost(most_planes, most_beads)
        fewer = [cost(planes, most_beads) for planes in asked.planes if planes != most_planes]
        told_growth([corner, *fewer], "voxels")
        few = [cost(most_planes, beads) for beads in asked.beads if beads != most_beads]
        told_growth([corner, *few], "beads")
        disk = np.array(list(on_disk(folder, asked.disk)))
    print("on disk, processes that find all beads twice and read block by block:")
    for voxels, seconds, peak in disk:
        print(f"on disk {voxels / 1e6:8.1f} Mvoxel: {seconds:6.1f} s, {peak:6.0f} MiB")
    for of, column in (("seconds", 1), ("peak", 2)):
        power = exponent(disk[:, column], disk[:, 0])
        print(f"{of} grow as voxels on disk to the power of {power:.2f}")


if __name__ == "__main__":
    main()
