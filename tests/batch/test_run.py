"""A batch: what it writes, keeps, says of bad files, and how files tell their date."""

import csv
import json
import os
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import tifffile
from command_line import refused, run

import psfbridge as pb
from psfbridge.batch.figure import plot_widths
from psfbridge.batch.one_file import FileResult, Task
from psfbridge.batch.page import page
from psfbridge.batch.run import distill_batch, expanded
from psfbridge.batch.summary import Row, rows_of, to_key_values
from psfbridge.errors import Cancelled, ImageError, OptionError, OutputError
from psfbridge.imaging.dates import parsed_date, taken
from psfbridge.imaging.formats import dates_of
from psfbridge.imaging.read import Reading

VOXEL = (0.2, 0.1, 0.1)
OPTIONS = {"method": "average", "size": (11, 15, 15)}


def beads(seed, sigma=1.3):
    """A small stack of Gaussian beads, quick to make and to distil."""
    rng = np.random.default_rng(seed)
    z, y, x = np.indices((15, 48, 48))
    light = np.full(z.shape, 20.0)
    for cy, cx in ((12, 12), (12, 35), (35, 12), (35, 35)):
        at = np.array([7, cy, cx]) + rng.uniform(-0.5, 0.5, 3)
        far = ((z - at[0]) / 1.6) ** 2 + ((y - at[1]) / sigma) ** 2 + ((x - at[2]) / sigma) ** 2
        light += 900 * np.exp(-0.5 * far)
    return rng.poisson(light).astype(np.uint16)


def save(path, data, day=1):
    pb.write_image(path, pb.Image(data, VOXEL))
    at = datetime(2024, 3, day, 12).timestamp()
    os.utime(path, (at, at))
    return str(path)


@pytest.fixture
def files(tmp_path):
    """Three good stacks, not in the order of their dates, and two that are not to be used."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name, day in (("a.tif", 3), ("b.tif", 1), ("c.tif", 2)):
        save(folder / name, beads(day, 1.2 + 0.05 * day), day)
    (folder / "bad.tif").write_bytes(b"no image")
    dark = np.random.default_rng(0).poisson(50, (9, 40, 40)).astype(np.uint16)
    save(folder / "dark.tif", dark, 4)
    return folder


def table(folder):
    return list(csv.DictReader((folder / "summary.csv").read_text("utf-8").splitlines()))


def test_a_bad_file_is_a_row_and_stops_no_other(capsys, files, tmp_path):
    out = tmp_path / "out"
    arguments = ["--method", "average", "--size", 11, 15, 15]
    status, said, err = run(capsys, "batch", files / "*.tif", "-o", out, *arguments)
    assert status == 1
    assert err.count("\n") == 1
    assert "2 of 5 files failed" in err
    assert "Joint PSF of all 3 files: 12 beads" in said
    rows = {Path(row["file"]).name: row for row in table(out)}
    assert rows["bad.tif"]["error"].startswith("ImageError: bad.tif is not a TIFF")
    assert rows["dark.tif"]["error"].startswith("NoBeadsError: no bead found in dark.tif")
    assert [row["status"] for row in rows.values()].count("done") == 3
    # The oldest first, as the widths were made: 1.25, 1.3, 1.35 voxels of sigma.
    good = [row for row in table(out) if row["status"] == "done"]
    assert [Path(row["file"]).name for row in good] == ["b.tif", "c.tif", "a.tif"]
    for row, sigma in zip(good, (1.25, 1.3, 1.35), strict=True):
        assert float(row["fwhm_x_um"]) == pytest.approx(2.355 * sigma * 0.1, rel=0.04)
        assert 0 < float(row["se_x_um"]) < 0.02
        assert pb.PSF.load(out / row["psf"]).data.shape == (11, 15, 15)
    assert len((out / "a_beads.csv").read_text("utf-8").splitlines()) == 5
    joint = pb.PSF.load(out / "joint_psf.tif")
    assert len(joint.provenance["inputs"]) == 3
    text = (out / "summary.html").read_text("utf-8")
    assert "data:image/png;base64" in text
    assert "http" not in text


def test_what_is_there_is_kept_until_file_or_options_change(files, tmp_path):
    out = tmp_path / "out"
    names = [files / "a.tif", files / "b.tif"]

    def statuses(**options):
        rows = distill_batch(names, out, **(OPTIONS | options)).rows
        return {Path(row.file).name: row.status for row in rows}

    assert statuses() == {"a.tif": "done", "b.tif": "done"}
    written = (out / "joint_psf.tif").stat().st_mtime_ns
    assert statuses() == {"a.tif": "kept", "b.tif": "kept"}
    assert (out / "joint_psf.tif").stat().st_mtime_ns == written
    save(files / "a.tif", beads(9), 5)
    assert statuses() == {"a.tif": "done", "b.tif": "kept"}
    assert (out / "joint_psf.tif").stat().st_mtime_ns != written
    assert statuses(size=(9, 13, 13)) == {"a.tif": "done", "b.tif": "done"}
    (out / "b_psf.tif").unlink()
    assert statuses(size=(9, 13, 13)) == {"a.tif": "kept", "b.tif": "done"}
    (out / "a.json").write_text("{")
    assert statuses(size=(9, 13, 13)) == {"a.tif": "done", "b.tif": "kept"}


def test_processes_give_the_same_as_one(files, tmp_path):
    one = distill_batch([files / "*.tif"], tmp_path / "one", **OPTIONS)
    two = distill_batch([files / "*.tif"], tmp_path / "two", jobs=2, **OPTIONS)
    assert [(row.file, row.fwhm_um, row.error) for row in one.rows if row.psf] == [
        (row.file, row.fwhm_um, row.error) for row in two.rows if row.psf
    ]
    assert [row.status for row in two.failed] == ["failed"] * 2


def test_voxels_that_differ_give_no_joint_psf(files, tmp_path):
    other = files / "coarse.tif"
    pb.write_image(other, pb.Image(beads(7), (0.3, 0.1, 0.1)))
    batch = distill_batch([files / "a.tif", other], tmp_path / "out", **OPTIONS)
    assert batch.joint is None
    assert any("No joint PSF" in note and "0.3" in note for note in batch.notes)
    assert not (tmp_path / "out" / "joint_psf.tif").exists()
    again = distill_batch([files / "a.tif", other], tmp_path / "out", voxel_um=VOXEL, **OPTIONS)
    assert again.joint is not None
    alone = distill_batch([files / "a.tif"], tmp_path / "alone", **OPTIONS)
    assert "at least two files" in alone.notes[-1]


def test_namesakes_keep_apart(tmp_path):
    for day in ("monday", "tuesday"):
        (tmp_path / day).mkdir()
        save(tmp_path / day / "beads.tif", beads(1))
    save(tmp_path / "monday" / "joint.tif", beads(2))
    out = tmp_path / "out"
    batch = distill_batch([tmp_path / "*" / "*.tif"], out, **OPTIONS)
    assert {row.psf for row in batch.rows} == {
        "monday_beads_psf.tif",
        "tuesday_beads_psf.tif",
        "joint_2_psf.tif",
    }
    table = (out / "joint_beads.csv").read_text("utf-8")
    assert "monday/beads.tif" in table
    assert "tuesday/beads.tif" in table


def test_its_own_psfs_are_no_images(files):
    first = distill_batch([files / "a.tif", files / "b.tif"], files, **OPTIONS)
    again = distill_batch([files / "*.tif"], files, **OPTIONS)
    assert len(again.rows) == 5
    assert len(first.rows) == 2
    assert any("were ignored" in note for note in again.notes)
    with pytest.raises(ImageError, match="Give images of beads"):
        distill_batch([files / "*_psf.tif"], files, **OPTIONS)


def test_cancelled_and_resumed(files, tmp_path):
    names = [files / "a.tif", files / "b.tif"]

    def escape(stage, done, total):
        if done == 1:
            raise Cancelled("Escape was pressed.")

    with pytest.raises(Cancelled):
        distill_batch(names, tmp_path / "out", progress=escape, **OPTIONS)
    assert (tmp_path / "out" / "a_psf.tif").exists()
    rows = distill_batch(names, tmp_path / "out", **OPTIONS).rows
    assert sorted(row.status for row in rows) == ["done", "kept"]


def test_what_is_wrong_with_all_is_said_before_any_work(capsys, files, tmp_path):
    with pytest.raises(OptionError, match="iterations"):
        distill_batch([files / "a.tif"], tmp_path / "out", iterations=0)
    with pytest.raises(OptionError, match="jobs is 0"):
        distill_batch([files / "a.tif"], tmp_path / "out", jobs=0)
    with pytest.raises(ImageError, match="no image"):
        distill_batch([], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(OutputError, match="cannot create the folder"):
        distill_batch([files / "a.tif"], files / "a.tif" / "out")
    flat = ["--voxel-um", 0, 1, 1]
    assert refused(capsys, "batch", files / "a.tif", "-o", tmp_path / "out", *flat)[0] == 2
    status, line = refused(capsys, "batch", files / "*.nd2", "-o", tmp_path / "out")
    assert status == 1
    assert "no file matches" in line


def test_patterns_and_names_are_each_taken_once(files, tmp_path):
    odd = tmp_path / "in" / "a[1].tif"
    odd.write_bytes(b"")
    found = expanded([str(files / "b.tif"), str(files / "?.tif"), str(odd), "missing.tif"])
    assert [Path(path).name for path in found] == [
        "b.tif",
        "a.tif",
        "c.tif",
        "a[1].tif",
        "missing.tif",
    ]


def test_a_missing_file_has_no_date_and_comes_last(files, tmp_path):
    batch = distill_batch([files / "gone.tif", files / "a.tif"], tmp_path / "out", **OPTIONS)
    assert [Path(row.file).name for row in batch.rows] == ["a.tif", "gone.tif"]
    assert batch.rows[1].taken == ""
    assert "gone.tif" in batch.rows[1].error


def test_dates_come_from_the_image_where_it_has_one(tmp_path):
    data = np.zeros((2, 8, 8), np.uint16)
    ome = tmp_path / "a.ome.tif"
    tifffile.imwrite(
        ome, data, ome=True, metadata={"axes": "ZYX", "AcquisitionDate": "2021-05-04T03:02:01"}
    )
    assert taken(ome).date == datetime(2021, 5, 4, 3, 2, 1)
    info = tmp_path / "info.tif"
    words = "Location = x\nImage AcquisitionDate = 2020-01-02T10:11:12\n"
    tifffile.imwrite(info, data, imagej=True, metadata={"axes": "ZYX", "Info": words})
    assert taken(info).date == datetime(2020, 1, 2, 10, 11, 12)
    tagged = tmp_path / "tag.tif"
    tifffile.imwrite(tagged, data, datetime="2019:08:07 06:05:04")
    assert taken(tagged).date == datetime(2019, 8, 7, 6, 5, 4)
    assert taken(tagged).source == "image"
    plain = tmp_path / "plain.tif"
    tifffile.imwrite(plain, data, datetime=None)
    os.utime(plain, (1e9, 1e9))
    assert dates_of(plain) == []
    assert taken(plain).source == "file"
    assert taken(plain).date == datetime.fromtimestamp(1e9)
    assert taken(tmp_path / "none.tif") is None
    assert parsed_date("yesterday") is None
    assert parsed_date("20240301 10:00:00") == datetime(2024, 3, 1, 10)


def test_the_picture_shows_every_width_and_failure():
    rows = [
        Row(file=f"{day}.tif", taken=f"2024-03-0{day}T12:00:00", taken_from="file", status="done",
            fwhm_z_um=0.5, fwhm_y_um=0.2 + 0.01 * day, fwhm_x_um=0.2, se_y_um=0.01)
        for day in (1, 2, 3)
    ]  # fmt: skip
    rows.append(Row(file="<bad>.tif", taken="2024-03-02T13:00:00", status="failed", error="<no>"))
    above, below = plot_widths(rows).axes
    assert [line.get_label() for line in below.containers] == ["y", "x"]
    heights = below.containers[0].lines[0].get_ydata()
    assert heights == pytest.approx([0.21, 0.22, 0.23])
    low, high = below.get_ylim()
    assert low < 0.2
    assert high > 0.24
    assert len(above.containers) == 1
    assert plot_widths([]).axes
    assert rows_of([]) == []


def test_long_names_of_groups_hide_no_curve_of_the_picture():
    rows = [
        Row(file=f"{n}.tif", taken=f"2024-03-0{n}T12:00:00", status="done", fwhm_z_um=0.5,
            fwhm_y_um=0.2, fwhm_x_um=0.2, group=f"Microscope of a long name, 63x oil, 520 nm, {n}")
        for n in (1, 2, 3)
    ]  # fmt: skip
    figure = plot_widths(rows)
    figure.draw_without_rendering()
    (names,) = figure.legends
    assert [text.get_text() for text in names.get_texts()] == [row.group for row in rows]
    boxes = [
        legend.get_window_extent() for legend in (names, *(a.get_legend() for a in figure.axes))
    ]
    for box in boxes:
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(axes.bbox.padded(-2)) for axes in figure.axes)
    labels = [label for axes in figure.axes for label in axes.get_legend_handles_labels()[1]]
    assert labels == ["z", "y", "x"]


def test_the_page_escapes_what_it_is_told(tmp_path):
    picture = tmp_path / "p.png"
    picture.write_bytes(b"png")
    bad = Row(file="<bad>.tif", status="failed", error="<no>")
    text = page([bad], None, ["a & b"], picture)
    assert "&lt;bad&gt;.tif" in text
    assert "&lt;no&gt;" in text
    assert "a &amp; b" in text


def test_records_are_json_with_what_was_wanted(files, tmp_path):
    distill_batch([files / "a.tif"], tmp_path / "out", **OPTIONS)
    record = json.loads((tmp_path / "out" / "a.json").read_text("utf-8"))
    assert record["batch"]["wanted"]["options"]["size"] == [11, 15, 15]
    assert record["batch"]["inputs"][0]["path"].endswith("a.tif")
    assert len(record["fwhm_se_um"]) == 3


def test_one_path_is_one_file(files):
    assert expanded(str(files / "b.tif")) == [str(files / "b.tif")]


def test_the_verdict_and_the_group_stand_in_the_summary_and_on_the_page(tmp_path):
    record = {
        "measures": {"fwhm_um": [0.8, 0.25, 0.25]}, "fwhm_se_um": [0.01, 0.002, None],
        "beads": {"found": 9, "used": 7}, "method": "joint",
        "diagnostics": {"verdict": {"grade": "usable", "reasons": [], "advice": []}},
        "psf": {"voxel_um": [0.2, 0.1, 0.1]},
    }  # fmt: skip
    task = Task(path="a.tif", stem="a", folder=str(tmp_path))
    row = Row.of(FileResult(task=task, status="done", record=record))
    assert row.verdict == "usable"
    assert row.group == "0.2 × 0.1 × 0.1 µm"
    picture = tmp_path / "widths.png"
    plot_widths([row]).savefig(picture)
    text = page([row], None, [], picture)
    assert '<td class="care">usable</td>' in text
    assert '<a href="a_psf.tif">PSF</a>' in text


def row_of(stem, reading=None, **about):
    """A row as a batch makes it, of what was imaged how."""
    record = {
        "measures": {"fwhm_um": [0.8, 0.25, 0.25]}, "fwhm_se_um": [0.01, 0.002, None],
        "beads": {"found": 9, "used": 7}, "method": "joint", "diagnostics": {},
        "psf": {"voxel_um": [0.2, 0.1, 0.1], "shape": [9, 9, 9]},
        "imaged_with": {"objective": "60x of the file", "na": 1.4},
        "assessment": {
            "passed": False,
            "widths": [{"axis": "x", "ideal_um": 0.2}, {"axis": "z", "ideal_um": None}],
            "criteria": [{"key": "fwhm_x", "limit": 1.5}, {"key": "strehl", "value": 0.9}],
        },
    }  # fmt: skip
    task = Task(path=f"{stem}.tif", stem=stem, folder="", about=pb.About(**about),
                reading=Reading.of(**(reading or {})))  # fmt: skip
    outcome = FileResult(task=task, status="done", record=record, taken="2024-03-01T12:00:00")
    return Row.of(outcome)


def test_files_of_another_objective_channel_or_microscope_are_groups_of_their_own():
    size = "0.2 × 0.1 × 0.1 µm"
    assert row_of("a").group == f"60x of the file, {size}"
    assert row_of("a", objective="63x").group == f"63x, {size}"
    assert row_of("a", stand="SP8", objective="63x").group == f"SP8, 63x, {size}"
    assert row_of("a", {"channel": 1}, objective="63x").group == f"63x, channel 1, {size}"


def test_the_limits_of_the_tolerances_stand_in_the_row_and_the_picture():
    row = row_of("a")
    assert row.limit_x_um == pytest.approx(0.3)
    assert np.isnan(row.limit_z_um)
    assert (row.tolerance, row.strehl) == ("fail", 0.9)
    _, below = plot_widths([row, row_of("b")]).axes
    dashed = [line for line in below.lines if line.get_linestyle() == "--"]
    assert [list(line.get_ydata()) for line in dashed] == [pytest.approx([0.3, 0.3])]


def test_figures_become_key_value_pairs_of_the_images():
    failed = Row(file="bad.tif", status="failed", error="no image")
    (pairs,) = csv.DictReader(to_key_values([row_of("in/a"), failed]).splitlines())
    assert pairs["image"] == "a.tif"
    assert pairs["FWHM of the PSF along z (µm)"] == "0.8"
    assert pairs["objective"] == "60x of the file"
    assert "standard error of the FWHM along x (µm)" not in pairs


def test_each_group_is_a_table_of_the_page(tmp_path):
    rows = [row_of("a", objective="63x"), row_of("b", objective="10x")]
    picture = tmp_path / "widths.png"
    plot_widths(rows).savefig(picture)
    text = page(rows, rows[0], [], picture)
    assert "PSF of each file: 63x, 0.2 × 0.1 × 0.1 µm" in text
    assert "PSF of each file: 10x, 0.2 × 0.1 × 0.1 µm" in text
    assert text.count("all of these together") == 1


def test_the_summary_is_written_as_parquet_where_asked_for(files, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "out"
    batch = distill_batch([files / "a.tif"], out, parquet=True, **OPTIONS)
    (row,) = parquet.read_table(out / "summary.parquet").to_pylist()
    assert row["fwhm_x_um"] == batch.rows[0].fwhm_x_um
    assert row["beads_used"] == 4
    assert (out / "key_values.csv").read_text("utf-8").startswith("image,")


def test_a_preset_gives_a_batch_its_objective(capsys, files, tmp_path, monkeypatch):
    monkeypatch.setenv("PSFBRIDGE_PRESETS", str(tmp_path / "presets.toml"))
    assert run(capsys, "preset", "save", "63x", "--objective", "Apo 63x", "--stand", "SP8")[0] == 0
    words = ("--method", "average", "--size", 11, 15, 15, "--preset", "63x")
    out = tmp_path / "out"
    status, said, _ = run(capsys, "batch", files / "a.tif", "-o", out, *words)
    assert status == 0
    assert said.splitlines()[-1] == f"open {out / 'summary.html'}"
    assert table(out)[0]["group"] == "SP8, Apo 63x, 0.2 × 0.1 × 0.1 µm"


def test_reports_are_written_beside_the_psfs_and_linked(files, tmp_path):
    out = tmp_path / "out"
    found = distill_batch([files / "a.tif"], out, reports=True, **OPTIONS)
    assert (out / "a_report" / "index.html").is_file()
    assert found.rows[0].report == "a_report/index.html"
    assert 'href="a_report/index.html"' in (out / "summary.html").read_text(encoding="utf-8")


def test_a_psf_out_of_tolerance_fails_the_batch_where_that_is_asked_for(capsys, files, tmp_path):
    optics = ("--na", 1.4, "--wavelength-um", 0.52, "--refractive-index", 1.518)
    words = (files / "a.tif", files / "b.tif", "-o", tmp_path / "out", *optics, "--quiet",
             "--method", "average", "--size", 11, 15, 15, "--max-axial-ratio", 9)  # fmt: skip
    strict = ("--fail-on", "tolerance", "--max-lateral-ratio", 1.01)
    assert run(capsys, "batch", *words, *strict[2:])[::2] == (0, "")
    status, _, err = run(capsys, "batch", *words, *strict)
    assert status == 1
    assert err.count("\n") == 1
    assert "2 of 2 PSFs are below what --fail-on tolerance asks for: " in err
    assert "b.tif" in err
    assert (tmp_path / "out" / "summary.html").is_file()
    wide = ("--fail-on", "tolerance", "--max-lateral-ratio", 9)
    assert run(capsys, "batch", *words, *wide)[::2] == (0, "")
