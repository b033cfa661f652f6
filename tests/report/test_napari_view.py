"""The viewer: a stand-in for napari, and what is said where it is absent."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
from psfbridge.report.napari_view import check_viewer, view

from psfbridge.detection.beads import Bead, Beads
from psfbridge.distillation.result import Distillation
from psfbridge.errors import MissingPartError
from psfbridge.imaging.image import Image
from psfbridge.measurement.measures import measure
from psfbridge.options import DistillOptions
from psfbridge.psf.psf import PSF

VOXEL_UM = (0.3, 0.1, 0.1)


def result():
    z, y, x = np.mgrid[-7:8, -10:11, -10:11]
    psf = PSF.from_volume(np.exp(-(z**2 + y**2 + x**2) / 5.0), VOXEL_UM)
    image = Image(np.ones((5, 20, 20), "uint8"), VOXEL_UM, "a.tif")
    beads = Beads([Bead("a.tif", 0, 1, 2, 3)])
    return Distillation(psf, beads, measure(psf), "average", DistillOptions(), (image,))


def test_says_how_to_install_napari_where_it_is_absent(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for ask in (check_viewer, lambda: view(result())):
        with pytest.raises(MissingPartError, match=r"pip install 'napari\[all\]'") as caught:
            ask()
        assert "\n" not in str(caught.value)


class Recorder:
    """Stands in for a napari viewer and remembers its layers."""

    def __init__(self, **_):
        self.layers = {}
        self.scale_bar = ModuleType("scale_bar")

    def add_image(self, data, *, name, scale, **_):
        self.layers[name] = (np.asarray(data), tuple(scale))

    def add_points(self, data, *, name, scale, **_):
        self.layers[name] = (data, tuple(scale))


def test_shows_every_layer_at_the_voxel_scale(monkeypatch):
    made = []
    napari = ModuleType("napari")
    napari.Viewer = lambda **kwargs: made.append(Recorder(**kwargs)) or made[-1]
    napari.run = lambda: made.append("ran")
    monkeypatch.setitem(sys.modules, "napari", napari)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    view(result())
    viewer, ran = made
    assert ran == "ran"
    assert {scale for _, scale in viewer.layers.values()} == {VOXEL_UM}
    assert viewer.layers["used in a.tif"][0] == [(1, 2, 3)]
    assert viewer.layers["PSF"][0].shape == (15, 21, 21)
