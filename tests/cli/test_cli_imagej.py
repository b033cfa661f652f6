"""``psfbridge macro``, ``fiji``, ``install-fiji`` and ``doctor``, as a shell runs them."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import psfbridge as pb
from psfbridge.cli import main
from psfbridge.engines import clij2fft_library, opencl_devices
from psfbridge.errors import EngineError

ROOT = Path(__file__).parents[2]
SECONDS = 200

needs_java = pytest.mark.skipif(
    shutil.which("java") is None and "JAVA_HOME" not in os.environ, reason="there is no Java"
)


def run(*words: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "psfbridge.cli", *words],
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def bead_file(small_field, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("images") / "beads.tif"
    pb.write_image(path, small_field.image)
    return path


@pytest.mark.java
@needs_java
class TestMacro:
    def test_the_same_psf_as_the_command_line(self, bead_file, tmp_path):
        macro = tmp_path / "own.ijm"
        macro.write_text(
            '// a comment with µ\nrun("Distill PSF...", "method=average size=1.5,1.3,1.3");\n'
            'saveAs("Tiff", getArgument());\nprint("said");\nreturn "done " + getTitle();\n',
            encoding="utf-8",
        )
        saved = tmp_path / "from macro.tif"
        done = run("macro", str(macro), str(saved), "--image", str(bead_file))
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        assert lines[0].startswith("ImageJ 1.54p (plain, headless) on Java ")
        assert "Java memory limit" in lines[0]
        assert lines[-2:] == ["said", "done from macro.tif"]
        out = tmp_path / "psf.tif"
        size = ("--size-um", "1.5", "1.3", "1.3")
        distill = run("distill", str(bead_file), "-o", str(out), "--method", "average", *size)
        assert distill.returncode == 0, distill.stderr
        np.testing.assert_allclose(
            pb.PSF.load(saved).data, pb.PSF.load(out).data, rtol=1e-6, atol=1e-12
        )

    def test_a_failure_is_one_line_and_status_1(self, bead_file):
        done = run("macro", "-", "--image", str(bead_file), "--quiet",
                   given='run("Distill PSF...", "bead_diametre=0.1");')  # fmt: skip
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr.startswith("OptionError: unknown option bead_diametre: did you mean")
        assert done.stderr.count("\n") == 1

    def test_a_command_of_imagej_that_throws_is_no_success(self):
        given = 'run("Image Sequence...", "dir=/nonexist"); print("went on");'
        done = run("macro", "-", "--quiet", given=given)
        assert done.returncode == 1
        assert done.stderr.startswith("BridgeError: a command of the macro failed inside ImageJ")
        assert done.stderr.count("\n") == 1

    def test_a_macro_that_never_ends(self):
        done = run("macro", "-", "--timeout", "2", given="while (true) { }")
        assert done.returncode == 1
        assert "no activity for 2 s" in done.stderr
        assert done.stderr.count("\n") == 1

    def test_threads_that_imagej_leaves_behind_do_not_keep_it_from_ending(self, bead_file):
        given = 'run("Gaussian Blur...", "sigma=1 stack"); return getTitle();'
        done = run("macro", "-", "--image", str(bead_file), "--quiet", given=given)
        assert (done.returncode, done.stdout, done.stderr) == (0, "beads.tif\n", "")

    def test_nothing_is_downloaded_the_second_time(self):
        """The addresses of the network are taken away; the caches stay."""
        nowhere = "http://127.0.0.1:9"
        done = run("macro", "-", given="return 'here';", http_proxy=nowhere, https_proxy=nowhere,
                   HTTPS_PROXY=nowhere, HTTP_PROXY=nowhere)  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1] == "here"


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["macro"], 2, "required: MACRO.ijm"),
        (["macro", "no such.ijm"], 1, "BridgeError: cannot read the macro no such.ijm"),
        (["macro", "-", "--timeout", "-1"], 2, "OptionError: --timeout is -1"),
        (["macro", "-", "--imagej", "nowhere"], 1, "BridgeError: ImageJ 'nowhere' does not exist"),
        (["install-fiji", "no such folder"], 1, "BridgeError: no such folder is not a Fiji"),
        (["install-fiji"], 2, "required: FIJI_DIR"),
    ],
)
def test_what_cannot_be_is_one_line(words, status, says, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(words) == status
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_no_java_is_said_with_how_to_get_one(monkeypatch, capsys, tmp_path):
    import jpype

    def nothing() -> str:
        raise jpype.JVMNotFoundException("none")

    monkeypatch.setattr(jpype, "getDefaultJVMPath", nothing)
    (tmp_path / "a.ijm").write_text("return 1;")
    assert main(["macro", str(tmp_path / "a.ijm")]) == 1
    err = capsys.readouterr().err
    assert "BridgeError: no Java was found. Install Java 11 or later" in err
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "no  Java" in out
    assert "- Install Java 11 or later" in out


def test_an_old_java_is_said(monkeypatch, capsys, tmp_path):
    import scyjava

    monkeypatch.setattr(scyjava, "jvm_version", lambda: (1, 8, 0))
    (tmp_path / "a.ijm").write_text("return 1;")
    assert main(["macro", str(tmp_path / "a.ijm")]) == 1
    assert "is version 1.8.0. Install Java 11 or later" in capsys.readouterr().err


def test_no_display_is_said(monkeypatch, capsys):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert main(["fiji"]) == 1
    assert "needs a display, but DISPLAY is not set" in capsys.readouterr().err


def test_doctor_tells_facts(capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for subject in ("Python", "Java", "plain ImageJ, headless", "ImageJ2 and Fiji", "OpenCL"):
        assert subject in out
    assert str(Path(sys.executable)) in out


def test_doctor_does_not_praise_devices_that_clij2fft_cannot_reach(monkeypatch, capsys):
    def missing() -> None:
        raise EngineError("clij2-fft's library cannot be loaded. Install OpenCL's loader.")

    monkeypatch.setattr(opencl_devices, "list_devices", lambda: ["0: some GPU"])
    monkeypatch.setattr(clij2fft_library, "load_library", missing)
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "no  OpenCL                  clij2-fft's library cannot be loaded." in out
    assert "- Install OpenCL's loader." in out


@pytest.fixture
def fiji(tmp_path) -> Path:
    """The folders of a Fiji, with a macro of its user's."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "macros" / "AutoRun").mkdir(parents=True)
    (tmp_path / "macros" / "AutoRun" / "own.ijm").write_text("// mine")
    return tmp_path


@pytest.fixture
def jar(tmp_path_factory, monkeypatch) -> Path:
    """A stand-in for the plug-in's jar: these tests are of where it goes."""
    from psfbridge.bridge.fiji import installer

    path = tmp_path_factory.mktemp("built") / "PSF_Bridge.jar"
    path.write_bytes(b"plug-in")
    monkeypatch.setattr(installer, "plugin_jar", lambda: path)
    return path


def everything_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_fiji_is_filled_and_left_as_it_was(fiji, jar, capsys):
    before = everything_in(fiji)
    assert main(["install-fiji", str(fiji)]) == 0
    assert "missing" not in capsys.readouterr().out
    assert (fiji / "plugins" / "PSF_Bridge.jar").read_bytes() == b"plug-in"
    assert (fiji / "plugins" / "PSF_Bridge" / "python.txt").read_text("utf-8") == sys.executable
    assert (fiji / "macros" / "PSF_Bridge" / "Distill_PSF.ijm").is_file()
    filled = everything_in(fiji)
    assert main(["install-fiji", str(fiji)]) == 0
    assert everything_in(fiji) == filled, "again changes nothing"
    assert main(["install-fiji", str(fiji), "--remove"]) == 0
    assert everything_in(fiji) == before


def test_empty_folders_of_the_users_stay(fiji, jar):
    (fiji / "macros" / "PSF_Bridge").mkdir()
    (fiji / "macros" / "PSF_Bridge" / "mine.ijm").write_text("// mine")
    (fiji / "plugins" / "Utilities").mkdir()
    before = everything_in(fiji)
    assert main(["install-fiji", str(fiji)]) == 0
    assert main(["install-fiji", str(fiji), "--remove"]) == 0
    assert everything_in(fiji) == before


def test_start_up_files_of_an_earlier_psfbridge_go(fiji, jar):
    autorun = fiji / "macros" / "AutoRun" / "PSF_Bridge_AutoRun.ijm"
    entry = fiji / "scripts" / "Plugins" / "PSF_Bridge" / "Distill_PSF....groovy"
    for path in (autorun, entry):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    assert main(["install-fiji", str(fiji)]) == 0
    assert not autorun.exists()
    assert not entry.parent.exists()
    assert (fiji / "macros" / "AutoRun" / "own.ijm").is_file()


def test_a_zip_for_a_fiji_without_python(tmp_path, jar, capsys):
    wheel = tmp_path / "psfbridge-1.0-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    path = tmp_path / "psf-bridge.zip"
    assert main(["install-fiji", str(path), "--wheel", str(wheel)]) == 0
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    assert {"plugins/PSF_Bridge.jar", f"plugins/PSF_Bridge/{wheel.name}"} < names
    assert not any(name.endswith("python.txt") for name in names)
    assert main(["install-fiji", str(path), "--wheel", "no such.whl"]) == 1
    assert "BridgeError: the wheel no such.whl does not exist." in capsys.readouterr().err


def test_what_a_zip_brought_is_taken_out_again(fiji, jar, tmp_path):
    wheel = tmp_path / "psfbridge-1.0-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    path = tmp_path / "psf-bridge.zip"
    assert main(["install-fiji", str(path), "--wheel", str(wheel)]) == 0
    before = everything_in(fiji)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(fiji)
    assert everything_in(fiji) > before
    assert main(["install-fiji", str(fiji), "--remove"]) == 0
    assert everything_in(fiji) == before


def test_a_python_without_appose_is_said(fiji, jar, capsys, monkeypatch):
    from psfbridge.bridge.fiji import installer

    monkeypatch.setattr(installer.importlib.util, "find_spec", {"appose": None}.get)
    assert main(["install-fiji", str(fiji)]) == 0
    assert "missing: appose is not installed" in capsys.readouterr().out


def test_a_fiji_that_cannot_be_written_keeps_nothing_new(fiji, jar, capsys, monkeypatch):
    from psfbridge.bridge.fiji import installer as module

    before = everything_in(fiji)
    real, calls = module._write, []

    def full(path, text):
        calls.append(path)
        if len(calls) == 5:
            raise pb.errors.OutputError(f"cannot write {path}: no space left.")
        real(path, text)

    monkeypatch.setattr(module, "_write", full)
    assert main(["install-fiji", str(fiji)]) == 1
    assert "OutputError: cannot write" in capsys.readouterr().err
    assert everything_in(fiji) == before
