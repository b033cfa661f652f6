"""A batch shares the cores among its processes, and ends when it is told to."""

import csv
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from contextlib import nullcontext

import numpy as np
import psutil
import pytest
from bead_stacks import VOXEL_UM, spot

import psfbridge as pb
from psfbridge._util import threads
from psfbridge.batch import processes
from psfbridge.batch.run import distill_batch
from psfbridge.errors import Cancelled

FILES = 12


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    return [saved(folder / f"{k:02}.tif", k) for k in range(FILES)]


def saved(path, seed):
    places = [(7.0, y, x) for y in (12.3, 35.1) for x in (11.8, 35.4)]
    light = 20 + 900 * sum(spot((15, 48, 48), at, (1.6, 1.3, 1.3)) for at in places)
    counts = np.random.default_rng(seed).poisson(light).astype("uint16")
    pb.write_image(path, pb.Image(counts, VOXEL_UM))
    return str(path)


def finished(folder):
    return {path.name for path in folder.glob("*_psf.tif")} if folder.exists() else set()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_batch_with_what_is_done(files, tmp_path, jobs, number):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "psfbridge.cli", "batch", *files, "-o", str(out)]
    command += ["--jobs", str(jobs), "--method", "average", "--size", "11", "15", "15"]
    batch = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # A line for each file, as soon as the batch knows that it is done.
    assert batch.stdout.readline(), batch.stderr.read()
    before = finished(out)
    children = psutil.Process(batch.pid).children(recursive=True)
    batch.send_signal(number)
    batch.communicate(timeout=1200)
    assert batch.returncode != 0
    # What was nearly done at that moment may still have been written.
    assert len(finished(out)) <= len(before) + jobs < FILES
    # The one that keeps the books of multiprocessing ends when it sees that its parent has.
    _, alive = psutil.wait_procs(children, timeout=1200)
    assert not alive
    told = list(csv.DictReader((out / "summary.csv").read_text("utf-8").splitlines()))
    assert 1 <= len(told) <= len(finished(out))
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_cancelled_batch_keeps_what_is_done(files, tmp_path, jobs):
    def progress(stage, done, total, /):
        if done >= 2:
            raise Cancelled("Escape was pressed.")

    out = tmp_path / "out"
    with pytest.raises(Cancelled):
        distill_batch(files, out, jobs=jobs, progress=progress, method="average", size=(11, 15, 15))
    assert 2 <= len(finished(out)) < FILES
    assert (out / "summary.csv").exists()


def test_the_processes_share_the_cores(monkeypatch):
    asked = []

    class Pool:
        def __init__(self, jobs, initargs, **_):
            asked.append((jobs, *initargs))

        def submit(self, _, task):
            future = Future()
            future.set_result(task)
            return future

        def shutdown(self, **_):
            return nullcontext()

    monkeypatch.setattr(processes, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(processes, "cores", lambda: 8)
    for jobs in (1, 3, 16):
        list(processes.side_by_side(range(10), jobs))
    assert asked == [(1, 8), (3, 2), (10, 1)]


def test_a_process_keeps_to_its_share():
    script = (
        "from psfbridge._util.threads import cores, keep_to_cores, workers\n"
        "keep_to_cores(1)\n"
        "with workers() as pool: print(cores(), pool._max_workers)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.split() == [b"1", b"1"]


def test_what_was_asked_of_threads_is_dropped_when_the_work_ends():
    done = []

    def work(k):
        time.sleep(0.01)
        done.append(k)

    def interrupted():
        with threads.workers(1) as pool:
            for k in range(1000):
                pool.submit(work, k)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(done) < 500
