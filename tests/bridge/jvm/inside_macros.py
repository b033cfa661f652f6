"""Macros run to their end: values, extensions, and every way to fail in one line."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import psfbridge as pb
from psfbridge import bridge
from psfbridge.bridge.commands import inputs
from psfbridge.bridge.java.find import implemented, java_class
from psfbridge.errors import BridgeError, Cancelled, ImageError, OptionError, OutputError, PSFError

# macro, error, what its line says
FAILURES = [
    ('run("Distill PSF...");', ImageError, "no image is open"),
    ('newImage("c", "RGB", 9, 9, 3); run("Distill PSF...");', ImageError, "c is RGB"),
    ('newImage("p", "16-bit", 9, 9, 3); run("Find Beads...");', ImageError, "p has no voxel size"),
    (
        'newImage("b", "8-bit black", 32, 32, 9); run("Find Beads...", "voxel=1,1,1");',
        ImageError,
        "b contains nothing but the value 0",
    ),
    (
        'open("BEADS"); run("Distill PSF...", "bead_diametre=0.1");',
        OptionError,
        "unknown option bead_diametre: did you mean bead_diameter",
    ),
    (
        'open("BEADS"); run("Distill PSF...", "bead_diameter=wide");',
        OptionError,
        "bead_diameter is 'wide'",
    ),
    (
        'open("BEADS"); run("Distill PSF...", "bead_diameter=-1");',
        OptionError,
        "bead_diameter is -1",
    ),
    ('open("BEADS"); run("Distill PSF...", "size=1,1");', OptionError, "size is '1,1'"),
    ('open("BEADS"); run("Distill PSF...", "method=best");', OptionError, "method is 'best'"),
    ('open("BEADS"); run("Distill PSF...", "na=1.4");', OptionError, "optics are incomplete"),
    ('open("BEADS"); run("Distill PSF...", "na");', OptionError, "na has no value"),
    ('open("BEADS"); run("Distill PSF...", "error=yes");', OptionError, "error is a flag"),
    ('open("BEADS"); run("Distill PSF...", "na=1.4 na=1.3");', OptionError, "na is given twice"),
    ('open("BEADS"); run("Distill PSF...", "report=[no end");', OptionError, "no closing ]"),
    ('open("BEADS"); run("Distill PSF...", "=3");', OptionError, "cannot read '=3'"),
    ('open("BEADS"); run("Distill PSF...", "json=/no/such/x.json");', OutputError, "cannot write"),
    ('open("BEADS"); run("Find Beads...", "voxel=0,1,1");', OptionError, "voxel is 0 1 1"),
    ('open("/no/such.tif"); run("Find Beads...");', ImageError, "File not found: /no/such.tif"),
    ('open("/no/such.tif");', BridgeError, "File not found: /no/such.tif"),
    ('run("No Such Command...");', BridgeError, "Unrecognized command"),
    ("x = 1;\ny = foo(2);", BridgeError, "line 2 of the macro: Undefined"),
    ("x = 1;\ny = foo(2);\nz = 3;\n", BridgeError, "line 2 of the macro: Undefined"),
    (
        'run("Image Sequence...", "dir=/nonexist"); return "went on";',
        BridgeError,
        "a command of the macro failed inside ImageJ: java.lang.IndexOutOfBoundsException",
    ),
    (
        'run("Set Measurements..."); return "went on";',
        BridgeError,
        "a command of the macro opens a dialog, which needs a window",
    ),
    (
        'open("BEADS"); run("Find Beads..."); n = Table.size("Beads of beads.tif");',
        BridgeError,
        "table not found. Without a window, tables have no titles",
    ),
    ('exit("these words");', BridgeError, "the macro stopped: these words"),
    ('waitForUser("Click");', BridgeError, "opens a dialog, which needs a window"),
    (
        'Dialog.create("D"); Dialog.addNumber("n", 1); Dialog.show();',
        BridgeError,
        "opens a dialog, which needs a window",
    ),
    ('open("BEADS"); run("Deconvolve with PSF...");', OptionError, "psf is missing"),
    (
        'open("BEADS"); run("Deconvolve with PSF...", "psf=[no such]");',
        OptionError,
        "psf is 'no such', which is neither the title of an open image",
    ),
    (
        'open("BEADS"); run("Deconvolve with PSF...", "psf=beads.tif");',
        PSFError,
        "beads.tif contains .* bright spots; a PSF has one",
    ),
    (
        'run("PSF Bridge Extensions"); Ext.psfGet("nonsense");',
        pb.errors.PsfBridgeError,
        "nonsense|yet",
    ),
    (
        'run("PSF Bridge Extensions"); t = ""; Ext.psfDistill(t, "methdo=x");',
        pb.errors.PsfBridgeError,
        "unknown option methdo|no image",
    ),
]


@pytest.mark.parametrize(("text", "error", "words"), FAILURES)
def test_a_failure_is_one_line_and_imagej_goes_on(macro, text, error, words):
    with pytest.raises(error, match=words) as raised:
        macro(text)
    assert "\n" not in str(raised.value)
    assert macro('return "goes on";') == "goes on"


def test_a_macro_stops_where_it_fails(macro, tmp_path):
    mark = tmp_path / "reached"
    with pytest.raises(OptionError):
        macro(
            'open("BEADS"); run("Find Beads...", "bad=1"); File.saveString("", getArgument());',
            str(mark),
        )
    assert not mark.exists()


def test_a_macro_stops_where_an_extension_fails(macro, tmp_path):
    mark = tmp_path / "reached"
    with pytest.raises(OptionError):
        macro(
            'open("BEADS"); run("PSF Bridge Extensions"); t = ""; Ext.psfDistill(t, "bad=1");'
            'File.saveString("", getArgument());',
            str(mark),
        )
    assert not mark.exists()


INNER_FAILURES = [
    ("run('Find Beads...', 'bad=1');", OptionError),
    ("run('PSF Bridge Extensions'); t = ''; Ext.psfDistill(t, 'bad=1');", OptionError),
]


@pytest.mark.parametrize(("inner", "error"), INNER_FAILURES)
def test_the_macro_that_ran_the_failing_one_stops_too(macro, tmp_path, inner, error):
    mark = tmp_path / "reached"
    file = tmp_path / "inner.ijm"
    file.write_text(inner)
    for call in (f'runMacro("{file.as_posix()}")', f'eval("{inner}")'):
        with pytest.raises(error, match="unknown option bad"):
            macro(f'open("BEADS"); {call}; File.saveString("", getArgument());', str(mark))
        assert not mark.exists()
    assert macro('return "goes on";') == "goes on"


def test_an_error_in_a_macro_that_was_run_is_not_lost(macro):
    with pytest.raises(BridgeError, match="a macro called by this one: Undefined variable in line"):
        macro('x = eval("foo bar;"); return x;')


def test_a_failure_after_an_error_in_a_macro_that_was_run(macro, tmp_path):
    mark = tmp_path / "reached"
    with pytest.raises(OptionError, match="unknown option bad"):
        macro(
            'eval("foo bar;"); run("Find Beads...", "bad=1"); File.saveString("", getArgument());',
            str(mark),
        )
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('return "a" + 1;', "a1"),
        ("x = 1;", ""),
        ("return getArgument();", "the argument"),
        ("exit;", ""),
        ('print("said"); exit();', ""),
    ],
)
def test_what_a_macro_returns(macro, text, value):
    assert macro(text, "the argument") == value


def test_a_file_that_is_no_image_is_said(host, tmp_path):
    file = tmp_path / "notes.txt.py"
    file.write_text("no image")
    with pytest.raises(ImageError, match=r"cannot open .*notes.txt.py: the file format is unk"):
        bridge.run_macro("return 1;", image=file)


def test_what_a_macro_writes(host):
    echoed = []
    result = bridge.run_macro('print("one"); print("µm");', echo=echoed.append)
    assert result.output.splitlines() == ["one", "µm"]
    assert "".join(echoed) == result.output


def test_extensions_give_values_back(macro):
    value = macro(
        'run("PSF Bridge Extensions"); open("BEADS"); used = 0; found = 0; psf = ""; x = 0; y = 0; '
        'z = 0; Ext.psfFindBeads(used, found); Ext.psfDistill(psf, "method=average"); '
        'method = Ext.psfGet("method"); Ext.psfMeasure(x, y, z); '
        'return psf + "|" + getTitle() + "|" + used + "|" + found + "|" + method + "|" + x + "|" '
        '+ Ext.psfGet("fwhm_x_um");'
    )
    psf, title, used, found, method, x, again = value.split("|")
    assert psf == title == "PSF of beads.tif"
    assert (int(used), method) == (9, "average")
    assert int(found) >= 9
    assert 0.2 < float(x) < 0.5
    assert float(again) == pytest.approx(float(x), abs=1e-4)


def test_extensions_are_for_macros(host):
    with pytest.raises(Exception, match="works only in macros, and none is running"):
        java_class("ij.IJ").run("PSF Bridge Extensions", "")


def test_variables_of_the_macro(macro):
    macro('open("BEADS"); far = 1.5; run("Find Beads...", "min_separation=&far");')
    with pytest.raises(OptionError, match=r"min_separation is -1\.5"):
        macro(
            'open("BEADS"); far = -1.5; used = 0; found = 0; run("PSF Bridge Extensions"); '
            'Ext.psfFindBeads(used, found, "min_separation=&far");'
        )


def test_escape_cancels(macro):
    with pytest.raises(Cancelled, match="cancelled by Escape"):
        macro('open("BEADS"); setKeyDown("esc"); run("Distill PSF...", "method=average");')
    assert macro('open("BEADS"); run("Find Beads..."); return getTitle();') == "beads.tif"


def test_the_bead_table_is_read_in_every_way_that_macros_have(macro):
    value = macro(
        'open("BEADS"); run("Find Beads..."); status = Table.getString("status", 0); '
        'snr = Table.get("snr", 3); size = Table.size; '
        'return status + " " + snr + " " + getResult("snr", 3) + " " + size + " " + nResults;'
    )
    status, snr, again, size, results = value.split()
    assert (status, snr, size) == ("used", again, results)
    assert int(size) >= 9


def test_a_locked_image_is_said(macro):
    macro('open("BEADS");')
    imp = java_class("ij.WindowManager").getCurrentImage()
    holder = threading.Thread(target=imp.lockSilently)
    holder.start()
    holder.join()
    with pytest.raises(ImageError, match=r"beads\.tif is locked"):
        macro('run("Find Beads...");')
    imp.unlock()


def test_an_image_closed_during_the_work_still_gives_its_psf(macro, monkeypatch):
    real = pb.distill

    def closing(image, **options):
        result = real(image, **options)
        imp = java_class("ij.WindowManager").getImage("beads.tif")
        imp.changes = False
        imp.close()
        imp.flush()  # as a window does
        return result

    monkeypatch.setattr(pb, "distill", closing, raising=False)
    title = macro('open("BEADS"); run("Distill PSF...", "method=average"); return getTitle();')
    assert title == "PSF of beads.tif"


@pytest.mark.parametrize("which", ["Java", "Python"])
def test_out_of_memory_is_said(macro, monkeypatch, which):
    def exhausted(*args, **options):
        raise java_class("java.lang.OutOfMemoryError")() if which == "Java" else MemoryError

    monkeypatch.setattr(inputs, "from_imageplus", exhausted)
    with pytest.raises(BridgeError, match="out of memory"):
        macro('open("BEADS"); run("Find Beads...");')


def test_a_fault_of_our_own_is_one_line(macro, monkeypatch):
    def broken(*args, **options):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(inputs, "from_imageplus", broken)
    with pytest.raises(BridgeError, match="ZeroDivisionError: division by zero"):
        macro('open("BEADS"); run("Find Beads...");')


def test_a_macro_that_never_ends_is_stopped(macro):
    with pytest.raises(BridgeError, match="no activity for 1 s"):
        macro("while (true) { }", timeout_s=1)
    assert macro('return "goes on";') == "goes on"


def test_signs_of_life_keep_a_macro_running(macro):
    text = 'for (i = 0; i < 8; i++) { wait(250); print(i); } return "done";'
    assert macro(text, timeout_s=1) == "done"


def test_what_cancels_a_macro_is_no_end_of_it(macro):
    """A plug-in that somebody cancels stops the macro half-way: only ``exit`` is meant so."""

    def cancel(command: Any) -> Any:
        if str(command) == "Cancel this":
            raise java_class("java.lang.RuntimeException")("Macro canceled")
        return command

    listener = implemented("ij.CommandListener", commandExecuting=cancel)
    java_class("ij.Executer").addCommandListener(listener)
    try:
        with pytest.raises(BridgeError, match=r"line 2 of the macro: stopped by ImageJ\."):
            macro('x = 1;\nrun("Cancel this"); return x;')
    finally:
        java_class("ij.Executer").removeCommandListener(listener)
    assert macro("if (1 < 2) exit; return 3;") == ""


def test_the_start_of_older_macros_is_accepted(macro):
    assert macro('run("Start PSF Bridge"); return "goes on";') == "goes on"
