"""Presets: saved once, checked as options are, and taken by name."""

from __future__ import annotations

import argparse

import pytest
from command_line import refused, run

from psfbridge.cli.commands.preset import apply_preset
from psfbridge.errors import OptionError
from psfbridge.evaluation.presets import load_preset, preset_names, save_preset

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
    with pytest.raises(OptionError, match="are damaged"):
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
