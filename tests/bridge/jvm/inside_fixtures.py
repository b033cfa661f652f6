"""What the tests inside a Java have: an ImageJ, a small stack of beads, and macros.

A pytest plugin: ``pytest -p inside_fixtures``, as test_hosts.py runs them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import psfbridge as pb
from psfbridge import bridge
from psfbridge.bridge.java.find import java_class
from psfbridge.cli.__main__ import end_beside_windows
from psfbridge.imaging.image import Image
from psfbridge.imaging.write import write_image

VOXEL_UM = (0.2, 0.1, 0.1)
SIGMA = (1.6, 1.3, 1.3)


def field_of_beads(seed: int = 3, shape: tuple[int, int, int] = (17, 96, 96)) -> Image:
    """Gaussian beads on a grid with sub-voxel steps, with Poisson noise, 16 bit."""
    rng = np.random.default_rng(seed)
    expected = np.full(shape, 20.0)
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    for y0 in (20, 48, 76):
        for x0 in (20, 48, 76):
            at = np.array((shape[0] // 2, y0, x0)) + rng.uniform(-0.5, 0.5, 3)
            squares = [
                ((axis - c) / s) ** 2 for axis, c, s in zip((z, y, x), at, SIGMA, strict=True)
            ]
            expected += 4000 * np.exp(-sum(squares) / 2)
    return Image(rng.poisson(expected).astype(np.uint16), VOXEL_UM, "beads.tif")


_status: dict[str, int] = {}


def pytest_sessionfinish(exitstatus: int) -> None:
    _status["tests"] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """End as the command line does."""
    end_beside_windows(_status.get("tests", 1))


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


def close_all() -> None:
    """Close every image, so that tests do not see each other's."""
    manager = java_class("ij.WindowManager")
    while (imp := manager.getCurrentImage()) is not None:
        imp.changes = False
        imp.unlock()
        imp.close()
    java_class("ij.plugin.filter.Analyzer").setResultsTable(java_class("ij.measure.ResultsTable")())
