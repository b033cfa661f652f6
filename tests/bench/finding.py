"""Finding beads beside one Gaussian filter of the same image: ``python tests/bench/finding.py``.

A field of 300 beads in 60 x 1024 x 1024 voxels of 16 bit. Finding and judging them is timed beside
a single ``scipy.ndimage.gaussian_filter`` of the image in float32, turn by turn in one run, so
that other work on the machine slows both. The peak memory is that of a process of its own, which
does nothing but load the image and find. ``--runs N`` repeats more often.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from psfbridge._util.threads import cores
from psfbridge.detection.find import find_beads

SHAPE = (60, 1024, 1024)
VOXEL_UM = (0.2, 0.1, 0.1)
BEADS = 300
#: What is asked for: times of the filter, and times of the file's size.
MOST_FILTERS, MOST_FILES = 3.0, 5.0

_ALONE = """
import sys
import numpy as np
import psfbridge as pb
from psfbridge._util.memory import peak_bytes
pb.find_beads(np.load(sys.argv[1]), voxel_um=(0.2, 0.1, 0.1))
print(peak_bytes())
"""


def field(seed: int) -> NDArray[np.uint16]:
    """Return beads of unlike brightness at random places on a background of 100 counts."""
    rng = np.random.default_rng(seed)
    half = (8, 6, 6)
    grid = np.indices([2 * n + 1 for n in half]).T - np.array(half)
    image = rng.poisson(100, SHAPE).astype(np.uint16)
    for _ in range(BEADS):
        corner = [int(rng.integers(0, n - 2 * h - 1)) for n, h in zip(SHAPE, half, strict=True)]
        apart = (grid - rng.uniform(-0.5, 0.5, 3)) / (2.2, 1.3, 1.3)
        light = rng.uniform(100, 1000) * np.exp(-0.5 * (apart**2).sum(axis=-1)).T
        box = tuple(slice(c, c + 2 * h + 1) for c, h in zip(corner, half, strict=True))
        image[box] += rng.poisson(light).astype(np.uint16)
    return image


def seconds(work: Callable[[], Any]) -> tuple[float, float]:
    """Return the time that `work` takes, and the processors' own seconds in it."""
    start, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - busy


def peak_bytes(image: NDArray[np.uint16]) -> int:
    """Return the most memory that a process needs that loads the image and finds its beads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.npy"
        np.save(path, image)
        done = subprocess.run(
            [sys.executable, "-c", _ALONE, str(path)], check=True, capture_output=True, text=True
        )
    return int(done.stdout)


def pair(one: tuple[float, float], other: tuple[float, float], which: int) -> list[str]:
    """Return two times and their ratio, for the table."""
    return [f"{value:.2f}" for value in (one[which], other[which], other[which] / one[which])]


def verdict(found: float, goal: float) -> str:
    """Return whether a figure is within its goal."""
    return "reached" if found <= goal else "NOT reached"


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    image = field(args.seed)
    filters, finds, ratios = [], [], []
    print(f"seed {args.seed}, {cores()} cores; seconds, turn by turn")
    print("| gaussian_filter, sigma 1 | find_beads | ratio | processors | processors | ratio |")
    print("|---|---|---|---|---|---|")
    for _ in range(args.runs):
        filters.append(seconds(lambda: ndimage.gaussian_filter(image.astype(np.float32), 1.0)))
        finds.append(seconds(lambda: find_beads(image, voxel_um=VOXEL_UM)))
        ratios.append(finds[-1][0] / filters[-1][0])
        times = (*pair(filters[-1], finds[-1], 0), *pair(filters[-1], finds[-1], 1))
        print(f"| {' | '.join(times)} |", flush=True)
    ratio = float(np.median(ratios))
    peak = peak_bytes(image)
    files = peak / image.nbytes
    beads = find_beads(image, voxel_um=VOXEL_UM)
    print(f"\nbeads: {len(beads)} of {BEADS} found")
    print(f"time: {ratio:.2f} filters; goal {MOST_FILTERS:g}: {verdict(ratio, MOST_FILTERS)}")
    print(
        f"peak memory: {peak / 2**20:.0f} MiB, {files:.2f} times the file of "
        f"{image.nbytes / 2**20:.0f} MiB; goal {MOST_FILES:g}: {verdict(files, MOST_FILES)}"
    )


if __name__ == "__main__":
    main()
