"""Richardson-Lucy engines beside their FFTs and their peers.

Run ``python tests/bench/bench_engines.py``.
One run measures all. A time is that of one iteration, the best of several where it says nothing
else. The peers are
scikit-image, RedLionfish (the extra ``bench``) and clij2-fft; on a machine with a
GPU, ``--gpu`` takes the large sizes there, beside CuPy and PyTorch where they are installed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import time
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy import fft

from psfbridge.engines import CpuEngine, Engine, Plan
from psfbridge.engines.blur import Blur
from psfbridge.engines.problem import Problem, circulant_problem, open_edge_problem
from psfbridge.engines.slabs import cores
from psfbridge.errors import EngineError

SIZES = ((48, 256, 256), (100, 512, 512))
GPU_SIZES = ((128, 512, 512), (100, 1024, 1024))
PSF_SHAPE = (17, 33, 33)
SEED = 6
#: What is asked for: an iteration in the time of its four FFTs, and float32 copies of the frame.
MOST_FFTS, MOST_COPIES = 1.3, 6.0
#: The two that are taken in turn, so that their ratio stands whatever else runs: medians.
FFTS, IN_TURN = "4 real FFTs (scipy), median", "psfbridge cpu, in turn with them, median"


def scene(shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Return points blurred by a Gaussian on a background, with photon noise, and the PSF."""
    rng = np.random.default_rng(SEED)
    grid = np.indices(PSF_SHAPE) - np.reshape([n // 2 for n in PSF_SHAPE], (3, 1, 1, 1))
    psf = np.exp(-0.5 * np.sum((grid / np.reshape((2.5, 2, 2), (3, 1, 1, 1))) ** 2, 0))
    psf = (psf / psf.sum()).astype(np.float32)
    truth = np.zeros(shape, np.float32)
    places = tuple(rng.integers(0, n, 300) for n in shape)
    np.add.at(truth, places, rng.uniform(1e3, 1e4, 300).astype(np.float32))
    blur = Blur(circulant_problem(truth, psf).wrapped_psf())
    light = np.maximum(blur.convolved(truth), 0) + 10
    return rng.poisson(light).astype(np.float32), psf


def best(work: Callable[[], Any], repeats: int) -> float:
    """Return the least time of several, in seconds."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def four_ffts(image: Any, spectrum: Any) -> None:
    """Do the two forward and two inverse real FFTs that an iteration needs."""
    for _ in range(2):
        fft.rfftn(image, workers=cores())
        fft.irfftn(spectrum, s=image.shape, axes=(0, 1, 2), workers=cores())


def beside_ffts(image: Any, psf: Any, repeats: int) -> tuple[float, float]:
    """Return the times of four FFTs and of an iteration, taken in turn: medians over the turns.

    In turn, because other work on the machine slows both alike then. The processor's own seconds,
    which that work does not change, are printed too.
    """
    spectrum = fft.rfftn(image, workers=cores())
    wall: list[float] = []
    busy: list[float] = []

    def mark() -> None:
        wall.append(time.perf_counter())
        busy.append(time.process_time())

    def progress(_stage: str, _done: int, _total: int, /) -> None:
        mark()
        four_ffts(image, spectrum)
        mark()

    CpuEngine().solve(circulant_problem(image, psf), Plan(iterations=4 * repeats), progress)
    ffts, ours = (float(np.median(np.diff(wall)[first::2])) for first in (2, 1))
    busy_ffts, busy_ours = (float(np.median(np.diff(busy)[first::2])) for first in (2, 1))
    print(f"  processor seconds: an iteration takes {busy_ours / busy_ffts:.2f} times its FFTs")
    return ffts, ours


def iteration(engine: Engine, image: Any, psf: Any, repeats: int, **options: Any) -> float:
    """Return the least time between two reports of progress, for each iteration."""
    ticks: list[tuple[int, float]] = []

    def progress(_stage: str, done: int, _total: int, /) -> None:
        ticks.append((done, time.perf_counter()))

    count = repeats + 2 if isinstance(engine, CpuEngine) else repeats + 6
    engine.solve(circulant_problem(image, psf), Plan(iterations=count, **options), progress)
    return min((t1 - t0) / (n1 - n0) for (n0, t0), (n1, t1) in pairwise(ticks) if n1 > n0)


def copies(problem: Problem, **options: Any) -> float:
    """Return the peak memory of a run, in float32 copies of the frame, the image included."""
    tracemalloc.start()
    CpuEngine().solve(problem, Plan(iterations=2, **options))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (peak + problem.image.nbytes) / (4 * math.prod(problem.frame))


def memory(shape: tuple[int, ...]) -> float:
    """Print the memory that each way of solving takes; return the most of it."""
    image, psf = scene(shape)
    most = 0.0
    for layout, name in ((circulant_problem, "periodic"), (open_edge_problem, "open edges")):
        problem = layout(image, psf)
        for options in ({}, {"tv": 0.002}, {"accelerate": True}):
            found = copies(problem, **options)
            told = CpuEngine().needed_bytes(problem.frame, Plan(iterations=2, **options))
            told_copies = told / (4 * math.prod(problem.frame))
            words = f"{name} {', '.join(options) or 'plain'}"
            print(f"  {words:<40}{found:6.2f} copies, estimated {told_copies:.2f}")
            most = max(most, found if layout is open_edge_problem else 0)
    return most


def of_scikit_image(image: Any, psf: Any) -> float:
    """Return the time of an iteration of scikit-image's function."""
    from skimage.restoration import richardson_lucy

    return _by_difference(lambda n: richardson_lucy(image, psf, n, clip=False))


def of_redlionfish(image: Any, psf: Any) -> float:
    """Return the time of an iteration of RedLionfish's CPU path."""
    from RedLionfishDeconv.RLDeconv3DScipy import doRLDeconvolution_DL2_4

    with contextlib.redirect_stdout(io.StringIO()):
        return _by_difference(lambda n: doRLDeconvolution_DL2_4(image, psf, niter=n))


def _by_difference(run: Callable[[int], Any]) -> float:
    """Time 1 and 3 iterations: what they share is set-up."""
    return max(best(lambda: run(3), 1) - best(lambda: run(1), 1), 1e-9) / 2


def rows(shape: tuple[int, ...], repeats: int) -> Iterator[tuple[str, float]]:
    """Yield what ran and the seconds of its iteration, the four FFTs first."""
    image, psf = scene(shape)
    ffts, ours = beside_ffts(image, psf, repeats)
    yield FFTS, ffts
    yield IN_TURN, ours
    yield "psfbridge cpu", iteration(CpuEngine(), image, psf, repeats)
    yield "psfbridge cpu, accelerated", iteration(CpuEngine(), image, psf, repeats, accelerate=True)
    yield "psfbridge cpu, total variation", iteration(CpuEngine(), image, psf, repeats, tv=0.002)
    yield from _opencl(image, psf, repeats)
    for name, measure in (("scikit-image", of_scikit_image), ("RedLionfish, CPU", of_redlionfish)):
        try:
            yield name, measure(image, psf)
        except ImportError as fault:
            print(f"  {name}: not installed ({fault})")


def _opencl(image: Any, psf: Any, repeats: int) -> Iterator[tuple[str, float]]:
    from psfbridge.engines.clij2fft import Clij2FftEngine

    try:
        engine = Clij2FftEngine()
        yield f"clij2-fft on {engine.device}", iteration(engine, image, psf, repeats)
    except EngineError as fault:
        print(f"  clij2-fft: {fault}")


def gpu_rows(shape: tuple[int, ...], repeats: int) -> Iterator[tuple[str, float]]:
    """Yield the engine on the GPU, and Richardson-Lucy written with CuPy and PyTorch."""
    image, psf = scene(shape)
    yield from _opencl(image, psf, repeats)
    wrapped = circulant_problem(image, psf).wrapped_psf()
    for name, measure in (("CuPy", _of_cupy), ("PyTorch", _of_torch)):
        try:
            yield from measure(image, wrapped)
        except ImportError as fault:
            print(f"  {name}: not installed ({fault})")


def _of_cupy(image: Any, wrapped: Any) -> Iterator[tuple[str, float]]:
    import cupy

    y, h = cupy.asarray(image), cupy.fft.rfftn(cupy.asarray(wrapped))

    def run(count: int) -> None:
        x = y.copy()
        for _ in range(count):
            ratio = y / cupy.fft.irfftn(cupy.fft.rfftn(x) * h, s=y.shape)
            x *= cupy.fft.irfftn(cupy.fft.rfftn(ratio) * h.conj(), s=y.shape)
        cupy.cuda.Device().synchronize()

    def ffts() -> None:
        for _ in range(2):
            cupy.fft.irfftn(cupy.fft.rfftn(y), s=y.shape)
        cupy.cuda.Device().synchronize()

    yield "4 real FFTs (CuPy)", best(ffts, 5)
    yield "CuPy", best(lambda: run(20), 2) / 20


def _of_torch(image: Any, wrapped: Any) -> Iterator[tuple[str, float]]:
    import torch

    y = torch.from_numpy(image).cuda()
    h = torch.fft.rfftn(torch.from_numpy(wrapped).cuda())

    def run(count: int) -> None:
        x = y.clone()
        for _ in range(count):
            ratio = y / torch.fft.irfftn(torch.fft.rfftn(x) * h, s=y.shape)
            x *= torch.fft.irfftn(torch.fft.rfftn(ratio) * h.conj(), s=y.shape)
        torch.cuda.synchronize()

    yield "PyTorch", best(lambda: run(20), 2) / 20


def show(shape: tuple[int, ...], measured: Iterator[tuple[str, float]]) -> float:
    """Print one size; return the CPU engine's iteration over the four FFTs."""
    print("x".join(map(str, shape)))
    times: dict[str, float] = {}
    for name, seconds in measured:
        times[name] = seconds
        first = next(iter(times.values()))
        ours = times.get("psfbridge cpu")
        factor = f"{seconds / ours:8.2f} x psfbridge cpu" if ours else ""
        print(f"  {name:<60}{1e3 * seconds:9.1f} ms{seconds / first:8.2f} x the first{factor}")
    return times.get(IN_TURN, float("nan")) / times.get(FFTS, 1)


def curve(iterations: int = 60) -> tuple[list[float], list[float]]:
    """Return the log-likelihood after each iteration, plain and accelerated."""
    image, psf = scene((32, 128, 128))
    problem = circulant_problem(image, psf)
    blur = Blur(problem.wrapped_psf())
    levels: list[list[float]] = []
    for accelerate in (False, True):
        levels.append([])
        for count in range(1, iterations + 1, 3 if accelerate else 6):
            plan = Plan(iterations=count, accelerate=accelerate)
            estimate = CpuEngine().solve(problem, plan).estimate
            blurred = np.maximum(blur.convolved(estimate), 1e-6)
            levels[-1].append(float(np.sum(image * np.log(blurred) - blurred, dtype=float)))
    return levels[0], levels[1]


def draw_curve(path: Path) -> None:
    """Save a picture of the likelihood against the iterations."""
    from matplotlib.figure import Figure

    plain, accelerated = curve()
    figure = Figure(figsize=(6, 4), layout="tight")
    axes = figure.add_subplot()
    top = max(*plain, *accelerated)
    for name, levels, step in (("plain", plain, 6), ("Biggs-Andrews", accelerated, 3)):
        axes.semilogy(1 + step * np.arange(len(levels)), top - np.array(levels) + 1, label=name)
    axes.set(xlabel="iterations", ylabel="log-likelihood below the best", title="Acceleration")
    axes.legend()
    figure.savefig(path, dpi=120)
    reached = next(i for i, level in enumerate(accelerated) if level >= plain[-1])
    print(f"{1 + 6 * (len(plain) - 1)} plain iterations are {1 + 3 * reached} accelerated ones")


def main() -> int:
    """Run what was asked for; 1 where the CPU engine misses what is asked of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpu", action="store_true", help="the large sizes on the GPU")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--curve", type=Path, help="a picture of the acceleration")
    args = parser.parse_args()
    if args.gpu:
        for shape in GPU_SIZES:
            show(shape, gpu_rows(shape, args.repeats))
        return 0
    ratios = [show(shape, rows(shape, args.repeats)) for shape in SIZES]
    print(f"memory, in float32 copies of the padded {'x'.join(map(str, SIZES[-1]))}")
    most = memory(SIZES[-1])
    if args.curve:
        draw_curve(args.curve)
    kept = max(ratios) <= MOST_FFTS and most <= MOST_COPIES
    verdict = "kept" if kept else "MISSED"
    print(f"asked for: {MOST_FFTS} x the FFTs, {MOST_COPIES:g} copies: {verdict}")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
