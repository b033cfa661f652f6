"""The plug-in in an ImageJ to which Python gave no commands: it asks a Python worker of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import scyjava
from fiji_folder import filled
from inside_fixtures import active, assert_same_psf, close_all, statuses, take_away

import psfbridge as pb
from psfbridge import bridge
from psfbridge.bridge.java.find import java_class
from psfbridge.bridge.java.host import boot
from psfbridge.errors import BridgeError
from psfbridge.imaging.image import Image

DISTILL = 'run("Distill PSF...", "method=average size=1.5,1.3,1.3");'
SECONDS = 60


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("ImageJ"))


@pytest.fixture(scope="session")
def fiji(folder: Path) -> Iterator[Any]:
    """An ImageJ with the plug-in: what ends its Python."""
    scyjava.config.add_options(f"-Dplugins.dir={folder}")
    # Without a window ImageJ's patched classes look for plug-ins on the class path, as in Fiji.
    scyjava.config.add_classpath(str(folder / "plugins" / "PSF_Bridge.jar"))
    boot("plain", memory_gib=2)
    session = java_class("psfbridge.Session")
    yield session
    session.end()


@pytest.fixture
def macro(fiji: Any, bead_file: Path) -> Iterator[Callable[..., str]]:
    def run(text: str, argument: str = "") -> str:
        text = text.replace("BEADS", str(bead_file).replace("\\", "/"))
        return bridge.run_macro(text, argument, timeout_s=None).value

    yield run
    close_all()
    java_class("ij.IJ").resetEscape()


def test_the_psf_is_that_of_the_command_line(macro, expected):
    macro(f'open("BEADS"); {DISTILL}')
    imp = active()
    assert_same_psf(imp, expected)
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


def test_a_bead_whose_mark_was_taken_away_is_left_out(macro):
    macro('open("BEADS"); run("Find Beads...");')
    take_away("PSF Bridge 4 ")
    macro('run("Find Beads...");')
    assert [statuses()[4], statuses().count("used")] == ["rejected", 8]
    macro(f'{DISTILL} close(); run("Remove Overlay"); run("Find Beads...");')
    assert statuses().count("used") == 9, "without marks everything begins anew"


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


def test_pages_and_versions_back(macro):
    report, page, version, python = macro(
        'run("PSF Bridge Extensions"); open("BEADS"); report = ""; page = ""; version = ""; '
        f'python = ""; {DISTILL} Ext.psfReport(report); Ext.psfHelp(page); '
        'Ext.psfAbout(version, python); return report + "|" + page + "|" + version + "|" + python;'
    ).split("|")
    assert Path(report).is_file()
    assert Path(page).is_file()
    assert [version, python] == [pb.__version__, sys.executable]


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
        "NoBeadsError: no bead within the selection on beads.tif",
    ),
    (
        'open("BEADS"); run("Deconvolve with PSF...", "psf=[no such]");',
        "OptionError: psf is 'no such', which is neither the title of an open image",
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
    with pytest.raises(BridgeError, match=r"cancelled by Escape|macro"):
        macro('open("BEADS"); run("Distill PSF...", "method=joint"); return "not reached";')
    assert java_class("ij.WindowManager").getImageTitles().length <= 1
    ij.resetEscape()
    assert macro(f'open("BEADS"); {DISTILL} return getTitle();') == "PSF of beads.tif"


@pytest.fixture
def python_is(fiji: Any, folder: Path) -> Iterator[Callable[[str], None]]:
    """Name another Python to the plug-in."""
    named = folder / "plugins" / "PSF_Bridge" / "python.txt"

    def name(text: str) -> None:
        fiji.end()
        named.write_text(text, encoding="utf-8")

    yield name
    name(sys.executable)


FIND = 'open("BEADS"); run("Find Beads..."); return getTitle();'


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_a_python_that_is_not_there_is_one_line(macro, python_is):
    python_is("/no/such/python")
    with pytest.raises(BridgeError, match="Python was not found at /no/such/python"):
        macro(FIND)
    python_is(sys.executable)
    assert macro(FIND) == "beads.tif"


def test_a_python_without_numpy_says_what_it_lacks(macro, python_is, tmp_path):
    python_is(script(tmp_path / "python", f'exec {sys.executable} -S "$@"'))
    missing = (
        "ModuleNotFoundError: No module named '(numpy|appose)'.* It needs psfbridge and appose"
    )
    with pytest.raises(BridgeError, match=missing):
        macro(FIND)


def test_a_python_that_never_answers_is_ended(macro, python_is, tmp_path):
    java_class("java.lang.System").setProperty("psfbridge.start.seconds", "2")
    python_is(script(tmp_path / "python", "exec sleep 600"))
    said = "did not respond for 2 s during greet and was terminated"
    with pytest.raises(BridgeError, match=said):
        macro(FIND)
    java_class("java.lang.System").clearProperty("psfbridge.start.seconds")
    left = [child for child in psutil.Process().children() if child.name() == "sleep"]
    assert not psutil.wait_procs(left, timeout=30)[1]


def test_what_python_writes_to_stderr_is_shown(macro, python_is, tmp_path):
    python_is(script(tmp_path / "python", f'echo "one remark" >&2; exec {sys.executable} "$@"'))
    result = bridge.run_macro('run("PSF Bridge Extensions");', timeout_s=None)
    assert "PSF Bridge, Python: one remark" in result.output


def test_a_worker_that_dies_is_one_line_and_another_comes(macro):
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


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="shared memory is not in a folder")
def test_no_shared_memory_is_left(macro):
    before = shared()
    macro(f'open("BEADS"); {DISTILL}')
    with pytest.raises(BridgeError):
        macro('open("BEADS"); makeRectangle(0, 0, 5, 5); run("Find Beads...");')
    assert shared() <= before


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="shared memory is not in a folder")
def test_a_hundred_calls_leave_no_shared_memory_and_one_python(macro):
    before = shared()
    macro('open("BEADS"); for (i = 0; i < 100; i++) run("Measure PSF...");')
    assert shared() <= before
    assert len(workers()) == 1


def test_what_a_killed_imagej_left_is_swept(macro, fiji, tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    left = Path("/dev/shm") / f"psfb_{dead.pid}_1"
    left.write_bytes(b"x")
    fiji.end()
    macro(FIND)
    assert not left.exists()


def test_python_in_the_same_process_goes_before(macro, fiji):
    """Whoever installs the commands from Python gets no second process."""
    fiji.end()
    bridge.install()
    try:
        assert macro(FIND) == "beads.tif"
        assert macro('run("Start PSF Bridge"); return "accepted";') == "accepted"
        assert not workers()
    finally:
        bridge.uninstall()


def shared() -> set[Path]:
    """Return the shared memory of this process and its Python; others have their own."""
    return {*Path("/dev/shm").glob("psm_*"), *Path("/dev/shm").glob(f"psfb_{os.getpid()}_*")}


def workers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "psfbridge" in " ".join(child.cmdline())]
