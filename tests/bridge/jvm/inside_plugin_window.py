"""The plug-in in an ImageJ with its window: dialog, preview, recorder, failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import scyjava
from fiji_folder import filled
from inside_window import dialog, press, screenshot, tick, type_into, wait_for

from psfbridge import bridge
from psfbridge.bridge.java.find import java_class
from psfbridge.bridge.java.host import boot


@pytest.fixture(scope="module")
def fiji(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = filled(tmp_path_factory.mktemp("ImageJ"))
    scyjava.config.add_options(f"-Dplugins.dir={folder}")
    boot("plain", mode="gui", memory_gib=2)
    yield java_class("ij.IJ").getInstance()
    session = java_class("ij.IJ").getClassLoader().loadClass("psfbridge.Session")
    session.getMethod("end").invoke(None)


@pytest.fixture
def stack(fiji, beads) -> Iterator[Any]:
    imp = bridge.to_imageplus(beads)
    imp.show()
    yield imp
    for title in java_class("ij.WindowManager").getImageTitles():
        other = java_class("ij.WindowManager").getImage(title)
        other.changes = False
        other.close()


def choose(name: str, imp: Any) -> Any:
    """Choose a command as a menu does, and return its dialog."""
    java_class("ij.Executer")(name, imp)
    return dialog(name.removesuffix("..."))


def test_a_person_distils(fiji, stack):
    recorder = java_class("ij.plugin.frame.Recorder")()
    form = choose("Distill PSF...", stack)
    tick(form.getCheckboxes().lastElement())
    marks = wait_for(stack.getOverlay, "the preview")
    assert str(marks.get(0).getName()).startswith("PSF Bridge")
    type_into(form.getStringFields().get(0), "0.1")
    form.getChoices().get(1).select("average")
    screenshot("fiji-dialog.png")
    press(form, "OK")
    psf = wait_for(lambda: java_class("ij.WindowManager").getImage("PSF of beads.tif"), "the PSF")
    assert psf.getBitDepth() == 32
    recorded = 'run("Distill PSF...", "bead_diameter=0.1 method=average");'
    assert recorded in str(recorder.getText())
    recorder.close()
    wait_for(stack.getOverlay, "the marks")
    table = java_class("ij.measure.ResultsTable").getResultsTable("Beads of beads.tif")
    assert table.size() >= 9


def test_ok_right_after_the_preview_was_ticked(fiji, stack):
    """Both read the image, and neither finds it locked by the other."""
    for _ in range(5):
        form = choose("Distill PSF...", stack)
        form.getChoices().get(1).select("average")
        tick(form.getCheckboxes().lastElement())
        press(form, "OK")
        psf = wait_for(
            lambda: java_class("ij.WindowManager").getImage("PSF of beads.tif"), "the PSF"
        )
        psf.close()


def test_cancel_leaves_everything_as_it_was(fiji, stack):
    form = choose("Find Beads...", stack)
    tick(form.getCheckboxes().lastElement())
    wait_for(stack.getOverlay, "the preview")
    press(form, "Cancel")
    wait_for(lambda: stack.getOverlay() is None and not stack.isLocked(), "the image as before")


def test_a_fault_is_a_dialog(fiji, stack):
    form = choose("Distill PSF...", stack)
    type_into(form.getStringFields().get(0), "wide")
    press(form, "OK")
    message = dialog("PSF Bridge")
    screenshot("fiji-fault.png")
    message.dispose()
    assert java_class("ij.WindowManager").getImageTitles().length == 1


def test_no_image_is_a_dialog(fiji):
    java_class("ij.Executer")("Find Beads...", None)
    dialog("PSF Bridge").dispose()
