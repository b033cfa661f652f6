"""The commands in an ImageJ that Python did not give them: its own script asks a Python worker.

A Fiji cannot be had here, but what it would run can be: its Groovy runs our script, and Appose
starts the worker.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from fiji_script import filled, started
from inside_fixtures import close_all

import psfbridge as pb
from psfbridge import bridge
from psfbridge.bridge.fiji.installer import install_into
from psfbridge.bridge.java.find import java_class
from psfbridge.bridge.java.host import boot
from psfbridge.errors import BridgeError
from psfbridge.imaging.image import Image

DISTILL = 'run("Distill PSF...", "method=average size=1.5,1.3,1.3");'
SECONDS = 60
LATE = """
enum State {
    RUNNING, COMPLETE
    boolean isFinished() { this == COMPLETE }
}
class Task {
    def status = State.RUNNING, outputs = [:], error, listener
    def listen(Closure listener) { this.listener = listener }
    def start() {
        Thread.start {
            status = State.COMPLETE
            sleep(300)
            outputs.text = "late"
            listener([message: null])
        }
    }
}
class Service {
    boolean isAlive() { true }
    def task(String script, Map inputs) { new Task() }
}
new Service()
"""


@pytest.fixture(scope="session")
def host() -> Any:
    return boot("plain", memory_gib=2)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("PSF_Bridge"))


@pytest.fixture(scope="session")
def fiji(host: Any, folder: Path) -> Iterator[Any]:
    yield started(folder)
    script = java_class("ij.IJ").getProperty("psfbridge.fiji")
    if script is not None:  # Java does not end while a worker is there
        script.end()


@pytest.fixture
def macro(fiji: Any, bead_file: Path) -> Iterator[Callable[..., str]]:
    def run(text: str, argument: str = "") -> str:
        text = text.replace("BEADS", str(bead_file).replace("\\", "/"))
        return bridge.run_macro(text, argument, timeout_s=None).value

    yield run
    close_all()
    java_class("ij.IJ").resetEscape()


@pytest.fixture(scope="session")
def expected(bead_file: Path) -> Any:
    return pb.distill(pb.read_image(bead_file), method="average", size_um=(1.5, 1.3, 1.3))


def active() -> Any:
    return java_class("ij.WindowManager").getCurrentImage()


def test_started_again_it_is_the_same(fiji, folder):
    assert started(folder).equals(fiji)


def test_the_psf_is_that_of_the_command_line(macro, expected):
    macro(f'open("BEADS"); {DISTILL}')
    imp = active()
    assert str(imp.getTitle()) == "PSF of beads.tif"
    image = bridge.from_imageplus(imp)
    np.testing.assert_allclose(image.data, expected.psf.data, rtol=1e-6, atol=0)
    np.testing.assert_allclose(image.voxel_um, expected.psf.voxel_um, rtol=1e-6)
    assert imp.getDisplayRangeMax() == pytest.approx(expected.psf.data.max())
    assert imp.getSlice() == expected.psf.data.shape[0] // 2 + 1
    assert "psfbridge" in str(imp.getProperty("Info"))


def test_every_candidate_is_in_the_table(macro, expected):
    macro(f'open("BEADS"); {DISTILL}')
    table = java_class("ij.measure.ResultsTable").getResultsTable()
    assert table.size() == len(expected.beads)
    for row, bead in enumerate(expected.beads):
        assert str(table.getStringValue("status", row)) == bead.status
        assert table.getValue("z", row) == pytest.approx(bead.z, abs=1e-6)


def test_the_input_is_marked_and_otherwise_unchanged(macro, beads):
    macro('open("BEADS"); makeRectangle(10, 12, 70, 72); run("Find Beads...");')
    imp = active()
    assert str(imp.getTitle()) == "beads.tif"
    np.testing.assert_array_equal(bridge.from_imageplus(imp).data, beads.data)
    assert imp.getRoi().getBounds().width == 70
    assert not imp.isLocked()
    overlay = imp.getOverlay()
    marks = [overlay.get(i) for i in range(overlay.size())]
    assert len({str(mark.getName()) for mark in marks}) == 9
    assert {8, 9, 10} <= {mark.getPosition() for mark in marks}
    macro('run("Find Beads...");')
    assert imp.getOverlay().size() == overlay.size()


@pytest.mark.parametrize("kind", ["8-bit", "16-bit", "32-bit"])
def test_every_kind_of_pixels(macro, beads, kind):
    macro(f'open("BEADS"); run("{kind}"); {DISTILL}')
    measured = float(macro('run("PSF Bridge Extensions"); return Ext.psfGet("fwhm_x_um");'))
    assert 0.28 < measured < 0.36


class TestSelections:
    @pytest.mark.parametrize(
        ("selection", "count"),
        [
            ("makeRectangle(5, 5, 60, 30);", 2),
            ("makeOval(10, 10, 20, 20);", 1),
            ('makeSelection("point", newArray(22, 50), newArray(19, 46));', 2),
        ],
    )
    def test_only_those_beads(self, macro, selection, count):
        macro(f'open("BEADS"); {selection} run("Distill PSF...", "method=average");')
        table = java_class("ij.measure.ResultsTable").getResultsTable()
        status = [str(table.getStringValue("status", i)) for i in range(table.size())]
        assert status.count("used") == count


def test_all_channels(macro, beads):
    both = np.stack([beads.data, np.roll(beads.data, 2, axis=2)])
    bridge.to_imageplus(Image(both, beads.voxel_um, "two")).show()
    shift = macro(
        'run("Distill PSF...", "channel=all method=average"); run("PSF Bridge Extensions"); '
        'return Ext.psfGet("shift_x_nm_2");'
    )
    assert float(shift) == pytest.approx(200, abs=2)
    assert [active().getNChannels(), active().isComposite()] == [2, True]


def test_values_back_and_deconvolution(macro):
    value = macro(
        'run("PSF Bridge Extensions"); open("BEADS"); psf = ""; sharp = ""; used = 0; found = 0;'
        "Ext.psfFindBeads(used, found); d = 0.1;"
        'run("Distill PSF...", "method=average bead_diameter=&d"); selectImage("beads.tif"); '
        'few = 5; Ext.psfDeconvolve(sharp, "psf=[PSF of beads.tif] iterations=&few engine=cpu"); '
        'return sharp + "|" + used + "|" + Ext.psfGet("method") + "|" + getTitle();'
    )
    assert value == "Deconvolved beads.tif|9|average|Deconvolved beads.tif"


FAILURES = [
    ('run("Distill PSF...");', "ImageError: no image is open"),
    ('newImage("c", "RGB", 9, 9, 3); run("Distill PSF...");', "ImageError: c is RGB"),
    ('newImage("p", "16-bit", 9, 9, 3); run("Find Beads...");', "ImageError: p has no voxel size"),
    (
        'open("BEADS"); run("Distill PSF...", "bead_diametre=0.1");',
        "OptionError: unknown option bead_diametre: did you mean bead_diameter",
    ),
    ('open("BEADS"); run("Find Beads...", "channel=2");', "ImageError: beads.tif has no channel 2"),
    (
        'open("BEADS"); makeRectangle(0, 0, 5, 5); run("Find Beads...");',
        "NoBeadsError: no bead inside the selection of beads.tif",
    ),
    (
        'open("BEADS"); run("Deconvolve with PSF...", "psf=[no such]");',
        "OptionError: psf is 'no such': no image of this title is open",
    ),
    ('run("PSF Bridge Extensions"); Ext.psfGet("nonsense");', "nonsense"),
]


@pytest.mark.parametrize(("text", "words"), FAILURES)
def test_a_failure_is_one_line_and_imagej_goes_on(macro, text, words):
    with pytest.raises(BridgeError) as raised:
        macro(text)
    assert words in str(raised.value)
    assert "Traceback" not in str(raised.value)
    assert macro('return "goes on";') == "goes on"


def test_a_locked_image_is_said(macro):
    macro('open("BEADS");')
    imp = active()
    holder = threading.Thread(target=imp.lockSilently)
    holder.start()
    holder.join()
    with pytest.raises(BridgeError, match=r"beads\.tif is locked"):
        macro('run("Find Beads...");')
    imp.unlock()


def test_escape_ends_the_work(macro, tmp_path):
    """Joint distillation takes far longer than this test may."""
    ij = java_class("ij.IJ")
    timer = threading.Timer(1.5, lambda: ij.setKeyDown(27))
    timer.start()
    start = time.monotonic()
    with pytest.raises(BridgeError, match=r"cancelled by Escape|macro"):
        macro('open("BEADS"); run("Distill PSF...", "method=joint"); return "not reached";')
    assert time.monotonic() - start < SECONDS
    assert java_class("ij.WindowManager").getImageTitles().length <= 1
    ij.resetEscape()
    assert macro(f'open("BEADS"); {DISTILL} return getTitle();') == "PSF of beads.tif"


def test_a_python_that_cannot_is_one_line(macro, fiji, folder):
    fiji.end()
    python = folder / "python.txt"
    try:
        python.write_text("/no/such/python", encoding="utf-8")
        broken = started(folder)
        with pytest.raises(BridgeError, match="there is no Python at /no/such/python"):
            macro('open("BEADS"); run("Find Beads...");')
        broken.end()
    finally:
        python.write_text(sys.executable, encoding="utf-8")
        started(folder)
    assert macro('open("BEADS"); run("Find Beads..."); return getTitle();') == "beads.tif"


def test_a_python_without_psfbridge_is_one_line(macro, fiji, folder, tmp_path, monkeypatch):
    started(folder).end()
    alone = tmp_path / "python"
    alone.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n', encoding="utf-8")
    alone.chmod(0o755)
    python = folder / "python.txt"
    try:
        python.write_text(str(alone), encoding="utf-8")
        broken = started(folder)
        # psfbridge is found beside the tests, but nothing that it needs.
        missing = "ModuleNotFoundError: No module named 'numpy'. It needs psfbridge and appose"
        with pytest.raises(BridgeError, match=re.escape(missing)):
            macro('open("BEADS"); run("Find Beads...");')
        broken.end()
    finally:
        python.write_text(sys.executable, encoding="utf-8")
        started(folder)


def test_a_worker_that_died_before_it_was_asked_is_one_line(macro, folder):
    """Appose tells its tasks of the end of the process; this one comes after that."""
    script = started(folder)
    macro('open("BEADS"); run("Find Beads...");')
    worker = script.getWorker()
    service = worker.getClass().getDeclaredField("service")
    service.setAccessible(True)
    dead = service.get(worker)
    dead.kill()
    dead.waitFor()
    task = dead.task("1")
    latch = java_class("java.util.concurrent.CountDownLatch")
    wait = worker.getClass().getDeclaredMethod("await", java_class("java.lang.Object"), latch)
    wait.setAccessible(True)
    wait.invoke(worker, task, latch(1))


def test_outputs_that_come_after_the_end_are_waited_for(fiji, folder):
    """Appose says that a task is complete, and puts its outputs there a moment later."""
    worker = started(folder).getWorker()
    service = worker.getClass().getDeclaredField("service")
    service.setAccessible(True)
    before = service.get(worker)
    service.set(worker, java_class("groovy.lang.GroovyShell")().evaluate(LATE))
    try:
        outputs = worker.ask("anything", java_class("java.util.HashMap")(), None)
        assert str(outputs.get("text")) == "late"
    finally:
        service.set(worker, before)


def test_a_worker_that_dies_is_one_line_and_another_comes(macro, folder):
    started(folder)
    macro('open("BEADS"); run("Find Beads...");')
    workers = psutil.Process().children(recursive=True)
    timer = threading.Timer(1.5, lambda: [process.kill() for process in workers])
    timer.start()
    with pytest.raises(BridgeError, match="crashed with exit code"):
        macro('open("BEADS"); run("Distill PSF...", "method=joint");')
    assert macro('open("BEADS"); run("Find Beads..."); return getTitle();') == "beads.tif"


def test_an_image_that_was_closed_is_said(macro):
    macro('open("BEADS");')
    active().flush()  # as a window does when it is closed
    with pytest.raises(BridgeError, match=r"ImageError: beads\.tif was closed"):
        macro('run("Distill PSF...", "method=average");')
    assert macro('return "goes on";') == "goes on"


def test_an_image_closed_during_the_work_still_gives_its_psf(macro):
    macro('open("BEADS"); run("Find Beads...");')
    imp = active()

    def close() -> None:
        imp.close()
        imp.flush()  # as a window does

    timer = threading.Timer(0.7, close)
    timer.start()
    assert macro('run("Distill PSF...", "method=joint"); return getTitle();') == "PSF of beads.tif"
    assert imp.getProcessor() is None


def test_what_install_fiji_writes_runs_there(macro, folder, tmp_path):
    for name in ("jars", "plugins"):
        (tmp_path / name).mkdir()
    install_into(tmp_path)
    java_class("java.lang.System").setProperty("imagej.dir", str(tmp_path))
    menu = tmp_path / "scripts" / "Plugins" / "PSF_Bridge"

    def chosen(name: str) -> None:
        file = java_class("java.io.File")(str(menu / name))
        java_class("groovy.lang.GroovyShell")().evaluate(file)

    started(folder).end()
    try:
        chosen("Start_PSF_Bridge.groovy")
        assert macro('open("BEADS"); run("Find Beads..."); return getTitle();') == "beads.tif"
        with pytest.raises(Exception, match=r"Distill PSF\.\.\. opens a dialog.*no window"):
            chosen("Distill_PSF....groovy")
    finally:
        java_class("ij.IJ").getProperty("psfbridge.fiji").end()
        started(folder)


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="shared memory is not in a folder")
def test_no_shared_memory_is_left(macro):
    before = set(Path("/dev/shm").iterdir())
    macro(f'open("BEADS"); {DISTILL}')
    with pytest.raises(BridgeError):
        macro('open("BEADS"); makeRectangle(0, 0, 5, 5); run("Find Beads...");')
    assert set(Path("/dev/shm").iterdir()) <= before


def test_python_in_the_same_process_goes_before(macro):
    """Whoever installs the commands from Python gets no second process."""
    bridge.install()
    try:
        assert java_class("ij.IJ").getProperty("psfbridge.fiji") is None
        assert macro('open("BEADS"); run("Find Beads..."); return getTitle();') == "beads.tif"
    finally:
        bridge.uninstall()
