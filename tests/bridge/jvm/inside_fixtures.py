"""What the tests inside a Java have: an ImageJ, a small stack of beads, and macros.

A pytest plugin: ``pytest -p inside_fixtures``, as test_hosts.py runs them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bead_grid import field_of_beads

import psfbridge as pb
from psfbridge import bridge
from psfbridge.bridge.java.find import java_class
from psfbridge.evaluation.presets import save_preset
from psfbridge.imaging.image import Image
from psfbridge.imaging.write import write_image

_status: dict[str, int] = {}


def pytest_sessionfinish(exitstatus: int) -> None:
    _status["tests"] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """End at once: Java that is taken down under pytest, pyimagej's above all, may crash."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_status.get("tests", 1))


@pytest.fixture(scope="session")
def host() -> Iterator[Any]:
    where = os.environ.get("PSFBRIDGE_TEST_WHERE", "plain")
    mode = "gui" if os.environ.get("PSFBRIDGE_TEST_GUI") else "headless"
    yield bridge.start(where, mode=mode, memory_gib=2)


@pytest.fixture(scope="session")
def beads() -> Image:
    return field_of_beads()


@pytest.fixture(scope="session")
def bead_file(beads: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("images") / "beads.tif"
    write_image(path, beads)
    return path


@pytest.fixture(scope="session")
def expected(bead_file: Path) -> Any:
    """What Python makes of the same file, without ImageJ."""
    return pb.distill(pb.read_image(bead_file), method="average", size_um=(1.5, 1.3, 1.3))


def active() -> Any:
    return java_class("ij.WindowManager").getCurrentImage()


def assert_same_psf(imp: Any, expected: Any) -> None:
    """Hold the PSF that ImageJ has against that of Python."""
    assert str(imp.getTitle()) == "PSF of beads.tif"
    image = bridge.from_imageplus(imp)
    np.testing.assert_allclose(image.data, expected.psf.data, rtol=1e-6, atol=0)
    np.testing.assert_allclose(image.voxel_um, expected.psf.voxel_um, rtol=1e-6)


@pytest.fixture
def macro(host: Any, bead_file: Path) -> Iterator[Callable[..., str]]:
    """Run a macro in which BEADS is the bead file, and return what it returns."""

    def run(text: str, argument: str = "", **options: Any) -> str:
        quoted = str(bead_file).replace("\\", "/")
        return bridge.run_macro(text.replace("BEADS", quoted), argument, **options).value

    yield run
    close_all()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the quickest method where none is named: these tests are not of the methods."""
    real = pb.distill

    def distill(*images: Any, **options: Any) -> Any:
        if options.get("method", "auto") == "auto":
            options["method"] = "average"
        return real(*images, **options)

    monkeypatch.setattr(pb, "distill", distill, raising=False)


def close_windows() -> None:
    """Close every window of an image without a question."""
    manager = java_class("ij.WindowManager")
    for title in manager.getImageTitles():
        imp = manager.getImage(title)
        imp.changes = False
        imp.close()


def close_all() -> None:
    """Close every image, so that tests do not see each other's."""
    while (imp := active()) is not None:
        imp.changes = False
        imp.unlock()
        imp.close()
    java_class("ij.plugin.filter.Analyzer").setResultsTable(java_class("ij.measure.ResultsTable")())


def take_away(name: str) -> None:
    """Delete the marks of the active image whose name starts so, as a person does."""
    imp = java_class("ij.WindowManager").getCurrentImage()
    overlay = imp.getOverlay()
    for index in reversed(range(overlay.size())):
        if str(overlay.get(index).getName()).startswith(name):
            overlay.remove(index)
    imp.setOverlay(overlay)


def statuses() -> list[str]:
    """Return the column of the bead table that says what became of each."""
    table = java_class("ij.measure.ResultsTable").getResultsTable()
    return [str(table.getStringValue("status", row)) for row in range(table.size())]


@pytest.fixture
def presets(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with one preset, for this process and those that it starts."""
    path = tmp_path_factory.mktemp("presets") / "presets.toml"
    monkeypatch.setenv("PSFBRIDGE_PRESETS", str(path))
    save_preset("63x oil", OIL)
    return path


#: What the preset holds.
OIL = {
    "na": 1.4,
    "wavelength_um": 0.52,
    "refractive_index": 1.518,
    "microscope": "confocal",
    "pinhole_au": 1.2,
    "bead_diameter_um": 0.1,
}
