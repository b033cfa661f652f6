"""Richardson-Lucy engines beside their FFTs and their peers.

Run ``python tests/bench/bench_engines.py``.
One run measures all: short runs of all contenders in turn, and the median over the rounds. The
peers are scikit-image, RedLionfish (the extra ``bench``) and clij2-fft; on a machine with a GPU,
``--gpu`` takes the large sizes there, beside CuPy and PyTorch where they are installed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy import fft

import psfbridge as pb
from psfbridge._util.threads import cores
from psfbridge.engines import CpuEngine, Engine, Plan
from psfbridge.engines.convolution import Blur
from psfbridge.engines.problem import Problem, circulant_problem, open_edge_problem
from psfbridge.errors import EngineError
from psfbridge.imaging.image import Image
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import simulate

SIZES = ((48, 256, 256), (100, 512, 512))
GPU_SIZES = ((128, 512, 512), (100, 1024, 1024))
GPU_ITERATIONS = 50
GPU_BEADS = 150
VOXEL_UM = (0.2, 0.1, 0.1)
PSF_SHAPE = (17, 33, 33)
SEED = 6
#: What is asked for: an iteration in the time of its four FFTs, and float32 copies of the frame.
MOST_FFTS, MOST_COPIES = 1.3, 6.0
FFTS, OURS = "4 real FFTs (scipy)", "psfbridge cpu"


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


#: A mark of time: seconds on the clock, and seconds that the processor worked for this process.
Mark = tuple[float, float]
#: Does some iterations, and calls what it is given before the first and after each, with their
#: number.
Work = Callable[[Callable[[int], None]], None]
#: What was measured on a GPU, and the seconds of an iteration.
Row = tuple[str, float]


def timed(work: Work) -> list[Mark]:
    """Return what each iteration of a short run took."""
    marks: list[tuple[int, float, float]] = []

    def mark(done: int) -> None:
        marks.append((done, time.perf_counter(), time.process_time()))

    work(mark)
    steps = [np.subtract(after, before) for before, after in pairwise(marks)]
    return [(float(wall / count), float(busy / count)) for count, wall, busy in steps if count > 0]


def in_turn(contenders: dict[str, Work], rounds: int) -> dict[str, Mark]:
    """Return the median seconds of an iteration of each.

    Short runs are taken in turn, because other work on the machine slows all alike then.
    """
    found: dict[str, list[Mark]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            found[name] += timed(work)
    medians = {name: np.median(marks, axis=0) for name, marks in found.items()}
    return {name: (float(wall), float(busy)) for name, (wall, busy) in medians.items()}


def best(work: Callable[[], Any], repeats: int) -> float:
    """Return the least time of several, in seconds."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def of_ffts(image: Any) -> Work:
    """Do the two forward and two inverse real FFTs that an iteration needs."""
    spectrum = fft.rfftn(image, workers=cores())

    def work(mark: Callable[[int], None]) -> None:
        mark(0)
        for done in (1, 2):
            for _ in range(2):
                fft.rfftn(image, workers=cores())
                fft.irfftn(spectrum, s=image.shape, axes=(0, 1, 2), workers=cores())
            mark(done)

    return work


def of_engine(engine: Engine, image: Any, psf: Any, **options: Any) -> Work:
    """Run an engine of psfbridge."""
    problem = circulant_problem(image, psf)

    def work(mark: Callable[[int], None]) -> None:
        engine.solve(problem, Plan(iterations=4, **options), lambda _, done, __: mark(done))

    return work


def of_redlionfish(image: Any, psf: Any) -> Work:
    """Run RedLionfish's CPU path."""
    from RedLionfishDeconv.RLDeconv3DScipy import doRLDeconvolution_DL2_4

    def work(mark: Callable[[int], None]) -> None:
        done = count()
        with contextlib.redirect_stdout(io.StringIO()):
            doRLDeconvolution_DL2_4(image, psf, niter=4, callbkTickFunc=lambda: mark(next(done)))

    return work


def of_scikit_image(image: Any, psf: Any) -> Work:
    """Run scikit-image's function, which shares hardly any work between iterations."""
    from skimage.restoration import richardson_lucy

    def work(mark: Callable[[int], None]) -> None:
        mark(0)
        richardson_lucy(image, psf, 2, clip=False)
        mark(2)

    return work


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


def contenders(shape: tuple[int, ...]) -> dict[str, Work]:
    """Return who runs on the processor, the four FFTs first."""
    image, psf = scene(shape)
    found = {
        FFTS: of_ffts(image),
        OURS: of_engine(CpuEngine(), image, psf),
        "psfbridge cpu, accelerated": of_engine(CpuEngine(), image, psf, accelerate=True),
        "psfbridge cpu, total variation": of_engine(CpuEngine(), image, psf, tv=0.002),
    }
    for name, make in (("RedLionfish, CPU", of_redlionfish), ("scikit-image", of_scikit_image)):
        try:
            found[name] = make(image, psf)
        except ImportError as fault:
            print(f"  {name}: not installed ({fault})")
    return found | _opencl(image, psf)


def _opencl(image: Any, psf: Any, iterations: int = 4) -> dict[str, Work]:
    from psfbridge.engines.clij2fft import Clij2FftEngine

    try:
        engine = Clij2FftEngine()
    except EngineError as fault:
        print(f"  clij2-fft: {fault}")
        return {}
    problem = circulant_problem(image, psf)

    def work(mark: Callable[[int], None]) -> None:
        # One call of native code, which is what costs it least.
        with engine._buffers(problem) as buffers:
            mark(0)
            engine._call(problem.frame, iterations, 0.0, buffers)
            mark(iterations)

    print(f"  clij2-fft runs on {engine.device}")
    return {"clij2-fft": work}


def gpu_rows(shape: tuple[int, ...]) -> Iterator[Row]:
    """Yield ms an iteration on the GPU, CuPy's and PyTorch's own Richardson-Lucy among them."""
    image, psf = scene(shape)
    problem = circulant_problem(image, psf)
    for name, measure in (("CuPy", _of_cupy), ("PyTorch", _of_torch)):
        try:
            yield from measure(image, problem.wrapped_psf())
        except ImportError as fault:
            print(f"  {name}: not installed ({fault})")
    for name, work in _opencl(image, psf, GPU_ITERATIONS).items():
        (first, _), *_ = timed(work)
        yield f"{name}, its first call, which compiles", first
        yield f"{name}, its next", min(wall for wall, _ in timed(work))
    yield from _whole_jobs(image, psf)


def _whole_jobs(image: Any, psf: Any) -> Iterator[Row]:
    """Yield whole deconvolutions and distillations, transfers and padding among them."""
    lens = pb.PSF.from_volume(psf, VOXEL_UM)
    scene = Scene(beads=GPU_BEADS, shape=image.shape, photons=(2e4, 1e5), seed=SEED)
    beads = simulate(scene).image
    found = {}
    for name in ("clij2fft", "cpu"):
        for words, work in (
            ("deconvolve", partial(pb.deconvolve, image, lens, voxel_um=VOXEL_UM)),
            ("distill by reverse-rl", partial(pb.distill, beads, method="reverse-rl")),
        ):
            start = time.perf_counter()
            result = work(engine=name, iterations=GPU_ITERATIONS)
            yield f"{words}, {name}", (time.perf_counter() - start) / GPU_ITERATIONS
            found[words, name] = (result if isinstance(result, Image) else result.psf).data
    for words in ("deconvolve", "distill by reverse-rl"):
        ours, right = found[words, "clij2fft"], found[words, "cpu"]
        print(f"  {words}: both engines agree to {np.abs(ours - right).max() / right.max():.1e}")


def _of_cupy(image: Any, wrapped: Any) -> Iterator[Row]:
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
    yield "CuPy", best(lambda: run(GPU_ITERATIONS), 2) / GPU_ITERATIONS


def _of_torch(image: Any, wrapped: Any) -> Iterator[Row]:
    import torch

    y = torch.from_numpy(image).cuda()
    h = torch.fft.rfftn(torch.from_numpy(wrapped).cuda())

    def run(count: int) -> None:
        x = y.clone()
        for _ in range(count):
            ratio = y / torch.fft.irfftn(torch.fft.rfftn(x) * h, s=y.shape)
            x *= torch.fft.irfftn(torch.fft.rfftn(ratio) * h.conj(), s=y.shape)
        torch.cuda.synchronize()

    yield "PyTorch", best(lambda: run(GPU_ITERATIONS), 2) / GPU_ITERATIONS


def show(shape: tuple[int, ...], rounds: int) -> float:
    """Print one size; return the CPU engine's iteration over the four FFTs."""
    print("x".join(map(str, shape)) + ": ms of an iteration, and of the processor's work in it")
    found = in_turn(contenders(shape), rounds)
    for name, (wall, busy) in found.items():
        ratios = f"{wall / found[FFTS][0]:6.2f} x the FFTs {wall / found[OURS][0]:6.2f} x ours"
        print(f"  {name:<42}{1e3 * wall:9.1f}{1e3 * busy:9.1f}{ratios}")
    return found[OURS][0] / found[FFTS][0]


def show_gpu(shape: tuple[int, ...], measured: Iterator[Row]) -> None:
    """Print one size on the GPU."""
    print(f"{'x'.join(map(str, shape))}: ms an iteration, of {GPU_ITERATIONS}")
    for name, seconds in measured:
        print(f"  {name:<60}{1e3 * seconds:9.1f} ms")


#: Plain iterations of the curve, and the accelerated ones that stand for the best likelihood.
CURVE_ITERATIONS, BEST_ITERATIONS = 60, 300


def curve() -> tuple[dict[int, float], dict[int, float]]:
    """Return how far the log-likelihood is below the best, by iterations: plain, accelerated."""
    image, psf = scene((32, 128, 128))
    problem = circulant_problem(image, psf)
    blur = Blur(problem.wrapped_psf())

    def level(count: int, accelerate: bool) -> float:
        plan = Plan(iterations=count, accelerate=accelerate)
        blurred = np.maximum(blur.convolved(CpuEngine().solve(problem, plan).estimate), 1e-6)
        return float(np.sum(image * np.log(blurred) - blurred, dtype=float))

    best = level(BEST_ITERATIONS, accelerate=True)
    counts = {False: range(1, CURVE_ITERATIONS + 1, 6), True: range(1, CURVE_ITERATIONS + 1, 3)}
    plain, accelerated = (
        {count: best - level(count, accelerate) for count in counts[accelerate]}
        for accelerate in (False, True)
    )
    return plain, accelerated


def draw_curve(path: Path) -> None:
    """Save a picture of the likelihood against the iterations."""
    from matplotlib.figure import Figure

    plain, accelerated = curve()
    figure = Figure(figsize=(6, 4), layout="tight")
    axes = figure.add_subplot()
    for name, levels in (("plain", plain), ("Biggs-Andrews", accelerated)):
        axes.semilogy(list(levels), list(levels.values()), label=name)
    below = f"log-likelihood below {BEST_ITERATIONS} accelerated"
    axes.set(xlabel="iterations", ylabel=below, title="Acceleration")
    axes.legend()
    figure.savefig(path, dpi=120)
    last = max(plain)
    reached = next(count for count, level in accelerated.items() if level <= plain[last])
    print(f"{last} plain iterations are {reached} accelerated ones")


def main() -> int:
    """Run what was asked for; 1 where the CPU engine misses what is asked of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpu", action="store_true", help="the large sizes on the GPU")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--curve", type=Path, help="a picture of the acceleration")
    args = parser.parse_args()
    if args.gpu:
        for shape in GPU_SIZES:
            show_gpu(shape, gpu_rows(shape))
        return 0
    ratios = [show(shape, args.rounds) for shape in SIZES]
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
