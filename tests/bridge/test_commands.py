"""The commands beside distilling, as every host runs them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bead_grid import field_of_beads
from cone_of_light import cut_psf, seen_object
from remote_images import facts, remote

import psfbridge as pb
from psfbridge.bridge.commands.call import Call
from psfbridge.bridge.commands.dialog_fields import rows_of
from psfbridge.bridge.commands.inputs import sent_channels
from psfbridge.bridge.commands.registry import COMMANDS, read_options
from psfbridge.bridge.fiji.remote_image import RemoteImage
from psfbridge.errors import OptionError
from psfbridge.imaging.image import Image
from psfbridge.imaging.write import write_image


class Desk:
    """Images that are open beside the active one."""

    def __init__(self, **images: Image) -> None:
        self.images = images

    def titles(self) -> list[str]:
        return list(self.images)

    def image(self, title: str, voxel_um: Any = None) -> Image | None:  # noqa: ARG002
        return self.images.get(title)


def run(name: str, text: str = "", imp: Any = None, **images: Image) -> Any:
    options, texts = read_options(name, text)
    return COMMANDS[name].run(Call(options, texts, imp, desk=Desk(**images)))


@pytest.fixture(scope="module")
def beads() -> Image:
    return field_of_beads()


@pytest.fixture(scope="module")
def psf(beads) -> pb.PSF:
    return pb.distill(beads, method="average", size_um=(1.5, 1.3, 1.3)).psf


def test_a_dim_channel_takes_the_beads_of_a_bright_one(beads, tmp_path):
    dim = np.random.default_rng(1).poisson(beads.data / 2500.0).astype(np.uint16)
    pair = replace(beads, data=np.stack([beads.data, dim]))
    keys = "channel=2 method=average size=1.5,1.3,1.3"
    lent = run("Distill PSF...", f"{keys} beads_from=1", remote(pair))
    expected = pb.distill_channels(
        pair, channels=[1], beads_from=0, method="average", size_um=(1.5, 1.3, 1.3)
    )
    np.testing.assert_array_equal(lent.pictures[-1].image.data, expected.results[0].psf.data)
    pb.find_beads(beads).save(tmp_path / "beads.csv")
    table = run("Distill PSF...", f"{keys} beads_from=[{tmp_path / 'beads.csv'}]", remote(pair))
    np.testing.assert_allclose(
        table.pictures[-1].image.data, lent.pictures[-1].image.data, atol=1e-4
    )
    alone = run("Find Beads...", "channel=2", remote(pair))
    used = [len(done.found[0].beads.with_status("used")) for done in (alone, lent)]
    assert used[0] < used[1]


def test_the_channel_that_lends_its_beads_is_sent_too(beads):
    three = remote(replace(beads, data=np.stack([beads.data] * 3)))
    assert sent_channels(three, {"channel": "2", "beads_from": "3"}) == [2, 3]
    assert sent_channels(three, {"channel": "2", "beads_from": "b.csv"}) == [2]
    with pytest.raises(OptionError, match="beads_from is 'x'; allowed is the number of a channel"):
        sent_channels(three, {"beads_from": "x"})


def test_check_says_what_a_psf_leaves_of_beads(beads, psf):
    done = run("Check PSF...", "psf=psf", remote(beads), psf=psf.image)
    expected = pb.check(psf, beads)
    assert done.figures["residual"] == pytest.approx(expected.median("residual"))
    assert done.figures["beads_checked"] == 9
    assert any("self-prediction" in line for line in done.log)


def test_convert_brings_any_psf_into_form(psf):
    even = np.pad(psf.data * 1000, ((0, 1), (0, 1), (0, 1)))
    foreign = Image(even.astype(np.uint16), psf.voxel_um, "huygens.tif")
    done = run("Convert PSF...", "psf_background=auto", remote(foreign, "huygens.tif"))
    made = pb.PSF(done.pictures[-1].image.data, psf.voxel_um)
    assert made.data.sum() == pytest.approx(1, abs=1e-4)
    assert done.figures["psf"] == "huygens.tif as PSF"
    assert "converted to a standard PSF" in done.figures["notes"]


def test_measure_names_a_psf_once(psf):
    (line,) = run("Measure PSF...", "", remote(psf.image, "PSF of beads.tif")).log
    assert line.startswith("Measure PSF: PSF of beads.tif: the PSF; FWHM z 0.")


def test_resample_gives_another_voxel_size(psf):
    done = run("Resample PSF...", "voxel=0.2,0.08,0.08", remote(psf.image, "psf.tif"))
    assert done.pictures[-1].image.voxel_um == (0.2, 0.08, 0.08)
    with pytest.raises(OptionError, match="voxel is missing"):
        run("Resample PSF...", "", remote(psf.image, "psf.tif"))


def test_simulate_gives_beads_and_their_truth_without_an_image():
    done = run("Simulate Beads...", "beads=5 shape=21,64,64 seed=2")
    truth, field = done.pictures
    assert field.image.data.shape == (21, 64, 64)
    assert truth.title == "True PSF"
    again = run("Simulate Beads...", "beads=5 shape=21,64,64 seed=2")
    np.testing.assert_array_equal(again.pictures[1].image.data, field.image.data)


def test_a_bad_file_of_a_folder_stops_no_other(tmp_path, beads):
    for name in ("a.tif", "b.tif"):
        write_image(tmp_path / name, beads)
    (tmp_path / "bad.tif").write_bytes(b"no image")
    done = run("Batch Folder...", f"folder=[{tmp_path}] method=average")
    assert [done.figures["files_done"], done.figures["files_failed"]] == [2, 1]
    title, rows = done.table
    assert title == f"PSFs of {tmp_path.name}"
    assert sorted(row["status"] for row in rows) == ["done", "done", "failed"]
    widths = [row["fwhm_x_um"] for row in rows if row["status"] == "done"]
    alone = pb.distill(beads, method="average").measures.fwhm_um
    assert widths == pytest.approx([alone[2]] * 2)
    assert any("bad.tif" in line for line in done.log)
    assert (tmp_path / "PSFs" / "summary.html").is_file()
    with pytest.raises(OptionError, match="folder is 'nowhere', which is not a folder"):
        run("Batch Folder...", "folder=nowhere")


@pytest.mark.slow
def test_a_field_of_psfs_goes_to_a_file_that_deconvolution_takes(tmp_path, small_field):
    path = tmp_path / "field.tif"
    done = run("Distill Field...", f"save=[{path}] bead_diameter=0.1", remote(small_field.image))
    assert path.is_file()
    assert done.figures["file"] == str(path)
    sharp = run("Deconvolve with PSF...", f"psf=[{path}] iterations=2", remote(small_field.image))
    assert sharp.pictures[-1].image.data.shape == small_field.image.data.shape


def test_the_last_report_is_opened(beads):
    run("Distill PSF...", "method=average size=1.5,1.3,1.3", remote(beads))
    done = run("Open Report")
    assert done.opens.endswith("index.html")
    assert done.figures["report"] in done.opens


def test_help_tells_of_every_command():
    page = run("PSF Bridge Help").figures["page"]
    text = Path(page).read_text(encoding="utf-8")
    assert all(f"<h2>{name}</h2>" in text for name in COMMANDS if "PSF Bridge" not in name)
    assert "Bead diameter (µm)" in text


def test_a_second_result_has_a_title_of_its_own(beads):
    taken = {"PSF of beads.tif": beads, "PSF of beads.tif-1": beads}
    done = run("Distill PSF...", "method=average", remote(beads), **taken)
    assert done.figures["psf"] == done.pictures[-1].title == "PSF of beads.tif-2"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_field_of_a_dialog_is_a_key_of_its_macro(name, beads):
    command = COMMANDS[name]
    imp = remote(beads) if command.needs_image else None
    rows = rows_of(command, imp, ["beads.tif", "PSF of beads.tif"])
    known = {*command.options(), *command.keys, *command.flags}
    assert {row.key for row in rows} <= known
    assert all(set(row.only_if) <= known for row in rows)
    assert all(row.start or row.default in ("", *row.choices) for row in rows if row.choices)


def test_a_psf_that_is_open_in_imagej_keeps_its_share_of_light():
    seen, psf = seen_object(), cut_psf()
    opened = replace(psf.image, info=psf.info)
    done = run(
        "Deconvolve with PSF...",
        "psf=psf iterations=40 engine=cpu",
        remote(seen.image, "cells"),
        psf=opened,
    )
    assert seen.flux(done.pictures[-1].image.data) == pytest.approx(1, abs=0.02)
    measured = run("Measure PSF...", "", RemoteImage(
        {**facts(psf.image), "info": psf.info}, psf.data[np.newaxis], [1]
    ))  # fmt: skip
    assert measured.figures["light_inside"] == psf.light_inside
