"""The gallery notebook runs from top to bottom on a real stack; every failure has its picture."""

import re
import warnings
from pathlib import Path

import pytest
from failure_pictures import FAILURES

ROOT = Path(__file__).parents[2]
STACK = ROOT.parent / "shared" / "data" / "sample_zstack.tif"


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.filterwarnings("ignore")  # of Jupyter's own parts
def test_the_notebook_runs_on_a_real_stack_and_shows_every_object(tmp_path, monkeypatch):
    if not STACK.is_file():
        pytest.skip("../shared/data is not there")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nbformat = pytest.importorskip("nbformat")
        nbclient = pytest.importorskip("nbclient")
        pytest.importorskip("ipykernel")
    monkeypatch.setenv("PSFBRIDGE_STACK", str(STACK))
    monkeypatch.setenv("PSFBRIDGE_DIAMETER_UM", "0.2")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(ROOT / "docs" / "gallery.ipynb", as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=1200, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    shown = [out.get("data", {}) for cell in notebook.cells for out in cell.get("outputs", [])]
    assert sum("image/png" in data for data in shown) >= 5
    assert sum("text/html" in data for data in shown) >= 2
    said = "".join(
        out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", [])
    )
    assert "The PSF is" in said
    assert "this PSF explains these beads" in said


def test_the_notebook_is_kept_without_what_a_run_left():
    text = (ROOT / "docs" / "gallery.ipynb").read_text(encoding="utf-8")
    assert '"execution_count": null' in text
    assert "/work/" not in text
    assert "/home/" not in text


def test_every_failure_has_its_picture_on_the_page():
    page = (ROOT / "docs" / "failures.md").read_text(encoding="utf-8")
    named = re.findall(r"\]\(failures/(\w+)\.png\)", page)
    assert sorted(named) == sorted(FAILURES.keys() - {"good"})
    for name in named:
        assert (ROOT / "docs" / "failures" / f"{name}.png").stat().st_size > 5000
