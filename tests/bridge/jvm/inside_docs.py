"""The pages on macros and on pyimagej do what they say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from psfbridge import bridge
from psfbridge.bridge.commands.registry import COMMANDS
from psfbridge.bridge.imagej.ext_functions import EXTENSIONS

DOCS = Path(__file__).parents[3] / "docs"
MACROS = (DOCS / "macros.md").read_text(encoding="utf-8")
PYTHON = (DOCS / "pyimagej.md").read_text(encoding="utf-8")
README = (DOCS.parent / "README.md").read_text(encoding="utf-8")
IJM = re.compile(r"```ijm\n(.*?)```", re.DOTALL)

pytestmark = pytest.mark.usefixtures("quick")


def test_the_pyimagej_page_runs_from_top_to_bottom(host, bead_file, tmp_path, monkeypatch):
    monkeypatch.chdir(bead_file.parent)
    text = "\n".join(re.findall(r"```python\n(.*?)```", PYTHON, re.DOTALL))
    assert 'start("plain")' in text
    script = tmp_path / "page.py"
    # Java starts once in a process: the page runs in whichever ImageJ is tested.
    script.write_text(text.replace('"plain"', repr(host.where)), "utf-8")
    names = runpy.run_path(str(script))
    assert names["result"].value == "PSF of beads.tif"
    np.testing.assert_array_equal(names["direct"].psf.data, names["psf"].data)
    assert str(names["shown"].getTitle()) == "sharp"
    np.testing.assert_array_equal(names["again"].data, names["sharp"].data)
    assert names["again"].voxel_um == pytest.approx(names["sharp"].voxel_um)


@pytest.mark.parametrize("text", IJM.findall(MACROS)[1:])
def test_each_extension_example(macro, text):
    value = macro('open("BEADS");' + text)
    assert value


def test_the_four_commands(macro):
    lines = IJM.findall(MACROS)[0].strip().splitlines()
    assert all(line.split('"')[1] in COMMANDS for line in lines)
    title = macro(
        'open("BEADS");'
        + lines[0]
        + 'run("Distill PSF...", "method=average");'
        + lines[2]
        + 'selectImage("beads.tif");'
        + lines[3]
        + "return getTitle();"
    )
    assert title == "Deconvolved beads.tif"


def test_the_readme_macro(macro, bead_file):
    for text in IJM.findall(README):
        assert macro(text + "return getTitle();", image=bead_file) == "PSF of beads.tif"


def test_every_key_and_function_is_on_the_page():
    for command in COMMANDS.values():
        for key in (*command.options(), *command.keys, *command.flags):
            assert re.search(rf"`{key}(=[^`]*)?`", MACROS), f"docs/macros.md does not tell of {key}"
    for name in EXTENSIONS:
        assert f"### `Ext.{name}(" in MACROS


def test_nothing_else_is_exported():
    for name in bridge.__all__:
        assert getattr(bridge, name) is not None
