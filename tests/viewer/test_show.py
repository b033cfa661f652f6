"""The viewer: a stand-in for napari, and what is said where it is absent."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from psfbridge.detection.beads import Bead, Beads
from psfbridge.distillation.result import Distillation
from psfbridge.errors import MissingPartError
from psfbridge.imaging.image import Image
from psfbridge.imaging.write import write_image
from psfbridge.measurement.measures import measure
from psfbridge.options import DistillOptions
from psfbridge.psf.psf import PSF
from psfbridge.viewer.layers import psf_layer
from psfbridge.viewer.psf_files import get_reader, write_psf
from psfbridge.viewer.show import check_viewer, view

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
        with pytest.raises(MissingPartError, match=r"pip install 'napari\[pyqt6\]'") as caught:
            ask()
        assert "\n" not in str(caught.value)


class Recorder:
    """Stands in for a napari viewer and remembers its layers."""

    def __init__(self, **_):
        self.layers = {}
        self.scale_bar = SimpleNamespace()
        self.camera = SimpleNamespace()
        self.dims = SimpleNamespace(set_point=lambda *_: None)

    def add_image(self, data, *, name, scale, **shown):
        self.layers[name] = (np.asarray(data), tuple(scale), shown)

    def add_points(self, data, *, name, **shown):
        self.layers[name] = (data, shown)


def test_shows_every_layer_in_um_and_looks_at_the_psf(monkeypatch):
    made = []
    napari = ModuleType("napari")
    napari.Viewer = lambda **kwargs: made.append(Recorder(**kwargs)) or made[-1]
    napari.run = lambda: made.append("ran")
    monkeypatch.setitem(sys.modules, "napari", napari)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    view(result())
    viewer, ran = made
    assert ran == "ran"
    assert viewer.layers["a.tif"][1] == viewer.layers["PSF"][1] == VOXEL_UM
    place = (0.3, 0.2, 0.3)
    np.testing.assert_allclose(viewer.layers["used in a.tif"][0], [place])
    voxels, _, shown = viewer.layers["PSF"]
    middle = np.add(shown["translate"], np.array(voxels.shape) // 2 * VOXEL_UM)
    np.testing.assert_allclose(middle, place)
    np.testing.assert_allclose(viewer.camera.center, place)


def test_a_psf_layer_is_saved_as_it_was_made_and_another_is_brought_into_form(tmp_path):
    psf = replace(result().psf, provenance={"made_by": "a test"})
    data, shown, kind = psf_layer(psf)
    assert kind == "image"
    write_psf(str(tmp_path / "psf.tif"), data, shown)
    assert PSF.load(tmp_path / "psf.tif").provenance == {"made_by": "a test"}
    (read, _, _) = get_reader(str(tmp_path / "psf.tif"))(str(tmp_path / "psf.tif"))[0]
    np.testing.assert_array_equal(read, psf.data)
    write_psf(str(tmp_path / "other.tif"), 5 * data[1:], {"scale": VOXEL_UM, "metadata": {}})
    np.testing.assert_allclose(PSF.load(tmp_path / "other.tif").data.sum(), 1, rtol=1e-5)


def test_what_is_no_psf_is_left_to_other_readers(tmp_path):
    write_image(tmp_path / "psf_of_cells.tif", result().images[0])
    assert get_reader(str(tmp_path / "psf_of_cells.tif")) is None
    assert get_reader(["a_psf.tif", "b_psf.tif"]) is None
