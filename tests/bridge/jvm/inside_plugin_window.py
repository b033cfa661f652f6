"""The plug-in in an ImageJ with its window: dialog, preview, recorder, failure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import scyjava
from fiji_folder import filled
from inside_fixtures import OIL, close_windows
from inside_window import (
    choose_from,
    dialog,
    fills_the_dialog,
    labels,
    post,
    press,
    screenshot,
    shows_the_bead_of,
    tick,
    type_into,
    wait_for,
)

from psfbridge import bridge
from psfbridge.bridge.java.find import java_class
from psfbridge.bridge.java.host import boot
from psfbridge.evaluation.presets import save_preset


@pytest.fixture(scope="module")
def fiji(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = filled(tmp_path_factory.mktemp("ImageJ"))
    # What the plug-in starts has the environment with which Java was started.
    os.environ["PSFBRIDGE_PRESETS"] = str(folder / "presets.toml")
    save_preset("63x oil", OIL)
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
    close_windows()


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
    assert {marks.get(i).getPosition() for i in range(marks.size())} == {0}, "seen in every slice"
    type_into(form.getStringFields().get(0), "0.1")
    form.getChoices().get(2).select("joint")
    screenshot("fiji-distill.png", form)
    press(form, "OK")
    psf = wait_for(lambda: java_class("ij.WindowManager").getImage("PSF of beads.tif"), "the PSF")
    assert psf.getBitDepth() == 32
    middle = psf.getNSlices() // 2 + 1
    wait_for(lambda: slider(psf) == middle, "the slider at the slice that is shown")
    recorded = 'run("Distill PSF...", "bead_diameter=0.1 method=joint");'
    wait_for(lambda: recorded in str(recorder.getText()), "the recorded command")
    recorder.close()
    wait_for(lambda: window("Profiles of PSF of beads.tif"), "the profiles")
    results = java_class("ij.measure.ResultsTable").getResultsTable()
    assert 0.28 < results.getValue("fwhm_x_um", 0) < 0.36
    assert str(java_class("ij.WindowManager").getCurrentImage().getTitle()) == "PSF of beads.tif"
    arrange(stack, psf)
    screenshot("fiji-result.png")


def arrange(stack: Any, psf: Any) -> None:
    """Lay the windows beside each other, as a person would."""
    for imp, zoom, place in ((stack, 300, (10, 110)), (psf, 400, (330, 110))):
        java_class("ij.IJ").run(imp, "Set... ", f"zoom={zoom}")
        imp.getWindow().setLocation(*place)
    window("Profiles of PSF of beads.tif").setLocation(600, 110)
    window("Beads of beads.tif").setBounds(10, 580, 900, 250)
    window("Results").setBounds(925, 640, 460, 150)
    window("Log").setBounds(10, 840, 1375, 110)
    stack.setSlice(9)


def slider(imp: Any) -> int:
    parts = [imp.getWindow().getComponent(i) for i in range(imp.getWindow().getComponentCount())]
    bars = [part for part in parts if hasattr(part, "getValue")]
    return int(bars[0].getValue()) if bars else 0


def window(title: str) -> Any:
    return java_class("ij.WindowManager").getWindow(title)


def test_the_table_shows_a_bead_on_its_image(fiji, stack):
    java_class("ij.IJ").run(stack, "Find Beads...", "")
    table = java_class("ij.measure.ResultsTable").getResultsTable("Beads of beads.tif")
    assert table.size() >= 9
    assert table.getValue("x_um", 3) == pytest.approx(table.getValue("x", 3) * 0.1, abs=1e-6)
    shows_the_bead_of(stack, 3)
    overlay = stack.getOverlay()
    numbers = {
        str(overlay.get(i).getText()).strip()
        for i in range(overlay.size())
        if isinstance(overlay.get(i), java_class("ij.gui.TextRoi"))
    }
    assert numbers >= {str(number) for number in range(9)}


def test_the_dialog_is_in_words_and_asks_what_is_needed(fiji, stack):
    form = choose("Distill PSF...", stack)
    words = labels(form)
    assert "Bead diameter (µm)" in words
    assert "Optics: give the first three together, or none" in words
    assert "Pinhole diameter (Airy units)" not in words
    assert "Iterations" not in words
    choose_from(form, 1, "confocal")
    choose_from(form, 2, "reverse-rl")
    wait_for(lambda: "Pinhole diameter (Airy units)" in labels(form), "the fields of a confocal")
    assert "Iterations" in labels(form)
    screenshot("fiji-confocal.png", form)
    press(form, "Cancel")


def test_a_bead_diameter_of_nothing_is_asked_about_once(fiji, stack):
    form = choose("Distill PSF...", stack)
    type_into(form.getStringFields().get(0), "0")
    form.getChoices().get(2).select("average")
    press(form, "OK")
    question = dialog("PSF Bridge")
    press_in(question, "No")
    form = dialog("Distill PSF")
    press(form, "OK")
    wait_for(lambda: java_class("ij.WindowManager").getImage("PSF of beads.tif"), "the PSF")
    # A second PSF of the same image has a title of its own.
    press(choose("Distill PSF...", stack), "OK")
    wait_for(lambda: java_class("ij.WindowManager").getImage("PSF of beads.tif-1"), "another PSF")


def press_in(question: Any, label: str) -> None:
    """Press a button of one of ImageJ's plain questions."""

    def buttons(part: Any) -> Iterator[Any]:
        for i in range(part.getComponentCount()):
            inner = part.getComponent(i)
            if isinstance(inner, java_class("java.awt.Container")):
                yield from buttons(inner)
            elif isinstance(inner, java_class("java.awt.Button")):
                yield inner

    button = next(each for each in buttons(question) if str(each.getLabel()).strip() == label)
    event = java_class("java.awt.event.ActionEvent")
    post(event(button, event.ACTION_PERFORMED, button.getLabel()))


def test_ok_right_after_the_preview_was_ticked(fiji, stack):
    """Both read the image, and neither finds it locked by the other."""
    for _ in range(5):
        form = choose("Distill PSF...", stack)
        form.getChoices().get(2).select("average")
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


def test_a_fault_is_told_in_the_words_of_the_dialog_which_stays(fiji, stack):
    form = choose("Distill PSF...", stack)
    type_into(form.getStringFields().get(0), "wide")
    press(form, "OK")
    message = dialog("PSF Bridge")
    screenshot("fiji-fault.png", message)
    message.dispose()
    form = dialog("Distill PSF")
    assert str(form.getStringFields().get(0).getText()) == "wide"
    press(form, "Cancel")
    assert java_class("ij.WindowManager").getImageTitles().length == 1


def test_the_start_of_python_is_shown(fiji, stack):
    """A first command waits for it, a second one and more."""
    session = java_class("ij.IJ").getClassLoader().loadClass("psfbridge.Session")
    session.getMethod("end").invoke(None)
    java_class("ij.Executer")("Find Beads...", stack)
    status = java_class("ij.ImageJ").getStatusBarText
    wait_for(lambda: "starting Python" in str(status()), "a sign of the start")
    press(dialog("Find Beads"), "Cancel")


def test_no_image_is_a_dialog(fiji):
    java_class("ij.Executer")("Find Beads...", None)
    dialog("PSF Bridge").dispose()


def test_a_preset_fills_the_dialog_and_what_is_typed_goes_before(fiji, stack):
    recorder = java_class("ij.plugin.frame.Recorder")()
    form = fills_the_dialog(lambda: choose("Distill PSF...", stack))
    screenshot("fiji-preset.png", form)
    press(form, "OK")
    wait_for(lambda: java_class("ij.WindowManager").getImage("PSF of beads.tif"), "the PSF")
    recorded = 'run("Distill PSF...", "preset=[63x oil] wavelength=0.6 method=average");'
    wait_for(lambda: recorded in str(recorder.getText()), "the record")
    recorder.close()
    form = choose("Distill PSF...", stack)
    assert str(form.getStringFields().get(0).getText()) == "0.1", "the preset is still chosen"
    choose_from(form, 0, "")
    wait_for(lambda: str(form.getStringFields().get(0).getText()) == "0", "the fields as before")
    press(form, "Cancel")
