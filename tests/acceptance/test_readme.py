"""The README's code blocks do what they say."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import psfbridge as pb

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)


def blocks(language):
    return [text for found, text in BLOCKS if found == language]


@pytest.fixture
def folder(small_field, tmp_path, monkeypatch):
    """An empty folder with a bead stack of the reader's own."""
    pb.write_image(tmp_path / "beads.tif", small_field.image)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


def run(command):
    """Run a ``psfbridge`` command as a shell would."""
    words = shlex.split(command)
    assert words[0].endswith("psfbridge")
    done = subprocess.run(
        [sys.executable, "-m", "psfbridge.cli", *words[1:]],
        capture_output=True, text=True, check=False, timeout=1200,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_every_block_is_in_a_language_that_a_test_runs():
    assert {language for language, _ in BLOCKS} == {"bash", "python", "ijm"}


def test_a_clone_is_made_of_an_address(tmp_path):
    clone, enter = blocks("bash")[0].strip().split(" && ")
    assert (clone, enter) == ("git clone ADDRESS psfbridge", "cd psfbridge")
    if not (ROOT / ".git").exists():
        pytest.skip("these sources are no clone")
    words = clone.replace("ADDRESS", str(ROOT)).split()
    subprocess.run([*words, "--quiet"], cwd=tmp_path, check=True, timeout=100)
    assert (tmp_path / "psfbridge" / "pyproject.toml").is_file()


@pytest.mark.slow
def test_the_main_job_comes_after_the_install(folder):
    install, job = blocks("bash")[1].rsplit("&&", 1)
    assert "pip install" in install
    out = run(job.strip())
    assert "differs from it by" in out
    for name in ("psf.tif", "beads.csv", "report/index.html", "beads.tif", "truth.tif"):
        assert (folder / "demo" / name).is_file()


def test_the_command_of_the_tests_is_what_ci_runs():
    assert blocks("bash")[3].strip() in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_commands_on_your_own_stack_run_in_order(folder):
    activation, *commands = blocks("bash")[2].splitlines()
    assert activation == ". .venv/bin/activate"
    for line in commands:
        run(line)
    assert (folder / "report" / "index.html").is_file()
    assert (folder / "beads.png").is_file()


def test_the_python_snippet_runs(folder, capsys):
    for text in blocks("python"):
        exec(compile(text, "README.md", "exec"), {})
    assert "9 found" in capsys.readouterr().out
    assert pb.PSF.load("psf.tif").voxel_um == pytest.approx((0.2, 0.1, 0.1))


@pytest.mark.java
def test_the_macro_runs_in_imagej(folder):
    pytest.importorskip("scyjava")
    (folder / "readme.ijm").write_text(blocks("ijm")[0] + "return getTitle();\n")
    out = run("psfbridge macro readme.ijm --image beads.tif")
    assert out.splitlines()[-1] == "PSF of beads.tif"


def test_every_file_that_is_linked_exists():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link
