"""The plug-in in a real napari window: files, samples, the panel, and the view of a result."""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import psfbridge as pb
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import simulate

# What napari and Qt warn of is theirs.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.filterwarnings("ignore")]
VOXEL_UM = (0.2, 0.1, 0.1)


@pytest.fixture(scope="module")
def field():
    scene = Scene(
        beads=8, shape=(31, 128, 128), photons=(40e3, 90e3), min_distance_um=2.4, border_beads=1,
        psf_um=(5, 4, 4), seed=3,
    )  # fmt: skip
    return simulate(scene)


@pytest.fixture(scope="module")
def napari(display):
    """Napari with the plug-in, on a screen of the tests' own."""
    os.environ["DISPLAY"] = display
    os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        napari = pytest.importorskip("napari", reason="napari is not installed")
        import npe2
    manager = npe2.PluginManager.instance()
    manifest = Path(pb.__file__).parent / "viewer" / "napari.yaml"
    if "psfbridge" not in manager:
        manager.register(npe2.PluginManifest.from_file(manifest))
    return napari


@pytest.fixture
def viewer(napari):
    viewer = napari.Viewer(show=True)
    yield viewer
    viewer.close()


def settle(viewer, until, seconds=1000):
    """Let the window work until something is true."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.02)
    assert until()


def panel_in(viewer):
    _, widget = viewer.window.add_plugin_dock_widget("psfbridge", "Distil PSF")
    return widget.native.panel


def test_the_manifest_offers_reader_writer_sample_and_panel(napari):
    import npe2

    manifest = npe2.PluginManager.instance().get_manifest("psfbridge")
    offered = manifest.contributions
    assert [one.display_name for one in offered.widgets] == ["Distil PSF"]
    assert [one.key for one in offered.sample_data] == ["beads"]
    assert offered.readers and offered.writers
    for command in offered.commands:
        assert callable(command.exec) or command.python_name


def test_a_psf_is_opened_in_um_with_its_peak_at_the_origin_and_saved_again(viewer, field, tmp_path):
    path = tmp_path / "my_psf.tif"
    field.psf.save(path)
    (layer,) = viewer.open(str(path), plugin="psfbridge")
    np.testing.assert_allclose(layer.scale, VOXEL_UM, rtol=1e-5)
    peak = np.unravel_index(np.argmax(layer.data), layer.data.shape)
    np.testing.assert_allclose(layer.data_to_world(peak), 0, atol=1e-6)
    saved = layer.save(str(tmp_path / "again.tif"), plugin="psfbridge")
    assert saved
    again = pb.PSF.load(saved[0])
    np.testing.assert_array_equal(again.data, field.psf.data)
    assert again.provenance == pb.PSF.load(path).provenance


def test_the_sample_is_a_field_of_beads_in_um(viewer):
    (layer,) = viewer.open_sample("psfbridge", "beads")
    assert layer.name == "simulated beads"
    np.testing.assert_allclose(layer.scale, VOXEL_UM)


def test_beads_are_found_chosen_by_clicks_and_distilled(viewer, field, tmp_path):
    viewer.add_image(field.image.data, scale=VOXEL_UM, name="beads.tif", units=("um",) * 3)
    panel = panel_in(viewer)
    panel.fields["bead_diameter_um"].value = "0.1"
    panel.find()
    settle(viewer, lambda: not panel.busy)
    statuses = panel.choice.statuses
    assert statuses.count("used") >= 5
    first = statuses.index("used")
    place = panel.choice.layer.data[first]
    panel.choice.click(place)
    assert panel.choice.statuses[first] == "rejected"
    panel.choice.click(place)
    assert panel.choice.statuses[first] == "used"
    panel.choice.click(place)
    used = panel.choice.statuses.count("used")
    panel.distil()
    settle(viewer, lambda: not panel.busy)
    assert panel.result.beads.funnel()["used"] == used
    psf = viewer.layers["PSF of beads.tif"]
    np.testing.assert_allclose(psf.scale, VOXEL_UM, rtol=1e-5)
    # Beside the image, and its focus in the plane that is shown.
    assert psf.extent.world[0][2] > viewer.layers["beads.tif"].extent.world[1][2]
    middle = psf.data_to_world([n // 2 for n in psf.data.shape])
    assert abs(middle[0] - viewer.dims.point[0]) <= VOXEL_UM[0]
    assert pb.psf_error(panel.result.psf, field.psf_grid) < 0.1
    picture = viewer.screenshot(str(tmp_path / "panel.png"), canvas_only=False)
    assert picture.std() > 5


def test_a_click_where_nothing_is_adds_a_bead_in_the_brightest_plane(viewer, field):
    from psfbridge.viewer.bead_choice import BeadChoice

    bright = max(field.beads, key=lambda bead: bead.intensity)
    choice = BeadChoice(viewer, field.image, [])
    choice.click((0, bright.y * 0.1, bright.x * 0.1))
    assert choice.statuses == ["used"]
    np.testing.assert_allclose(choice.positions()[0], (bright.z, bright.y, bright.x), atol=1.5)
    choice.click((0, -5.0, 3.0))
    assert len(choice.statuses) == 1


def test_work_is_cancelled_by_the_button(viewer, field):
    viewer.add_image(field.image.data, scale=VOXEL_UM, name="beads.tif")
    panel = panel_in(viewer)
    panel.distil()
    assert panel.busy
    assert not panel.distil_button.enabled
    panel.cancel()
    settle(viewer, lambda: not panel.busy)
    assert panel.said.value == "Cancelled."
    assert panel.result is None
    assert panel.distil_button.enabled


def test_what_cannot_be_done_is_said_in_the_panel(viewer):
    panel = panel_in(viewer)
    panel.distil()
    assert panel.said.value == "Open an image of beads first."
    viewer.add_image(np.zeros((3, 8, 8), "uint8"), name="dark", scale=VOXEL_UM)
    panel.fields["na"].value = "wide"
    panel.distil()
    assert "na" in panel.said.value


def test_a_result_is_shown_with_the_psf_in_the_middle_of_the_view(viewer, field):
    from psfbridge.viewer.show import add_result

    result = pb.distill(field.image, method="average")
    viewer.dims.ndisplay = 3
    add_result(viewer, result)
    psf = viewer.layers["PSF"]
    middle = psf.data_to_world([n // 2 for n in psf.data.shape])
    np.testing.assert_allclose(viewer.camera.center, middle, atol=1e-6)
    height = max(psf.extent.world[1] - psf.extent.world[0]) * viewer.camera.zoom
    assert 300 < height < 700
