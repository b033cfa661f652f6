"""The macros and scripts that come with psfbridge, each run as its example says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import scyjava

import psfbridge as pb
from psfbridge import bridge
from psfbridge.bridge.fiji.installer import shipped_macros
from psfbridge.bridge.imagej.run_macro import read_macro
from psfbridge.bridge.java.find import java_class
from psfbridge.errors import BridgeError
from psfbridge.imaging.image import Image
from psfbridge.imaging.write import write_image

# Fiji brings Groovy; plain ImageJ has it from Maven Central.
scyjava.config.endpoints.append("org.codehaus.groovy:groovy:3.0.22")

pytestmark = pytest.mark.usefixtures("quick")


def shipped(name: str) -> str:
    """Return a file of which a test here is told by this call."""
    return shipped_text(name)


def shipped_text(name: str) -> str:
    return next(read_macro(path) for path in shipped_macros() if path.name == name)


def test_nothing_that_is_shipped_is_missing_here():
    tested = re.findall(r'shipped\("([^"]+)"\)', Path(__file__).read_text(encoding="utf-8"))
    assert {path.name for path in shipped_macros()} == set(tested)


@pytest.mark.parametrize("path", shipped_macros(), ids=lambda path: path.name)
def test_each_says_what_it_needs_gives_and_an_example(path):
    text = path.read_text(encoding="utf-8")
    head = text.split("\n\n")[0]
    for word in (path.name, "Needs", "Gives", "Example"):
        assert word in head


def test_distill(macro, bead_file):
    value = macro(shipped("Distill_PSF.ijm"), "method=average", image=bead_file)
    assert re.fullmatch(
        r"PSF of beads\.tif: FWHM x 0\.3\d+, y 0\.3\d+, z 0\.7\d+ µm from 9 beads", value
    )


def test_batch(macro, beads, tmp_path):
    for name in ("a.tif", "b.tif"):
        write_image(tmp_path / name, beads)
    (tmp_path / "notes.txt").write_text("no image")
    value = macro(shipped("Batch_Distill_Folder.ijm"), f"{tmp_path}|method=average")
    assert value.startswith("2 PSFs in ")
    for name in ("a.tif", "b.tif"):
        psf = pb.PSF.load(tmp_path / "PSFs" / f"PSF of {name}")
        assert psf.voxel_um == pytest.approx(beads.voxel_um)
    lines = (tmp_path / "PSFs" / "widths.csv").read_text("utf-8").splitlines()
    assert lines[0] == "image,beads_used,fwhm_x_um,fwhm_y_um,fwhm_z_um"
    assert [line.split(",")[:2] for line in lines[1:]] == [["a.tif", "9"], ["b.tif", "9"]]


def test_two_channels(macro, beads, tmp_path):
    path = tmp_path / "two.tif"
    write_image(path, Image(np.stack([beads.data, beads.data[:, ::-1]]), beads.voxel_um))
    value = macro(shipped("Compare_Two_Channels.ijm"), "1,2", image=path)
    assert re.match(r"channel 1: FWHM x 0\.3.*; channel 2: FWHM x 0\.3", value)


def test_distill_and_deconvolve(macro, beads, bead_file, tmp_path):
    cells = tmp_path / "cells.tif"
    write_image(cells, beads)
    value = macro(shipped("Distill_and_Deconvolve.ijm"), f"{bead_file}|{cells}")
    assert value == "Deconvolved cells.tif"
    sharp = bridge.from_imageplus(java_class("ij.WindowManager").getCurrentImage())
    assert sharp.data.max() > 2 * beads.data.max()


def distil_then(macro, text):
    """Run a macro that gives the PSF to a plug-in, here where there is no such plug-in."""
    opened = 'open("BEADS"); run("Duplicate...", "title=cells.tif duplicate"); '
    with pytest.raises(BridgeError, match=r"the macro stopped: Distill_then_.*has no command"):
        macro(f'{opened} selectImage("beads.tif"); {text}', "cells.tif")
    assert java_class("ij.WindowManager").getImage("PSF of beads.tif") is None, "looked for first"


# What help text CLIJ2-fft has in every version: the name and the number of arguments.
_CLIJ_CALL = r"Ext\.CLIJx_deconvolveRLTVFFT\((.*)\);"


def test_clij_is_called_with_the_arguments_that_it_takes():
    call = re.search(_CLIJ_CALL, shipped("Distill_then_CLIJ.ijm"))
    assert len(call[1].split(",")) == 6


def test_clij(macro):
    distil_then(macro, shipped("Distill_then_CLIJ.ijm"))


def test_deconvolution_lab(macro):
    distil_then(macro, shipped("Distill_then_DeconvolutionLab2.ijm"))


def test_iterative_deconvolve(macro):
    distil_then(macro, shipped("Distill_then_Iterative_Deconvolve_3D.ijm"))


def without_parameters(script: str) -> str:
    """Take away SciJava's ``#@`` lines, which its script runner reads, not the language."""
    return "\n".join(line for line in script.splitlines() if not line.startswith("#@"))


def test_groovy(macro, beads):
    imp = bridge.to_imageplus(beads)
    imp.show()
    shell = java_class("groovy.lang.GroovyShell")()
    shell.setVariable("imp", imp)
    shell.evaluate(without_parameters(shipped("Distill_PSF_Script.groovy")))
    assert str(shell.getVariable("title")) == "PSF of beads.tif"
    assert java_class("ij.WindowManager").getImage("PSF of beads.tif") is not None


def test_python(macro, beads):
    import jpype.imports  # noqa: F401 - makes "from ij import IJ" work

    imp = bridge.to_imageplus(beads)
    imp.show()
    names = {"imp": imp}
    exec(without_parameters(shipped("Distill_PSF_Script.py")), names)
    assert str(names["title"]) == "PSF of beads.tif"
    assert java_class("ij.WindowManager").getImage("PSF of beads.tif") is not None


@pytest.mark.parametrize("name", ["Distill_PSF_Script.groovy", "Distill_PSF_Script.py"])
def test_scripts_as_imagej2_runs_them(host, beads, name):
    """With their ``#@`` parameters, by SciJava's own script service."""
    if host.gateway is None:
        pytest.skip("plain ImageJ has no script service")
    imp = bridge.to_imageplus(beads)
    imp.show()
    values = java_class("java.util.HashMap")()
    values.put("imp", imp)
    done = host.gateway.script().run(name, shipped_text(name), True, values).get()
    assert str(done.getOutput("title")) == "PSF of beads.tif"
    assert java_class("ij.WindowManager").getImage("PSF of beads.tif") is not None


def test_startup(host):
    bridge.uninstall()
    names: dict[str, str] = {}
    exec(shipped("PSF_Bridge_Startup.py"), names)
    assert "ImageJ" in names["host"]
    assert bridge.run_macro('run("PSF Bridge Extensions"); return "there";').value == "there"
