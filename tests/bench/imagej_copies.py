"""How long images take between NumPy and ImageJ: ``python tests/bench/imagej_copies.py [WHERE]``.

128 × 512 × 512 float32, 134 MB, beside a NumPy copy, what the JVM takes for the memory alone, and
pyimagej's own converters where WHERE is an ImageJ2 or Fiji: they need its services, which plain
ImageJ 1.x has not.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from psfbridge import bridge
from psfbridge.imaging.image import Image

ROUNDS = 7


def milliseconds(work: Callable[[], Any]) -> list[float]:
    """Time `work` a few times, after once to warm up."""
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def allocated(shape: tuple[int, int, int]) -> list[Any]:
    """Make the planes that an ImagePlus of this shape holds, without a copy into them."""
    import jpype

    return [jpype.JArray(jpype.JFloat)(shape[1] * shape[2]) for _ in range(shape[0])]


def main() -> None:
    """Print a table of medians and ranges."""
    host = bridge.start(sys.argv[1] if len(sys.argv) > 1 else "plain")
    print(host)
    image = Image(np.random.default_rng(0).random((128, 512, 512), np.float32), (0.3, 0.1, 0.1))
    imp = bridge.to_imageplus(image)
    works: dict[str, Callable[[], Any]] = {
        "NumPy copy": image.data.copy,
        "ImagePlus to NumPy": lambda: bridge.from_imageplus(imp),
        "NumPy to ImagePlus": lambda: bridge.to_imageplus(image),
        "Java: the memory alone": lambda: allocated(image.data.shape),
    }
    if host.gateway is not None:
        array = bridge.to_xarray(image)
        works["pyimagej from_java"] = lambda: host.gateway.py.from_java(imp)
        works["pyimagej to_imageplus"] = lambda: host.gateway.py.to_imageplus(array)
    else:
        print("pyimagej's converters: not measured, they need ImageJ2; name one as WHERE")
    copy = 0.0
    for name, work in works.items():
        times = milliseconds(work)
        middle = statistics.median(times)
        copy = copy or middle
        span = f"({min(times):.0f} to {max(times):.0f})"
        print(f"{name:<24}{middle:8.0f} ms {span:<16}{middle / copy:5.1f} NumPy copies")


if __name__ == "__main__":
    main()
