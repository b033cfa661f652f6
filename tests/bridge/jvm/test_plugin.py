"""The plug-in in an ImageJ that Python knows nothing of: real start-ups, real ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bead_grid import field_of_beads
from fiji_folder import filled, needs_jdk
from imagej_process import command, maven, run, shared_memory, start, wait_for, workers

from psfbridge.imaging.write import write_image

pytestmark = [
    pytest.mark.java,
    needs_jdk,
    pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java"),
]

ROOT = Path(__file__).parents[3]
APPOSE = ("0.3.0", "0.4.0", "0.9.0")
DISTILL = 'run("Distill PSF...", "method=average size=1.5,1.3,1.3");'
ENDLESS = 'for (;;) run("Distill PSF...", "method=average");'


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return filled(tmp_path_factory.mktemp("ImageJ"))


@pytest.fixture(scope="module")
def beads(home) -> Path:
    path = home / "beads.tif"
    write_image(path, field_of_beads())
    return path


@pytest.fixture
def macro(tmp_path, beads):
    def write(text: str) -> str:
        path = tmp_path / "test.ijm"
        path.write_text(text.replace("BEADS", beads.as_posix()), encoding="utf-8")
        return str(path)

    return write


def count_made(process: int) -> int:
    """Return how much shared memory was made until now: each has a number in its name."""
    return max((int(path.name.split("_")[-1]) for path in shared_memory(process)), default=0)


def nothing_is_left(home: Path, process: int) -> bool:
    return not workers(home) and not shared_memory(process)


class TestWithoutAWindow:
    def test_a_macro_runs_and_java_ends(self, home, macro):
        text = f'open("BEADS"); run("Start PSF Bridge"); {DISTILL} print(getTitle());'
        done = run(home, command(home, "-batch", macro(text)))
        assert done.returncode == 0
        assert done.stdout.splitlines()[-1] == "PSF of beads.tif"
        assert "Distill PSF: beads.tif → PSF of beads.tif: average; beads 9 found" in done.stdout
        wait_for(lambda: nothing_is_left(home, os.getpid()), "the end of Python")

    def test_a_failure_stops_the_macro_in_one_line(self, home, macro):
        text = 'open("BEADS"); run("Find Beads...", "min_seperation=1"); print("not reached");'
        done = run(home, command(home, "-batch", macro(text)))
        said = done.stdout + done.stderr
        assert "OptionError: unknown option min_seperation: did you mean min_separation" in said
        assert "not reached" not in said
        assert "\tat " not in said

    @pytest.mark.parametrize(
        "version",
        [APPOSE[0], *(pytest.param(other, marks=pytest.mark.slow) for other in APPOSE[1:])],
    )
    def test_whatever_appose_lies_in_jars(self, home, macro, version):
        jars = maven(f"org.apposed:appose:{version}")
        text = f'open("BEADS"); {DISTILL} print(getTitle());'
        done = run(home, command(home, "-batch", macro(text), jars=jars))
        assert done.stdout.splitlines()[-1] == "PSF of beads.tif", done.stderr

    @pytest.mark.skipif(sys.platform == "win32", reason="signals are of other systems")
    @pytest.mark.parametrize(
        "way", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
    )
    def test_an_imagej_killed_in_mid_work_leaves_nothing(self, home, macro, way):
        words = command(home, "-batch", macro(f'open("BEADS"); {ENDLESS}'))
        imagej = start(words, home)
        greetings = 2
        wait_for(lambda: count_made(imagej.pid) > greetings, "the work")
        imagej.send_signal(way)
        imagej.wait()
        wait_for(lambda: not workers(home), "the end of Python")
        assert not shared_memory(imagej.pid)

    @pytest.mark.parametrize(
        ("name", "argument"),
        [("Distill_PSF.ijm", ""), ("Distill_and_Deconvolve.ijm", "BEADS|BEADS")],
    )
    @pytest.mark.slow
    def test_ready_made_macros_run_as_they_are(self, home, macro, name, argument):
        own = home / "macros" / "PSF_Bridge" / name
        text = f'open("BEADS"); print(runMacro("{own.as_posix()}", "{argument}"));'
        done = run(home, command(home, "-batch", macro(text)))
        assert "beads.tif" in done.stdout.splitlines()[-1], done.stdout + done.stderr


class TestWithAWindow:
    STARTUP = 'macro "AutoRun" {{ run("Start PSF Bridge"); File.saveString("{0}", "{0}"); }}'

    def test_commands_are_there_from_the_first_moment(self, home, macro, tmp_path, display):
        """A person's own StartupMacros know nothing of the plug-in, or use it at once."""
        seen = tmp_path / "seen.txt"
        startup = home / "macros" / "StartupMacros.txt"
        startup.write_text(self.STARTUP.format(seen.as_posix()), encoding="utf-8")
        title = f"{tmp_path.as_posix()}/title"
        text = f'open("BEADS"); {DISTILL} File.saveString(getTitle(), "{title}"); run("Quit");'
        words = ("-ijpath", str(home), "-macro", macro(text))
        options = [f"-Duser.home={tmp_path}", f"-Dij.dir={home}"]
        try:
            done = run(home, command(home, *words, window=True, java=options), DISPLAY=display)
        finally:
            startup.unlink()
        assert done.returncode == 0
        assert seen.is_file()
        assert (tmp_path / "title").read_text("utf-8") == "PSF of beads.tif"
        assert "Unrecognized command" not in done.stdout + done.stderr
        wait_for(lambda: not workers(home), "the end of Python")


class TestNoPythonInSight:
    """A Fiji that got a zip: the plug-in installs a Python of its own, through Appose and uv."""

    @pytest.fixture
    def fresh(self, tmp_path) -> Path:
        """An ImageJ with the plug-in and nothing that names a Python; uv need not be fetched."""
        uv = pytest.importorskip("uv")
        tool = tmp_path / ".local" / "share" / "appose" / ".uv" / "bin" / "uv"
        tool.parent.mkdir(parents=True)
        tool.symlink_to(uv.find_uv_bin())
        home = filled(tmp_path / "ImageJ")
        (home / "plugins" / "PSF_Bridge" / "python.txt").unlink()
        return home

    @staticmethod
    def words(fresh: Path, macro: str) -> list[str]:
        return command(fresh, "-batch", macro, java=[f"-Duser.home={fresh.parent}"])

    def test_without_a_network_it_says_so(self, fresh, macro):
        text = f'open("BEADS"); {DISTILL} print("not reached");'
        done = run(fresh, self.words(fresh, macro(text)), UV_OFFLINE="1")
        said = done.stdout + done.stderr
        assert "BridgeError: Python could not be installed in" in said
        assert "A network connection is needed once." in said
        assert "not reached" not in said

    @pytest.mark.slow
    def test_the_first_command_installs_it_from_a_wheel_and_the_index(self, fresh, macro):
        beside = fresh / "plugins" / "PSF_Bridge"
        words = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "-w",
            str(beside),
            str(ROOT),
        ]
        subprocess.run(words, check=True, timeout=600)
        text = f'open("BEADS"); {DISTILL} print(getTitle());'
        for _ in range(2):  # and then it is there
            done = run(fresh, self.words(fresh, macro(text)), PYTHONPATH="")
            assert done.stdout.splitlines()[-1] == "PSF of beads.tif", done.stdout + done.stderr
