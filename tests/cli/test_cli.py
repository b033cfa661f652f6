"""The command line: what it writes, how it ends, and one line for whatever goes wrong."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import tifffile
from command_line import refused, run
from stacks import bead_stack

import psfbridge as pb
from psfbridge.cli import COMMANDS

VOXELS = ["--voxel-um", "0.2", "0.1", "0.1"]


@pytest.fixture(scope="module")
def field(small_field, tmp_path_factory):
    path = tmp_path_factory.mktemp("field") / "beads.tif"
    pb.write_image(path, small_field.image)
    return str(path)


#: For tests that are not about the method.
QUICK = ["--method", "average"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(capsys, command):
    status, out, _ = run(capsys, command.replace("_", "-"), "--help")
    assert status == 0
    assert "usage: psfbridge" in out


def test_distill_writes_all_that_was_asked_for(capsys, field, tmp_path):
    names = {name: tmp_path / name for name in ("psf.tif", "beads.csv", "out.json", "report")}
    status, out, err = run(
        capsys, "distill", field, "-o", names["psf.tif"], "--beads", names["beads.csv"],
        "--json", names["out.json"], "--report", names["report"], "--bead-diameter-um", "0.1",
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert "FWHM z y x" in out
    psf = pb.PSF.load(names["psf.tif"])
    assert psf.voxel_um == pytest.approx((0.2, 0.1, 0.1))
    rows = list(csv.DictReader(names["beads.csv"].read_text("utf-8").splitlines()))
    assert list(rows[0]) == (
        [
            "image",
            "bead",
            "z",
            "y",
            "x",
            "intensity",
            "background",
            "snr",
            "chi2",
            "status",
            "reason",
        ]
    )
    said = json.loads(names["out.json"].read_text("utf-8"))
    assert said["options"]["bead_diameter_um"] == 0.1
    assert said["beads"]["found"] == len(rows)
    assert (names["report"] / "index.html").is_file()
    assert {path.name for path in tmp_path.iterdir()} == set(names)


def test_quiet_says_nothing(capsys, field, tmp_path):
    status, out, err = run(capsys, "distill", field, "-o", tmp_path / "psf.tif", "--quiet", *QUICK)
    assert (status, out, err) == (0, "", "")


def test_several_images_give_one_psf(capsys, field, tmp_path):
    status, out, _ = run(capsys, "distill", field, field, "-o", tmp_path / "psf.tif", *QUICK)
    assert status == 0
    assert "18 found" in out


def test_beads_writes_a_table_and_a_picture(capsys, field, tmp_path):
    table, picture = tmp_path / "beads.csv", tmp_path / "beads.png"
    status, out, _ = run(capsys, "beads", field, "--csv", table, "--picture", picture)
    assert status == 0
    assert "9 found" in out
    assert len(table.read_text("utf-8").splitlines()) == 10
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_measure_reads_what_distill_wrote(capsys, field, tmp_path):
    run(capsys, "distill", field, "-o", tmp_path / "psf.tif", *QUICK)
    status, out, _ = run(capsys, "measure", tmp_path / "psf.tif")
    assert status == 0
    assert "FWHM" in out


@pytest.mark.parametrize(
    ("name", "voxels"),
    [
        ("sample_zstack.tif", []),
        pytest.param("Bead_Image1_crop.tif", [], marks=pytest.mark.slow),
        pytest.param(
            "lattice_bead.tif", ["--voxel-um", "0.1", "0.102", "0.102"], marks=pytest.mark.slow
        ),
    ],
)
def test_the_real_stacks_give_a_psf_of_plausible_width(capsys, tmp_path, name, voxels):
    known = {
        "sample_zstack.tif": (0.867, 0.406, 0.407),
        "Bead_Image1_crop.tif": (0.529, 0.226, 0.162),
        "lattice_bead.tif": (0.674, 0.307, 0.302),
    }
    path = bead_stack(name)
    status, _, err = run(capsys, "distill", path, "-o", tmp_path / "psf.tif", *voxels)
    assert (status, err) == (0, "")
    fwhm = pb.measure(pb.PSF.load(tmp_path / "psf.tif")).fwhm_um
    assert fwhm == pytest.approx(known[name], rel=0.12)


def test_the_real_stack_without_a_voxel_size_asks_for_it(capsys, tmp_path):
    path = bead_stack("lattice_bead.tif")
    status, line = refused(capsys, "distill", path, "-o", tmp_path / "psf.tif")
    assert status == 1
    assert "for example --voxel-um 0.2 0.065 0.065." in line
    assert not (tmp_path / "psf.tif").exists()


def images():
    """Images that cannot be used, by what is wrong with them."""
    rng = np.random.default_rng(0)
    noise = rng.poisson(100, (8, 48, 48)).astype(np.uint16)
    broken = noise.astype(np.float32)
    broken[2, 3, 4] = np.nan
    infinite = noise.astype(np.float32)
    infinite[2, 3, 4] = np.inf
    lone = np.full((5, 9, 9), 7, np.uint8)
    return {
        "noise only": (noise, "bead"),
        "all zero": (np.zeros((4, 32, 32), np.uint8), "nothing but the value 0"),
        "constant": (lone, "nothing but the value 7"),
        "noise and nan": (broken, "bead"),
        "noise and infinity": (infinite, "bead"),
        "all nan": (np.full((4, 32, 32), np.nan, np.float32), "nothing but NaN"),
        "all saturated": (np.full((4, 32, 32), 65535, np.uint16), "nothing but the value"),
        "one voxel": (np.ones((1, 1, 1), np.uint8), "nothing but the value"),
        "one voxel and another": (np.array([[[1, 9]]], np.uint8), "bead"),
    }


@pytest.mark.parametrize("case", images())
def test_images_without_a_usable_bead(capsys, tmp_path, case):
    data, message = images()[case]
    path = tmp_path / "bad.tif"
    tifffile.imwrite(path, data, photometric="minisblack")
    status, line = refused(capsys, "distill", path, "-o", tmp_path / "psf.tif", *VOXELS)
    assert status == 1
    assert message in line
    assert "bad.tif" in line
    assert {entry.name for entry in tmp_path.iterdir()} == {"bad.tif"}


def test_a_bead_larger_than_the_image(capsys, tmp_path):
    z, y, x = np.indices((9, 24, 24))
    blob = 1000 * np.exp(-(((z - 4) / 9) ** 2 + ((y - 12) / 30) ** 2 + ((x - 12) / 30) ** 2))
    path = tmp_path / "blob.tif"
    rng = np.random.default_rng(0)
    tifffile.imwrite(path, rng.poisson(blob).astype(np.uint16), photometric="minisblack")
    status, line = refused(capsys, "distill", path, "-o", tmp_path / "psf.tif", *VOXELS)
    assert status == 1
    assert "blob.tif" in line


def files(folder, field):
    """Paths that cannot be read, by what is wrong with them."""
    (folder / "folder").mkdir()
    (folder / "empty.tif").write_bytes(b"")
    (folder / "text.tif").write_text("this is no TIFF")
    whole = Path(field).read_bytes()
    (folder / "truncated.tif").write_bytes(whole[: len(whole) // 2])
    rgb = np.zeros((16, 16, 3), np.uint8)
    tifffile.imwrite(folder / "rgb.tif", rgb, photometric="rgb")
    five = np.zeros((2, 3, 4, 8, 8), np.uint8)
    tifffile.imwrite(folder / "five.tif", five, imagej=True, metadata={"axes": "TZCYX"})
    return [
        "missing.tif",
        "folder",
        "empty.tif",
        "text.tif",
        "truncated.tif",
        "rgb.tif",
        "five.tif",
    ]


def test_files_that_cannot_be_read(capsys, tmp_path, field):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in files(folder, field):
        status, line = refused(
            capsys, "distill", folder / name, "-o", tmp_path / "psf.tif", *VOXELS
        )
        assert status == 1, line
        assert name in line
    assert not (tmp_path / "psf.tif").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--voxel-um", "0", "0.1", "0.1"],
        ["--voxel-um", "-1", "0.1", "0.1"],
        ["--voxel-um", "nan", "0.1", "0.1"],
        ["--voxel-um", "0.1", "0.1"],
        ["--iterations", "-3"],
        ["--iterations", "many"],
        ["--method", "magic"],
        ["--na", "1.6", "--wavelength-um", "0.52", "--refractive-index", "1.5"],
        ["--na", "1.4"],
        ["--bead-diameter-um", "-0.1"],
        ["--colour", "red"],
        ["--size", "5", "5"],
    ],
)
def test_usage_errors_exit_2_with_one_line(capsys, field, tmp_path, arguments):
    status, _ = refused(capsys, "distill", field, "-o", tmp_path / "psf.tif", *arguments)
    assert status == 2
    assert list(tmp_path.iterdir()) == []


def test_no_image_is_a_usage_error(capsys, tmp_path):
    assert refused(capsys, "distill", "-o", tmp_path / "psf.tif")[0] == 2


def test_an_output_that_cannot_be_written_is_said_before_the_work(
    capsys, field, tmp_path, monkeypatch
):
    def work(*_):
        raise AssertionError("the work has begun")

    monkeypatch.setattr("psfbridge.distillation.api.prepare", work)
    status, line = refused(capsys, "distill", field, "-o", tmp_path / "none" / "psf.tif")
    assert status == 1
    assert "does not exist" in line
    status, line = refused(capsys, "distill", field, "-o", tmp_path)
    assert "is a folder" in line


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-o", "psf"], "allowed endings are"),
        (["-o", "psf.png"], "allowed endings are"),
        (["-o", "beads.tif"], "is also an input"),
        (["-o", "psf.tif", "--beads", "beads.tif"], "is also an input"),
        (["-o", "psf.tif", "--json", "psf.tif"], "two outputs have this name"),
        (["-o", "psf.tif", "--report", "."], "would be inside it"),
        (["-o", "psf.tif", "--report", "none/report"], "does not exist. Create it first"),
        (
            ["-o", "psf.tif", "--channel", "all", "--report", "none/report"],
            ("does not exist. Create it first"),
        ),
        (
            ["-o", "psf.tif", "--channel", "all", "--report", "beads.tif"],
            ("does not exist. Create it first"),
        ),
    ],
)
def test_outputs_that_cannot_be_together_are_refused_before_the_work(
    capsys, field, tmp_path, monkeypatch, words, says
):
    monkeypatch.chdir(tmp_path)
    shutil.copy(field, "beads.tif")
    status, line = refused(capsys, "distill", "beads.tif", *words)
    assert status == 1
    assert says in line
    assert os.listdir() == ["beads.tif"]  # noqa: PTH208 - names only
    assert Path("beads.tif").read_bytes() == Path(field).read_bytes()


@pytest.mark.parametrize("name", ["beads", "beads.xyz"])
def test_a_picture_of_an_unknown_kind_is_refused_before_the_work(capsys, field, tmp_path, name):
    words = ["beads", field, "--csv", tmp_path / "beads.csv", "--picture", tmp_path / name]
    status, line = refused(capsys, *words)
    assert status == 1
    assert "allowed endings are .png" in line
    assert list(tmp_path.iterdir()) == []


def test_an_existing_output_is_replaced_only_on_success(capsys, field, tmp_path):
    output = tmp_path / "psf.tif"
    output.write_text("precious")
    refused(capsys, "distill", tmp_path / "missing.tif", "-o", output)
    assert output.read_text("utf-8") == "precious"
    assert run(capsys, "distill", field, "-o", output, *QUICK)[0] == 0
    assert pb.PSF.load(output).data.ndim == 3


def test_the_error_of_every_voxel_is_written(capsys, field, tmp_path):
    psf, error = tmp_path / "psf.tif", tmp_path / "error.tif"
    status, _, err = run(capsys, "distill", field, "-o", psf, "--error", error, "--quiet")
    assert (status, err) == (0, "")
    written, of = pb.read_image(error), pb.PSF.load(psf)
    assert written.data.shape == of.data.shape
    assert written.voxel_um == pytest.approx(of.voxel_um)
    assert 0 < written.data.max() < 0.2 * of.data.max()


@pytest.mark.parametrize("words", [["--method", "average"], ["--channel", "all"]])
def test_an_error_that_cannot_be_told_is_refused_before_any_work(capsys, field, tmp_path, words):
    psf, error = tmp_path / "psf.tif", tmp_path / "error.tif"
    _, err = refused(capsys, "distill", field, "-o", psf, "--error", error, *words)
    assert err.startswith("OptionError: --error is")
    assert not psf.exists()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_ended_leaves_nothing_half_written(field, tmp_path, number, status):
    command = [sys.executable, "-m", "psfbridge.cli", "distill", field]
    output = tmp_path / "psf.tif"
    work = subprocess.Popen(
        [*command, "-o", output, "--method", "reverse-rl", "--iterations", "100000"],
        stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    # Importing takes about a second of the processor: after three the work is under way.
    while psutil.Process(work.pid).cpu_times().user < 3:
        time.sleep(0.1)
    work.send_signal(number)
    _, err = work.communicate(timeout=1200)
    assert work.returncode == status
    assert err.startswith("Cancelled: ")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("stdout", "status", "says"),
    [("/dev/full", 1, "OutputError: cannot write to stdout"), ("a pipe that is closed", 0, "")],
)
@pytest.mark.parametrize("words", [["--help"], ["simulate", "--help"]])
def test_a_stdout_that_takes_no_more_is_no_traceback(stdout, status, says, words):
    if stdout.startswith("/") and not Path(stdout).exists():
        pytest.skip(f"no {stdout} here")
    reading, writing = os.pipe()
    os.close(reading)
    target = os.open(stdout, os.O_WRONLY) if stdout.startswith("/") else writing
    done = subprocess.run(
        [sys.executable, "-m", "psfbridge.cli", *words], stdout=target, stderr=subprocess.PIPE,
        text=True, check=False, env={**os.environ, "PYTHONUNBUFFERED": ""},
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == status, done.stderr
    assert done.stderr.startswith(says)
    assert done.stderr.count("\n") == bool(says)


def test_a_terminal_without_greek_gets_its_figures(field, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "psfbridge.cli", "measure", field],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "FWHM" in done.stdout


def test_no_command_prints_the_help(capsys):
    status, out, err = run(capsys)
    assert (status, err) == (0, "")
    assert out.startswith("usage: psfbridge")
    assert "distil the PSF from images of beads" in out


def test_runs_as_a_module():
    command = [sys.executable, "-m", "psfbridge", "--version"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.startswith("psfbridge ")


def test_beads_without_a_file_gives_a_summary(capsys, field):
    status, out, _ = run(capsys, "beads", field)
    assert status == 0
    assert "beads: 9 found: 9 used" in out
    assert re.search(r"^SNR: median \d+", out, re.MULTILINE)


def test_an_option_is_named_as_it_was_typed(capsys, field):
    status, line = refused(capsys, "distill", field, "-o", "x.tif", "--bead-diameter-um", "wide")
    assert status == 2
    assert line == (
        "OptionError: --bead-diameter-um is 'wide'; allowed is a number of at least 0. See "
        "psfbridge distill --help.\n"
    )


def test_a_plane_has_no_width_along_z(capsys, tmp_path):
    y, x = np.mgrid[:96, :96]
    places = [(20, 22), (22, 70), (48, 46), (72, 24), (74, 72)]
    light = sum(np.exp(-0.5 * ((y - b) ** 2 + (x - a) ** 2) / 1.6**2) for b, a in places)
    counts = np.random.default_rng(0).poisson(100 + 3000 * light).astype(np.uint16)
    pb.write_image(tmp_path / "flat.tif", pb.Image(counts, (1.0, 0.1, 0.1)))
    psf = tmp_path / "psf.tif"
    outputs = [
        run(capsys, "distill", tmp_path / "flat.tif", "-o", psf, *QUICK),
        run(capsys, "measure", psf),
        run(capsys, "batch", tmp_path / "flat.tif", "-o", tmp_path / "batch", *QUICK),
    ]
    for status, out, _ in outputs:
        assert status == 0
        assert "nan" not in out
    assert re.search(r"FWHM y x 0\.3\d+ 0\.3\d+ µm", outputs[0][1])
