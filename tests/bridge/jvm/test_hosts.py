"""Each state of Java in a process of its own: Java starts once in a process, and never again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SUPPORT = ROOT / "tests" / "support"
SECONDS = 900
# A second conftest.py would hide the first from "from conftest import ...".
PLUGINS = ("-p", "inside_fixtures", "-p", "no:cacheprovider")
# A test that hangs, in Java or in Python, ends its process and shows where all threads are.
HUNG = ("--timeout", "300", "--timeout-method", "thread")

needs_java = pytest.mark.skipif(
    shutil.which("java") is None and "JAVA_HOME" not in os.environ, reason="there is no Java"
)
pytestmark = [pytest.mark.java, needs_java]


def run_inside(name: str, **environment: str) -> None:
    """Run the tests of one state; what they say is shown if one fails."""
    path = os.pathsep.join(map(str, (HERE, SUPPORT, ROOT)))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *PLUGINS, *HUNG, str(HERE / name)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": path,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-12000:]}\n{done.stderr[-3000:]}"


STATES = (
    "inside_convert.py",
    "inside_commands.py",
    "inside_macros.py",
    "inside_scripts.py",
    "inside_docs.py",
    "inside_clij.py",
)


@pytest.mark.parametrize("name", (*STATES, "inside_plugin.py"))
def test_plain_imagej_headless(name: str) -> None:
    run_inside(name)


@pytest.mark.parametrize("name", ["inside_window.py", "inside_plugin_window.py"])
def test_plain_imagej_with_a_window(name: str, display: str) -> None:
    run_inside(name, DISPLAY=display)


@pytest.mark.fiji
@pytest.mark.skipif("PSFBRIDGE_FIJI" not in os.environ, reason="PSFBRIDGE_FIJI names no Fiji")
@pytest.mark.parametrize("name", STATES)
def test_fiji_headless(name: str) -> None:
    run_inside(name, PSFBRIDGE_TEST_WHERE=os.environ["PSFBRIDGE_FIJI"])
