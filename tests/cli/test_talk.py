"""What the command line says, where, and in which colour; and what it writes into its log."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest
from command_line import refused, run

from psfbridge.cli._colours import coloured
from psfbridge.simulation.scene import SCENES, Scene
from psfbridge.simulation.simulate import simulate


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    from psfbridge.imaging.write import write_image

    path = tmp_path_factory.mktemp("talk") / "beads.tif"
    scene = Scene(
        beads=6, shape=(25, 96, 96), psf_um=(3, 2.5, 2.5), min_distance_um=2.2, border_beads=1,
        photons=(40e3, 90e3), seed=2,
    )  # fmt: skip
    write_image(path, simulate(scene).image)
    return path


@pytest.mark.slow
def test_the_log_tells_options_stages_rounds_memory_and_choices(capsys, stack, tmp_path):
    log = tmp_path / "run.log"
    words = ("-o", tmp_path / "psf.tif", "--bead-diameter-um", 0.1, "--log-file", log)
    status, _, err = run(capsys, "distill", stack, *words, "-v")
    assert status == 0
    text = log.read_text(encoding="utf-8")
    for line in (text, err):
        assert "options: {'bead_diameter_um': 0.1}" in line
        assert "joint: " in line
        assert " s, peak memory " in line
        assert "round 1: " in line
        assert "chi2 " in line
        assert "Method: joint" in line
    assert text.startswith("20")  # with the time
    assert not logging.getLogger("psfbridge").handlers


def test_without_asking_nothing_is_logged(capsys, stack):
    _, _, err = run(capsys, "beads", stack)
    assert err == ""


def test_verbose_and_quiet_exclude_each_other(capsys, stack):
    said = refused(capsys, "beads", stack, "-v", "--log-file", "x.log", "--frobnicate")
    assert "unrecognized" in str(said)
    words = ("-o", "psf.tif", "-v", "--quiet")
    assert "--verbose and --quiet" in str(refused(capsys, "distill", stack, *words))


def test_a_log_that_cannot_be_written_is_one_line(capsys, stack, tmp_path):
    said = refused(capsys, "beads", stack, "--log-file", tmp_path / "none" / "run.log")
    assert "cannot write" in str(said)


class Terminal:
    """A stdout that says whether it is a terminal."""

    def __init__(self, is_terminal):
        self.isatty = lambda: is_terminal


def test_colours_are_for_terminals_that_want_them(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", Terminal(True))
    assert coloured("fine", "good") == "\x1b[1;32mfine\x1b[0m"
    assert coloured("fine", "") == "fine"
    monkeypatch.setenv("NO_COLOR", "1")
    assert coloured("fine", "good") == "fine"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setattr(sys, "stdout", Terminal(False))
    assert coloured("fine", "good") == "fine"


def test_the_scenes_are_listed_in_the_help(capsys):
    text = " ".join(run(capsys, "simulate", "--help")[1].split())
    assert all(name in text for name in SCENES)


def test_the_version_is_told(capsys):
    assert run(capsys, "--version")[1].startswith("psfbridge ")


def test_a_shell_completes_commands_and_options(capsys, tmp_path):
    pytest.importorskip("shtab")
    status, script, _ = run(capsys, "completion", "bash")
    assert status == 0
    path = tmp_path / "completion.sh"
    path.write_text(script)
    ask = (
        "COMP_WORDS=(psfbridge distill --bead-d); COMP_CWORD=2; "
        f". {path}; $(complete -p psfbridge | sed 's/.*-F //; s/ .*//') psfbridge --bead-d distill;"
        ' echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=False)
    assert "--bead-diameter-um" in done.stdout, done.stderr
    assert "cannot" not in str(run(capsys, "completion", "zsh")[1])[:20]
