"""Presets of microscopes in ImageJ's commands: filled in, gone before, saved."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from bead_grid import field_of_beads
from remote_images import remote

from psfbridge.bridge.commands.call import Call
from psfbridge.bridge.commands.dialog_fields import rows_of
from psfbridge.bridge.commands.registry import COMMANDS, read_options
from psfbridge.errors import NoBeadsError, OptionError
from psfbridge.evaluation.presets import load_preset, preset_names, save_preset
from psfbridge.imaging.image import Image

CONFOCAL = {
    "na": 1.4, "wavelength_um": 0.52, "refractive_index": 1.518, "microscope": "confocal",
    "pinhole_au": 1.2, "bead_diameter_um": 0.1, "site": "Jena", "max_lateral_ratio": 9.0,
}  # fmt: skip
DISTILL = "Distill PSF..."


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    path = tmp_path / "presets.toml"
    monkeypatch.setenv("PSFBRIDGE_PRESETS", str(path))
    return path


@pytest.fixture(scope="module")
def beads() -> Image:
    return field_of_beads()


def distill(text: str, image: Image):
    options, texts = read_options(DISTILL, f"{text} method=average size=1.5,1.3,1.3")
    return COMMANDS[DISTILL].run(Call(options, texts, remote(image)))


@pytest.mark.parametrize("command", [DISTILL, "Distill Field...", "Batch Folder..."])
def test_a_preset_gives_what_the_call_does_not(command):
    save_preset("63x oil", CONFOCAL)
    options, _ = read_options(command, "preset=[63x oil] na=1.3")
    assert (options["na"], options["pinhole_au"], options["bead_diameter_um"]) == (1.3, 1.2, 0.1)


def test_what_means_nothing_beside_the_given_options_is_left_out():
    save_preset("63x oil", CONFOCAL)
    options, _ = read_options(DISTILL, "preset=[63x oil] microscope=widefield")
    assert "pinhole_au" not in options
    assert options["na"] == 1.4


def test_an_unknown_preset_is_told_with_those_that_there_are():
    save_preset("63x oil", CONFOCAL)
    with pytest.raises(OptionError, match=r"preset is '40x'; allowed is .*: 63x oil"):
        read_options(DISTILL, "preset=40x")


def test_the_dialog_begins_with_the_presets_and_what_each_fills_in(beads):
    save_preset("63x oil", CONFOCAL)
    save_preset("small beads", {"bead_diameter_um": 0.04})
    first = rows_of(COMMANDS[DISTILL], remote(beads), [])[0]
    assert (first.label, first.group) == ("Microscope preset", "")
    assert list(first.choices) == ["", "63x oil", "small beads"]
    assert first.fills["small beads"] == {"bead_diameter": "0.04"}
    assert first.fills["63x oil"]["pinhole"] == "1.2"
    assert first.fills["63x oil"]["microscope"] == "confocal"


def test_without_presets_nobody_is_asked_for_one(beads):
    assert "preset" not in {row.key for row in rows_of(COMMANDS[DISTILL], remote(beads), [])}


def test_what_a_call_gives_is_saved_after_the_work(beads, file):
    done = distill("bead_diameter=0.1 save_preset=[small beads]", beads)
    assert load_preset("small beads").options == {"bead_diameter_um": 0.1}
    assert done.log[-1] == f"  saved preset small beads in {file}"


def test_a_preset_saved_from_another_keeps_what_was_not_changed(beads):
    save_preset("lab", {"bead_diameter_um": 0.2, "site": "Jena"})
    distill("preset=lab bead_diameter=0.1 save_preset=mine", beads)
    assert load_preset("mine").options["bead_diameter_um"] == 0.1
    assert load_preset("mine").about.site == "Jena"


def test_nothing_is_saved_of_nothing_nor_after_a_failure(beads):
    with pytest.raises(OptionError, match="save_preset is 'mine' but there is nothing to save"):
        distill("save_preset=mine", beads)
    noise = np.random.default_rng(0).poisson(20, beads.data.shape).astype(np.uint16)
    empty = Image(noise, beads.voxel_um, "empty.tif")
    with pytest.raises(NoBeadsError):
        distill("bead_diameter=0.1 save_preset=mine", empty)
    assert preset_names() == []


@pytest.mark.slow
def test_reports_are_judged_and_signed_as_the_preset_says(beads, tmp_path):
    save_preset("lab", {"bead_diameter_um": 0.1, "site": "Jena", "max_lateral_ratio": 9.0})
    distill(f"preset=lab report=[{tmp_path / 'report'}]", beads)
    assert "Jena" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    opened = COMMANDS["Open Report"].run(Call()).figures["report"]
    assert "Jena" in Path(opened).read_text(encoding="utf-8")
    judged = json.loads((tmp_path / "report" / "assessment.json").read_text(encoding="utf-8"))
    assert "9.0" in json.dumps(judged)
