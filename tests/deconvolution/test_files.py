"""Deconvolution from file to file, and by the command line."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import namedtuple

import numpy as np
import pytest
import tifffile
from opencl import OPENCL

import psfbridge as pb
from psfbridge.deconvolution.files import deconvolve_file
from psfbridge.errors import Cancelled, EngineError, ImageError, OutputError, PSFError
from psfbridge.imaging.read import read_info
from psfbridge.imaging.write import write_volumes

VOXEL = (0.2, 0.1, 0.1)


@pytest.fixture
def psf_file(tmp_path):
    grid = np.indices((5, 9, 9)) - np.reshape((2, 4, 4), (3, 1, 1, 1))
    psf = pb.PSF.from_volume(np.exp(-0.5 * np.sum(grid**2, 0) / 1.5), VOXEL)
    psf.save(tmp_path / "psf.tif")
    return tmp_path / "psf.tif"


def counts(*shape):
    return np.random.default_rng(5).poisson(30, shape).astype(np.uint16)


def run(path, psf, output, **options):
    return deconvolve_file(path, [psf], output, engine="cpu", iterations=4, **options)


@pytest.mark.parametrize("ending", [".tif", ".ome.tif", ".zarr"])
def test_a_file_becomes_what_python_gives(tmp_path, psf_file, ending):
    image = pb.Image(counts(8, 30, 28), VOXEL)
    source, output = tmp_path / f"in{ending}", tmp_path / f"out{ending}"
    pb.write_image(source, image)
    run(source, psf_file, output)
    sharp = pb.read_image(output)
    right = pb.deconvolve(image, psf_file, engine="cpu", iterations=4)
    assert np.array_equal(sharp.data, right.data)
    assert np.allclose(sharp.voxel_um, VOXEL)
    assert "deconvolved" in read_info(output)


@pytest.mark.parametrize("ending", [".tif", ".ome.tif", ".zarr"])
def test_channels_and_time_points_keep_their_places(tmp_path, psf_file, ending):
    data = counts(3, 2, 6, 20, 22).astype(np.float32)
    source, output = tmp_path / f"in{ending}", tmp_path / f"out{ending}"
    write_volumes(source, data, VOXEL)
    run(source, psf_file, output)
    for frame, channel in ((0, 0), (2, 1)):
        one = pb.read_image(output, time=frame, channel=channel).data
        right = pb.deconvolve(
            data[frame, channel], psf_file, voxel_um=VOXEL, engine="cpu", iterations=4
        )
        assert np.array_equal(one, right.data)
    run(source, psf_file, output, time=2, channel=1)
    assert np.array_equal(pb.read_image(output).data, one)


def test_a_plane_is_read_and_written_as_one(tmp_path, psf_file):
    flat = pb.PSF.from_volume(pb.PSF.load(psf_file).data.sum(0), VOXEL)
    flat.save(tmp_path / "flat.tif")
    tifffile.imwrite(tmp_path / "in.tif", counts(20, 22))
    run(tmp_path / "in.tif", tmp_path / "flat.tif", tmp_path / "out.tif", voxel_um=VOXEL)
    assert pb.read_image(tmp_path / "out.tif").data.shape == (1, 20, 22)


def test_no_more_than_a_tile_is_read_at_once(tmp_path, psf_file, monkeypatch):
    from psfbridge.deconvolution import files as module

    write_volumes(tmp_path / "in.zarr", counts(6, 80, 84), VOXEL)
    sizes = []
    read = module._Series._read

    def counted(self, part, fixed):
        found = read(self, part, fixed)
        sizes.append(found.size)
        return found

    monkeypatch.setattr(module._Series, "_read", counted)
    run(tmp_path / "in.zarr", psf_file, tmp_path / "out.tif", tile_um=(2, 2.0, 2.1))
    assert max(sizes) <= 6 * 44 * 45
    tiled = pb.read_image(tmp_path / "out.tif").data
    run(tmp_path / "in.zarr", psf_file, tmp_path / "whole.tif")
    whole = pb.read_image(tmp_path / "whole.tif").data
    assert np.abs(tiled - whole).max() < 1e-3 * whole.max()


@pytest.mark.parametrize("fault", [Cancelled("stopped"), KeyboardInterrupt(), MemoryError()])
def test_nothing_is_left_when_it_is_stopped(tmp_path, psf_file, fault):
    pb.write_image(tmp_path / "in.tif", pb.Image(counts(6, 20, 22), VOXEL))
    (tmp_path / "out.tif").write_bytes(b"what was there")
    before = sorted(tmp_path.iterdir())

    def stop(stage, done, total):
        if done == 2:
            raise fault

    with pytest.raises(type(fault)):
        run(tmp_path / "in.tif", psf_file, tmp_path / "out.tif", progress=stop)
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "out.tif").read_bytes() == b"what was there"


def test_refuses_before_any_work_what_could_not_be_written(tmp_path, psf_file):
    pb.write_image(tmp_path / "in.tif", pb.Image(counts(6, 20, 22), VOXEL))
    for output in (tmp_path / "no" / "out.tif", tmp_path / "out.png"):
        with pytest.raises(OutputError, match="cannot write"):
            run(tmp_path / "in.tif", psf_file, output)


def test_what_is_read_is_not_overwritten(tmp_path, psf_file):
    source = tmp_path / "in.tif"
    pb.write_image(source, pb.Image(counts(6, 20, 22), VOXEL))
    before = source.read_bytes()
    for output in (source, tmp_path / "." / "in.tif", psf_file):
        with pytest.raises(OutputError, match="is also an input"):
            run(source, psf_file, output)
    assert source.read_bytes() == before


def test_a_disk_that_is_too_small_is_refused_before_any_work(tmp_path, psf_file, monkeypatch):
    pb.write_image(tmp_path / "in.tif", pb.Image(counts(6, 20, 22), VOXEL))
    before = sorted(tmp_path.iterdir())
    usage = namedtuple("usage", "total used free")(0, 0, 20_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(
        OutputError, match=r"this needs 20\.6 KiB of disk space, and 19\.5 KiB are free"
    ):
        run(tmp_path / "in.tif", psf_file, tmp_path / "out.tif")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="space cannot be taken ahead here")
def test_a_quota_that_ends_is_one_line_and_no_crash(tmp_path, psf_file):
    """The real thing: the system refuses to let the file grow."""
    pb.write_image(tmp_path / "in.tif", pb.Image(counts(20, 60, 62), VOXEL))
    code = f"""
import resource, signal, sys
from psfbridge.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
sys.exit(main(["deconvolve", {str(tmp_path / "in.tif")!r}, "--psf", {str(psf_file)!r},
    "-o", {str(tmp_path / "out.tif")!r}, "--engine", "cpu", "--iterations", "2"]))
"""
    before = sorted(tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=1200, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"OutputError: cannot write {tmp_path / 'out.tif'}: ")
    assert done.stderr.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("engine", ["cpu", pytest.param("clij2fft", marks=OPENCL)])
def test_ctrl_c_ends_the_command_in_one_line(tmp_path, psf_file, engine):
    pb.write_image(tmp_path / "in.tif", pb.Image(counts(20, 120, 126), VOXEL))
    before = sorted(tmp_path.iterdir())
    command = ["deconvolve", tmp_path / "in.tif", "--psf", psf_file, "-o", tmp_path / "out.tif"]
    work = subprocess.Popen(
        [sys.executable, "-m", "psfbridge.cli", *command, "--engine", engine,
         "--iterations", "1000000"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    threading.Timer(6, work.send_signal, [signal.SIGINT]).start()
    out, err = work.communicate(timeout=1200)
    # Python ends itself by the signal where it came during an import; a shell calls both 130.
    assert work.returncode in (130, -signal.SIGINT)
    assert (out, err) == (
        "",
        ("Cancelled: stopped by Ctrl-C; no incomplete file was left behind.\n"),
    )
    assert sorted(tmp_path.iterdir()) == before


def test_refuses_a_channel_or_time_point_that_is_not_there(tmp_path, psf_file):
    pb.write_image(tmp_path / "in.tif", pb.Image(counts(6, 20, 22), VOXEL))
    for reading in ({"channel": 1}, {"time": 1}):
        with pytest.raises(ImageError, match="allowed are 0 to 0"):
            run(tmp_path / "in.tif", psf_file, tmp_path / "out.tif", **reading)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda psf: psf * np.nan, "NaN"),
        (lambda psf: -psf, "no voxel above its background"),
        (np.ones_like, "nothing but one value"),
    ],
)
def test_refuses_what_is_no_psf(tmp_path, psf_file, spoil, words):
    pb.write_image(tmp_path / "in.tif", pb.Image(counts(6, 20, 22), VOXEL))
    spoilt = spoil(pb.PSF.load(psf_file).data).astype(np.float32)
    pb.write_image(tmp_path / "bad.tif", pb.Image(spoilt, VOXEL))
    with pytest.raises(PSFError, match=words):
        run(tmp_path / "in.tif", tmp_path / "bad.tif", tmp_path / "out.tif")
    assert not (tmp_path / "out.tif").exists()


def test_the_command_line_says_what_it_did(tmp_path, psf_file, command):
    pb.write_image(tmp_path / "in.tif", pb.Image(counts(6, 20, 22), VOXEL))
    status, out, err = command(
        "deconvolve", tmp_path / "in.tif", "--psf", psf_file, "-o", tmp_path / "out.tif",
        "--iterations", 3, "--engine", "cpu", "--tv", 0.002,
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == f"wrote {tmp_path / 'out.tif'}"
    assert "Richardson-Lucy ran on cpu" in out


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        (["--iterations", "0"], 2, "OptionError: --iterations is 0"),
        (["--iterations", "many"], 2, "OptionError: "),
        (["--tv", "nan"], 2, "OptionError: --tv is nan"),
        (["--engine", "cuda"], 2, "OptionError: "),
        (
            ["--engine", "cpu", "--device", "0"],
            2,
            "OptionError: --device is '0' but --engine",
        ),
        (["--voxel-um", "0", "1", "1"], 2, "OptionError: --voxel-um"),
        (["--voxel-um", "2e-4", "1e-4", "1e-4"], 2, "OptionError: --voxel-um is 0.0002"),
        (["--tile-um", "0.1", "0.1", "0.1"], 2, "OptionError: --tile-um asks for tiles of"),
    ],
)
def test_bad_input_is_one_line(tmp_path, psf_file, command, more, status, words):
    pb.write_image(tmp_path / "in.tif", pb.Image(counts(6, 20, 22), VOXEL))
    found = command(
        "deconvolve", tmp_path / "in.tif", "--psf", psf_file, "-o", tmp_path / "out.tif", *more
    )
    assert found[0] == status
    assert found[2].startswith(words)
    assert found[2].count("\n") == 1
    assert not (tmp_path / "out.tif").exists()


def test_no_room_for_a_thread_is_out_of_memory(tmp_path, psf_file, command, monkeypatch):
    def full(*_, **__):
        raise RuntimeError("can't start new thread")

    pb.write_image(tmp_path / "in.tif", pb.Image(counts(6, 20, 22), VOXEL))
    monkeypatch.setattr("psfbridge.engines.convolution.on_slabs", full)
    found = command(
        "deconvolve", tmp_path / "in.tif", "--psf", psf_file, "-o", tmp_path / "out.tif"
    )
    assert found[0] == 1
    assert found[2].startswith("MemoryError: out of memory")


@pytest.fixture
def command(capsys):
    from psfbridge.cli import main

    def run(*arguments):
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_an_engine_that_was_asked_for_is_not_replaced(tmp_path, psf_file, command, monkeypatch):
    def absent():
        raise EngineError("clij2-fft is not installed. Take --engine cpu.")

    pb.write_image(tmp_path / "in.tif", pb.Image(counts(6, 20, 22), VOXEL))
    monkeypatch.setattr("psfbridge.engines.clij2fft.load_library", absent)
    base = ("deconvolve", tmp_path / "in.tif", "--psf", psf_file, "-o", tmp_path / "out.tif")
    status, _, err = command(*base, "--engine", "clij2fft")
    assert (status, err) == (1, "EngineError: clij2-fft is not installed. Take --engine cpu.\n")


@pytest.mark.parametrize("dtype", [bool, np.complex64])
def test_voxels_that_are_no_counts_are_refused(tmp_path, psf_file, dtype):
    np.save(tmp_path / "in.npy", counts(6, 20, 22).astype(dtype))
    with pytest.raises(ImageError, match=r"in\.npy has voxels of type"):
        run(tmp_path / "in.npy", psf_file, tmp_path / "out.tif", voxel_um=VOXEL)
