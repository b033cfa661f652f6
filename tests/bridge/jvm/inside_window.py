"""ImageJ with its window: menu, dialog, preview, recorder, overlay, Escape, errors.

A screenshot of the whole is kept where PSFBRIDGE_SCREENSHOTS says, for a person to look at.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from inside_fixtures import close_windows

from psfbridge import bridge
from psfbridge.bridge.commands.registry import COMMANDS
from psfbridge.bridge.imagej.menus import MENU
from psfbridge.bridge.java.find import implemented, java_class
from psfbridge.bridge.java.session import session
from psfbridge.errors import BridgeError, OptionError

# Nothing here takes a tenth of that, unless others use the machine too.
SECONDS = 100


@pytest.fixture(scope="module")
def window() -> Any:
    host = bridge.start("plain", mode="gui", memory_gib=2)
    assert not host.headless
    return java_class("ij.IJ")


@pytest.fixture
def stack(window, beads) -> Iterator[Any]:
    for name in COMMANDS:
        session.kept.pop(f"dialog of {name}", None)  # what an earlier test typed
    session.kept["confirmed"] = {"bead_diameter"}
    imp = bridge.to_imageplus(beads)
    imp.show()
    yield imp
    close_windows()


def wait_for(what: Callable[[], Any], name: str) -> Any:
    """Wait until `what` gives something."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    screenshot("timed-out.png")
    raise AssertionError(f"{name} did not come within {SECONDS} s")


def dialog(title: str) -> Any:
    def showing() -> Any:
        windows = java_class("java.awt.Window").getWindows()
        dialogs = [w for w in windows if isinstance(w, java_class("java.awt.Dialog"))]
        return next((w for w in dialogs if w.isShowing() and str(w.getTitle()) == title), None)

    return wait_for(showing, f"the dialog {title}")


def menu_item(name: str) -> Any:
    bar = java_class("ij.Menus").getMenuBar()
    menus = [bar.getMenu(i) for i in range(bar.getMenuCount())]
    plugins = next(menu for menu in menus if str(menu.getLabel()) == "Plugins")
    ours = [plugins.getItem(i) for i in range(plugins.getItemCount())]
    ours = [item for item in ours if str(item.getLabel()) == MENU]
    assert len(ours) == 1, f"Plugins has {len(ours)} entries {MENU}"
    items = [ours[0].getItem(i) for i in range(ours[0].getItemCount())]
    return next(item for item in items if str(item.getLabel()) == name)


def choose(name: str) -> None:
    """Choose a command from the menu as a click does."""
    item = menu_item(name)
    event = java_class("java.awt.event.ActionEvent")(item, 1001, name)
    java_class("ij.IJ").getInstance().actionPerformed(event)


def post(event: Any) -> None:
    """Give an event to the thread that handles those of people."""
    java_class("java.awt.Toolkit").getDefaultToolkit().getSystemEventQueue().postEvent(event)


def tick(box: Any) -> None:
    """Tick a box as a click does; mouse clicks get lost where there is no window manager."""
    box.setState(True)
    event = java_class("java.awt.event.ItemEvent")
    post(event(box, event.ITEM_STATE_CHANGED, box.getLabel(), event.SELECTED))


def type_into(field: Any, text: str) -> None:
    """Fill a field on the thread that draws it: another might wait for that one, and it for us."""
    fill = implemented("java.lang.Runnable", run=lambda: field.setText(text))
    java_class("java.awt.EventQueue").invokeAndWait(fill)


def press(form: Any, label: str) -> None:
    buttons = [button for button in form.getButtons() if button is not None]
    button = next(button for button in buttons if str(button.getLabel()).strip() == label)
    event = java_class("java.awt.event.ActionEvent")
    post(event(button, event.ACTION_PERFORMED, button.getLabel()))
    wait_for(lambda: not form.isShowing(), f"the end of the dialog after {label}")


def screenshot(name: str, of: Any = None) -> None:
    """Keep a picture of the whole display, or of the part that a window covers."""
    folder = os.environ.get("PSFBRIDGE_SCREENSHOTS")
    if folder and shutil.which("import"):
        time.sleep(0.5)
        box = None if of is None else of.getBounds()
        part = [] if box is None else ["-crop", f"{box.width}x{box.height}+{box.x}+{box.y}"]
        words = ["import", "-window", "root", *part, "+repage", str(Path(folder) / name)]
        subprocess.run(words, check=True)


def test_the_menu_has_every_command(window):
    for name in ("Find Beads...", "Distill PSF...", "Measure PSF...", "Deconvolve with PSF..."):
        assert menu_item(name).isEnabled()
        assert java_class("ij.Menus").getCommands().containsKey(name)


def test_a_person_distils(window, stack):
    """Dialog, preview, OK, recorder, PSF, table and overlay, in the order in which they come."""
    recorder = java_class("ij.plugin.frame.Recorder")()
    choose("Distill PSF...")
    form = dialog("Distill PSF")
    box = form.getCheckboxes().lastElement()
    tick(box)
    overlay = wait_for(stack.getOverlay, "the preview")
    assert str(overlay.get(0).getName()).startswith("PSF Bridge")
    type_into(form.getStringFields().get(0), "0.1")
    form.getChoices().get(1).select("average")
    screenshot("dialog.png")
    press(form, "OK")
    psf = wait_for(lambda: java_class("ij.WindowManager").getImage("PSF of beads.tif"), "the PSF")
    recorded = 'run("Distill PSF...", "bead_diameter=0.1 method=average");'
    wait_for(lambda: recorded in str(recorder.getText()), "the record")
    assert java_class("ij.WindowManager").getWindow("Profiles of PSF of beads.tif") is not None
    results = java_class("ij.measure.ResultsTable").getResultsTable()
    assert results.columnExists("fwhm_x_um")
    assert psf.getBitDepth() == 32
    table = java_class("ij.measure.ResultsTable").getResultsTable("Beads of beads.tif")
    assert table.size() >= 9
    assert stack.getOverlay().size() >= 9
    stack.setSlice(9)
    screenshot("result.png")
    recorder.close()


def choose_from(form: Any, number: int, word: str) -> None:
    """Choose from a list as a click does."""
    choice = form.getChoices().get(number)
    choice.select(word)
    event = java_class("java.awt.event.ItemEvent")
    post(event(choice, event.ITEM_STATE_CHANGED, word, event.SELECTED))


def labels(form: Any) -> list[str]:
    """Return the words that are shown in a dialog, in order."""
    parts = [form.getComponent(i) for i in range(form.getComponentCount())]
    shown = [part for part in parts if part.isVisible()]
    words = [part.getLabel() if hasattr(part, "getLabel") else "" for part in shown]
    words = [
        part.getText() if isinstance(part, java_class("java.awt.Label")) else word
        for part, word in zip(shown, words, strict=True)
    ]
    return [str(word).strip().rstrip(":") for word in words if word]


def click_on_row(title: str, row: int) -> None:
    """Click on a row of a table."""
    panel = java_class("ij.WindowManager").getWindow(title).getTextPanel()
    panel.setSelection(row, row)
    canvas, mouse = panel.getComponent(0), java_class("java.awt.event.MouseEvent")
    post(mouse(canvas, mouse.MOUSE_RELEASED, 0, 0, 5, 5, 1, False))


def shows_the_bead_of(stack: Any, row: int) -> None:
    """Click on a row of the bead table, and see its bead on the image."""
    table = java_class("ij.measure.ResultsTable").getResultsTable("Beads of beads.tif")
    click_on_row("Beads of beads.tif", row)
    right = table.getValue("x", row) + 0.5

    def chosen() -> bool:
        circle = stack.getOverlay().get("PSF Bridge chosen")
        return circle is not None and abs(circle.getBounds().getCenterX() - right) <= 1

    wait_for(chosen, "the circle around the bead")
    assert stack.getSlice() == table.getValue("slice", row)


def fills_the_dialog(open_dialog: Callable[[], Any]) -> Any:
    """Choose a preset, change one of its values, and return what was typed over: "0.6"."""
    form = open_dialog()
    assert labels(form)[0] == "Microscope preset"
    choose_from(form, 0, "63x oil")
    texts = form.getStringFields()
    wait_for(lambda: str(texts.get(0).getText()) == "0.1", "the bead diameter of the preset")
    kind = form.getChoices().get(1)
    wait_for(lambda: str(kind.getSelectedItem()) == "confocal", "the kind of microscope")
    wait_for(lambda: "Pinhole diameter (Airy units)" in labels(form), "the pinhole")
    wait_for(lambda: "0.52" in [str(each.getText()) for each in texts], "the wavelength")
    type_into(next(each for each in texts if str(each.getText()) == "0.52"), "0.6")
    form.getChoices().get(2).select("average")
    return form


def test_a_preset_fills_the_dialog_and_what_is_typed_goes_before(window, stack, presets):
    recorder = java_class("ij.plugin.frame.Recorder")()

    def opened() -> Any:
        choose("Distill PSF...")
        return dialog("Distill PSF")

    press(fills_the_dialog(opened), "OK")
    wait_for(lambda: java_class("ij.WindowManager").getImage("PSF of beads.tif"), "the PSF")
    recorded = 'run("Distill PSF...", "preset=[63x oil] wavelength=0.6 method=average");'
    wait_for(lambda: recorded in str(recorder.getText()), "the record")
    recorder.close()
    form = opened()
    assert str(form.getStringFields().get(0).getText()) == "0.1", "the preset is still chosen"
    choose_from(form, 0, "")
    wait_for(lambda: str(form.getStringFields().get(0).getText()) == "0", "the fields as before")
    press(form, "Cancel")


def test_a_click_on_a_row_shows_the_bead(window, stack):
    for _ in range(2):  # the window of the first run is used again
        bridge.run_macro('run("Find Beads...");')
        shows_the_bead_of(stack, 3)
    shows_the_bead_of(stack, 5)
    overlay = stack.getOverlay()
    names = [str(overlay.get(i).getName()) for i in range(overlay.size())]
    assert names.count("PSF Bridge chosen") == 1


def test_what_was_recorded_runs_as_a_macro(window, stack):
    value = bridge.run_macro(
        'run("Distill PSF...", "bead_diameter=0.1 method=average"); return getTitle();'
    ).value
    assert value == "PSF of beads.tif"


def test_cancel_leaves_everything_as_it_was(window, stack):
    choose("Find Beads...")
    form = dialog("Find Beads")
    tick(form.getCheckboxes().lastElement())
    wait_for(stack.getOverlay, "the preview")
    press(form, "Cancel")
    # The dialog closes in a thread of its own, and puts the image back after that.
    wait_for(
        lambda: stack.getOverlay() is None and not stack.isLocked(), "the image as it was before"
    )


def test_a_fault_after_the_menu_is_a_dialog(window, stack):
    choose("Distill PSF...")
    form = dialog("Distill PSF")
    type_into(form.getStringFields().get(0), "wide")
    press(form, "OK")
    message = dialog("PSF Bridge")
    screenshot("fault.png")
    message.dispose()
    form = dialog("Distill PSF")
    assert str(form.getStringFields().get(0).getText()) == "wide", "the dialog stays"
    press(form, "Cancel")
    assert java_class("ij.WindowManager").getImage("PSF of beads.tif") is None


def test_no_image_is_a_dialog(window):
    choose("Measure PSF...")
    dialog("PSF Bridge").dispose()


@pytest.fixture
def slow(monkeypatch):
    """A distillation that lasts until it is cancelled, and says when it began and ended."""
    import psfbridge as pb

    began, ended = threading.Event(), threading.Event()

    def distill(image, *, progress, **options):
        began.set()
        try:
            for step in range(10 * SECONDS):
                progress("waiting for Escape", step, 10 * SECONDS)
                time.sleep(0.1)
        finally:
            ended.set()

    monkeypatch.setattr(pb, "distill", distill, raising=False)
    return began, ended


def escape(imp: Any, ended: threading.Event) -> None:
    """Press the key on the image's window until the work has ended, as a person would."""
    # There is no window manager here: what a click on the window would do, xdotool does.
    search = ("search", "--onlyvisible", "--name", f"^{imp.getTitle()}", "windowfocus")

    def done() -> bool:
        subprocess.run(["xdotool", *search], check=True)
        imp.getCanvas().requestFocus()
        time.sleep(0.2)
        subprocess.run(["xdotool", "key", "Escape"], check=True)
        return ended.wait(1)

    wait_for(done, "the end of the work")


def test_escape_ends_what_the_menu_began(window, stack, slow):
    began, ended = slow
    choose("Distill PSF...")
    press(dialog("Distill PSF"), "OK")
    assert began.wait(SECONDS)
    escape(stack, ended)
    time.sleep(0.3)
    assert java_class("ij.WindowManager").getImageTitles().length == 1
    assert not window.escapePressed()


def test_other_commands_run_meanwhile(window, stack, slow):
    began, ended = slow
    choose("Distill PSF...")
    press(dialog("Distill PSF"), "OK")
    assert began.wait(SECONDS)
    window.doCommand("Invert LUT")
    wait_for(stack.isInvertedLut, "the inverted table")
    assert not ended.is_set()
    escape(stack, ended)


def test_escape_ends_a_macro(window, stack, slow):
    began, ended = slow
    seen: list[Exception] = []

    def run() -> None:
        try:
            bridge.run_macro('run("Distill PSF..."); return "not reached";', timeout_s=None)
        except Exception as fault:
            seen.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    assert began.wait(SECONDS)
    escape(stack, ended)
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert "cancelled by Escape" in str(seen[0])
    assert bridge.run_macro('return "goes on";').value == "goes on"


@pytest.mark.parametrize("after", [True, False])
def test_an_image_whose_window_is_closed_still_gives_its_psf(window, stack, monkeypatch, after):
    import psfbridge as pb

    real = pb.distill

    def distill(image: Any, **options: Any) -> Any:
        stack.changes = False
        if not after:
            stack.getWindow().close()
        result = real(image, **options)
        if after:
            stack.getWindow().close()
        return result

    monkeypatch.setattr(pb, "distill", distill, raising=False)
    text = 'run("Distill PSF...", "method=average"); return getTitle();'
    assert bridge.run_macro(text).value == "PSF of beads.tif"
    assert stack.getProcessor() is None
    assert "beads.tif was closed in the meantime" in str(window.getLog())
    table = java_class("ij.measure.ResultsTable").getResultsTable("Beads of beads.tif")
    assert table.size() >= 9


def test_a_fault_in_a_macro_is_one_line(window, stack):
    with pytest.raises(OptionError, match="unknown option bead_diametre") as raised:
        bridge.run_macro('run("Distill PSF...", "bead_diametre=0.1");')
    assert "\n" not in str(raised.value)
    with pytest.raises(BridgeError, match="Undefined identifier"):
        bridge.run_macro("y = foo(2);")
    assert bridge.run_macro('return "goes on";').value == "goes on"


def test_what_a_macro_logs_is_passed_on_though_the_log_is_a_window(window, stack):
    assert bridge.run_macro('print("before");').output == "before\n"
    result = bridge.run_macro('print("said"); run("Find Beads..."); return "value";')
    assert result.output.splitlines() == ["said", "Find Beads: beads.tif: 9 found: 9 used"]


def test_an_error_in_a_macro_that_was_run_is_not_lost(window):
    with pytest.raises(BridgeError, match="a macro called by this one: Undefined variable in line"):
        bridge.run_macro('x = eval("foo bar;"); return x;')


DIALOGS = [
    'Dialog.create("D"); Dialog.addNumber("n", 1); Dialog.show();',
    'waitForUser("Click", "on it");',
    'showMessage("Read this");',
]


@pytest.mark.parametrize("opened", DIALOGS)
def test_a_macro_that_waits_for_a_person_is_stopped_with_its_dialog(window, tmp_path, opened):
    mark = tmp_path / "reached"
    with pytest.raises(BridgeError, match="no activity for 2 s"):
        bridge.run_macro(f'{opened} File.saveString("", getArgument());', str(mark), timeout_s=2)
    assert not any(
        each.isShowing()
        for each in java_class("java.awt.Window").getWindows()
        if isinstance(each, java_class("java.awt.Dialog"))
    )
    assert not mark.exists()
    assert bridge.run_macro('return "goes on";').value == "goes on"


def test_uninstalled_from_the_menu(window):
    bridge.uninstall()
    with pytest.raises(AssertionError, match="0 entries"):
        menu_item("Find Beads...")
    assert not java_class("ij.Menus").getCommands().containsKey("Find Beads...")
    bridge.install()
    menu_item("Find Beads...")
