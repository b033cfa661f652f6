"""Presets: saved once, checked as options are, and taken by name."""

from __future__ import annotations

import argparse

import numpy as np
import pytest
import tifffile
from command_line import refused, run
from lif import write_lif

from psfbridge.cli.commands.preset import apply_preset
from psfbridge.errors import OptionError
from psfbridge.evaluation.presets import file_values, load_preset, preset_names, save_preset
from psfbridge.imaging.image import Image
from psfbridge.imaging.write import write_image

OIL = {
    "na": 1.4, "wavelength_um": 0.52, "refractive_index": 1.518, "bead_diameter_um": 0.1,
    "objective": 'Plan "Apo" 63x', "site": "Zürich", "min_strehl": 0.8,
}  # fmt: skip


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    path = tmp_path / "lab" / "presets.toml"
    monkeypatch.setenv("PSFBRIDGE_PRESETS", str(path))
    return path


def test_what_is_saved_comes_back_sorted_to_its_records():
    save_preset("63x oil", OIL)
    preset = load_preset("63x oil")
    assert preset.options["na"] == 1.4
    assert preset.options["bead_diameter_um"] == 0.1
    assert preset.tolerances.min_strehl == 0.8
    assert preset.tolerances.max_lateral_ratio == 1.5
    assert preset.about.objective == 'Plan "Apo" 63x'


def test_another_one_leaves_the_first_and_the_same_name_replaces_it():
    save_preset("a", {"na": 0.5, "wavelength_um": 0.5, "refractive_index": 1.0})
    save_preset("b", OIL)
    save_preset("a", {"site": "Jena"})
    assert preset_names() == ["a", "b"]
    assert load_preset("a").about.site == "Jena"
    assert not load_preset("a").options


@pytest.mark.parametrize("values", [{"na": -1}, {"nna": 1.4}, {"na": 1.6, "wavelength_um": 0.5}])
def test_what_no_option_takes_is_not_saved(values, file):
    with pytest.raises(OptionError):
        save_preset("bad", values)
    assert not file.exists()


def test_an_unknown_name_is_told_with_those_that_there_are():
    save_preset("a", OIL)
    with pytest.raises(OptionError, match=r"preset is 'b'; allowed is .*: a"):
        load_preset("b")


def test_a_damaged_file_is_told(file):
    file.parent.mkdir()
    file.write_text("na = = 1")
    with pytest.raises(OptionError, match="is damaged"):
        preset_names()


def test_what_is_given_goes_before_the_preset():
    save_preset("oil", OIL)
    args = argparse.Namespace(preset="oil", na=1.3, wavelength_um=None, operator="A. Abbe")
    apply_preset(args)
    assert (args.na, args.wavelength_um, args.site) == (1.3, 0.52, "Zürich")


def test_the_command_saves_lists_and_shows(capsys):
    optics = ("--na", "1.4", "--wavelength-um", "0.52", "--refractive-index", "1.518")
    status, out, _ = run(capsys, "preset", "save", "oil", *optics, "--site", "Jena")
    assert status == 0
    assert "saved 'oil'" in out
    assert run(capsys, "preset", "list")[1] == "oil\n"
    assert "na: 1.4\n" in run(capsys, "preset", "show", "oil")[1]
    assert "allowed is one of" in str(refused(capsys, "preset", "show", "air"))


OME = (
    '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Instrument ID="I:0">'
    '<Microscope Model="Ti2"/><Objective ID="O:1" LensNA="0.3" Model="10x"/>'
    '<Objective ID="O:2" LensNA="1.4" Model="Plan Apo 60x"/></Instrument><Image ID="Image:0">'
    '<InstrumentRef ID="I:0"/><ObjectiveSettings ID="O:2" RefractiveIndex="1.515"/>'
    '<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="9" SizeY="8" SizeZ="3" '
    'SizeC="2" SizeT="1" PhysicalSizeX="0.1" PhysicalSizeY="0.1" PhysicalSizeZ="0.2">'
    '<Channel ID="C:0" Name="DAPI" EmissionWavelength="460"/>'
    '<Channel ID="C:1" Name="GFP" EmissionWavelength="0.52" EmissionWavelengthUnit="\u00b5m"/>'
    "<TiffData/></Pixels></Image></OME>"
)


@pytest.fixture
def ome_tiff(tmp_path):
    """A stack as a microscope's own software exports it: the optics in its OME metadata."""
    path = tmp_path / "beads.ome.tif"
    voxels = np.zeros((2, 3, 8, 9), np.uint16)
    tifffile.imwrite(
        path, voxels, photometric="minisblack", description=OME.encode(), metadata=None
    )
    return path


def test_a_files_own_words_fill_a_preset(ome_tiff):
    values = file_values(ome_tiff, channel="gfp")
    assert values == {
        "na": 1.4, "refractive_index": 1.515, "wavelength_um": 0.52, "stand": "Ti2",
        "objective": "Plan Apo 60x",
    }  # fmt: skip
    assert file_values(ome_tiff, channel=0)["wavelength_um"] == pytest.approx(0.46)
    assert "wavelength_um" not in file_values(ome_tiff)


def test_a_file_of_a_maker_fills_a_preset(tmp_path):
    pytest.importorskip("liffile")
    write_lif(tmp_path / "a.lif", {"beads": np.zeros((3, 8, 9), np.uint16)}, (0.2, 0.1, 0.1))
    assert file_values(tmp_path / "a.lif") == {"na": 1.4, "refractive_index": 1.518}


def test_a_file_that_names_nothing_is_told(tmp_path):
    write_image(tmp_path / "a.tif", Image(np.zeros((3, 8, 9), np.uint16), (0.2, 0.1, 0.1)))
    with pytest.raises(OptionError, match=r"a\.tif records neither .* Give them as options: na"):
        file_values(tmp_path / "a.tif")


def test_the_command_saves_what_a_file_says_and_options_go_before_it(capsys, ome_tiff):
    words = ("--from", ome_tiff, "--channel", "GFP", "--objective", "60x", "--na", "1.42")
    status, out, _ = run(capsys, "preset", "save", "60x", *words)
    assert status == 0
    assert "says: na 1.4, refractive_index 1.515, wavelength_um 0.52" in out
    preset = load_preset("60x")
    assert preset.options == {"na": 1.42, "refractive_index": 1.515, "wavelength_um": 0.52}
    assert (preset.about.stand, preset.about.objective) == ("Ti2", "60x")
    # Two channels, and none chosen: the wavelength is missing.
    said = refused(capsys, "preset", "save", "bad", "--from", ome_tiff)
    assert "--wavelength-um" in str(said)
