"""The plug-in in a real Fiji or ImageJ2, started by itself: commands, errors, and the end."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from bead_grid import field_of_beads
from fiji_folder import filled, needs_jdk
from imagej_process import run, wait_for, workers

from psfbridge.imaging.write import write_image

pytestmark = [
    pytest.mark.java,
    pytest.mark.fiji,
    needs_jdk,
    pytest.mark.skipif("PSFBRIDGE_FIJI" not in os.environ, reason="PSFBRIDGE_FIJI names no Fiji"),
]

DISTILL = 'run("Distill PSF...", "method=average size=1.5,1.3,1.3");'
OWN = ("macros", "plugins")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """The Fiji, without what is written into it."""
    folder = tmp_path_factory.mktemp("Fiji")
    for part in Path(os.environ["PSFBRIDGE_FIJI"]).iterdir():
        if part.name in OWN:
            shutil.copytree(part, folder / part.name, symlinks=True)
        else:
            (folder / part.name).symlink_to(part)
    return filled(folder)


@pytest.fixture(scope="module")
def beads(home) -> Path:
    path = home / "beads.tif"
    write_image(path, field_of_beads())
    return path


def command(home: Path, *words: str, headless: bool) -> list[str]:
    """Return the command by which Fiji's own launchers start it, in essence."""
    classes = [home / "jars", *(path for path in (home / "jars").iterdir() if path.is_dir())]
    path = os.pathsep.join(f"{folder}/*" for folder in (*classes, home / "plugins"))
    options = [f"-Dplugins.dir={home}", f"-Dimagej.dir={home}", f"-Duser.home={home}"]
    options += ["--add-opens=java.base/java.lang=ALL-UNNAMED"]
    options += ["-Djava.awt.headless=true"] * headless
    last = ["--headless"] * headless
    return [str(shutil.which("java")), *options, "-cp", path, "net.imagej.Main", *last, *words]


def macro(home: Path, beads: Path, text: str) -> str:
    path = home / "test.ijm"
    path.write_text(text.replace("BEADS", beads.as_posix()), encoding="utf-8")
    return str(path)


def test_without_a_window_a_macro_runs_and_fiji_ends(home, beads):
    text = macro(home, beads, f'open("BEADS"); {DISTILL} print(getTitle());')
    done = run(home, command(home, "-macro", text, headless=True))
    said = done.stdout + done.stderr
    assert "PSF of beads.tif" in done.stdout.splitlines(), said
    assert done.returncode == 0
    wait_for(lambda: not workers(home), "the end of Python")


def test_a_failure_stops_the_macro_in_one_line(home, beads):
    text = macro(home, beads, 'open("BEADS"); run("Find Beads...", "bad=1"); print("too far");')
    done = run(home, command(home, "-macro", text, headless=True))
    assert "OptionError: unknown option bad" in done.stdout + done.stderr
    assert "too far" not in done.stdout


def test_with_a_window_commands_are_there_from_the_first_moment(home, beads, display):
    """What Fiji runs while it starts calls them before any script of ImageJ2's is in the menu."""
    seen, title = home / "seen.txt", home / "title.txt"
    auto = home / "macros" / "AutoRun" / "first.ijm"
    auto.parent.mkdir(exist_ok=True)
    startup = f'run("Start PSF Bridge"); File.saveString("seen", "{seen.as_posix()}");'
    auto.write_text(startup, encoding="utf-8")
    own = home / "macros" / "StartupMacros.txt"
    own.write_text(f'macro "AutoRun" {{ {startup} }}', encoding="utf-8")
    text = f'open("BEADS"); {DISTILL} File.saveString(getTitle(), "{title.as_posix()}"); '
    words = ("-macro", macro(home, beads, f'{text} run("Quit");'))
    done = run(home, command(home, *words, headless=False), DISPLAY=display)
    said = done.stdout + done.stderr
    assert seen.is_file(), said
    assert title.read_text(encoding="utf-8") == "PSF of beads.tif"
    assert "Unrecognized command" not in said
    assert done.returncode == 0, said
    wait_for(lambda: not workers(home), "the end of Python")
