"""ImageJ2's images, with stand-ins for ImageJ2; a real one is where PSFBRIDGE_FIJI names a Fiji."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from psfbridge.bridge.convert import datasets
from psfbridge.bridge.imagej import window
from psfbridge.bridge.java import host as hosts
from psfbridge.bridge.java.host import Host, has_imglyb
from psfbridge.errors import BridgeError, ImageError
from psfbridge.imaging.image import Image


class Axis:
    def __init__(self, label: str) -> None:
        self.label = label
        self.unit = None

    def type(self) -> Any:
        return SimpleNamespace(getLabel=lambda: self.label)

    def setUnit(self, unit: str) -> None:  # noqa: N802 - Java's name
        self.unit = unit


class Dataset:
    def __init__(self) -> None:
        self.axes = [Axis("X"), Axis("Y"), Axis("Channel"), Axis("Z")]
        self.dims = ("ch", "pln", "row", "col")  # as pyimagej gives Java's images

    def numDimensions(self) -> int:  # noqa: N802
        return len(self.axes)

    def axis(self, number: int) -> Axis:
        return self.axes[number]


DATASET = Dataset()


@pytest.fixture
def gateway(monkeypatch) -> Any:
    imp = SimpleNamespace(getProcessor=lambda: "pixels")
    py = SimpleNamespace(to_imageplus={DATASET: imp}.get, to_dataset=lambda _: Dataset())
    gateway = SimpleNamespace(py=py, imp=imp)
    monkeypatch.setattr(datasets, "current", lambda: Host("Fiji", True, gateway))
    return gateway


def test_a_dataset_is_converted_by_its_gateway(gateway):
    assert datasets.need_imageplus(DATASET) is gateway.imp
    assert datasets.need_imageplus(gateway.imp) is gateway.imp


def test_the_axes_of_space_are_in_micrometres(gateway):
    made = datasets.to_dataset(Image(np.zeros((2, 3, 4, 5), np.uint8), (0.2, 0.1, 0.1)))
    assert [axis.unit for axis in made.axes] == ["µm", "µm", None, "µm"]


@pytest.mark.parametrize("thing", [3, "beads.tif", Dataset()])
def test_what_is_no_image_of_imagej_is_said(monkeypatch, thing):
    monkeypatch.setattr(datasets, "current", lambda: None)
    with pytest.raises(ImageError, match=f"{type(thing).__name__} is not an ImageJ image; allowed"):
        datasets.need_imageplus(thing)


def test_plain_imagej_has_no_dataset(monkeypatch):
    monkeypatch.setattr(datasets, "current", lambda: Host("plain", True))
    with pytest.raises(BridgeError, match="a Dataset needs ImageJ2"):
        datasets.to_dataset(Image(np.zeros((3, 4, 5), np.uint8), (0.2, 0.1, 0.1)))


def test_pyimagej_may_ask_maven_where_the_folder_has_not_its_jars(tmp_path):
    jars = tmp_path / "jars"
    jars.mkdir()
    assert not has_imglyb(tmp_path)
    (jars / "imglib2-imglyb-2.1.0.jar").touch()
    assert not has_imglyb(tmp_path)
    (jars / "imglib2-unsafe-1.0.0.jar").touch()
    assert has_imglyb(tmp_path)


def test_a_window_that_ends_java_is_closed(monkeypatch):
    """ImageJ2 ends Java with its window: then nobody is there to be asked."""

    def gone() -> None:
        raise RuntimeError("Java Virtual Machine is not running")

    imagej = Host("Fiji", False, SimpleNamespace(ui=gone))
    monkeypatch.setattr(window, "running", lambda: False)
    window.wait_for_window(imagej)
    monkeypatch.setattr(window, "running", lambda: True)
    with pytest.raises(RuntimeError):
        window.wait_for_window(imagej)


def test_python_ends_quietly_after_a_java_that_has_ended(monkeypatch):
    monkeypatch.setattr(hosts, "running", lambda: False)
    hosts._end()
