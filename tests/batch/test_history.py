"""The history of figures: batches append, and the trend is told by group."""

from __future__ import annotations

import importlib.util
import math
import sqlite3
from dataclasses import replace

import pytest
from command_line import refused, run

from psfbridge.batch.figure import plot_widths
from psfbridge.batch.history import append_history, read_history
from psfbridge.batch.summary import Row
from psfbridge.errors import ImageError, OutputError

OLD = Row(
    file="a.tif", taken="2024-03-01T12:00:00", status="done", fwhm_z_um=0.8, fwhm_y_um=0.25,
    fwhm_x_um=0.25, se_x_um=0.002, beads_used=9, verdict="good", group="0.2 × 0.1 × 0.1 µm",
)  # fmt: skip
NEW = replace(
    OLD,
    file="b.tif",
    taken="2024-04-01T12:00:00",
    fwhm_x_um=0.3,
    verdict="usable",
    limit_x_um=0.28,
    tolerance="fail",
)
ZOOM = replace(OLD, file="c.tif", taken="2024-04-02T12:00:00", group="0.2 × 0.05 × 0.05 µm")


def test_what_is_appended_is_read_again(tmp_path):
    path = tmp_path / "history.sqlite"
    assert append_history(path, [NEW]) == 1
    assert append_history(path, [OLD]) == 2
    first, last = read_history(path)
    assert (first.taken, last.taken) == (OLD.taken, NEW.taken)
    assert last.fwhm_x_um == 0.3
    assert math.isnan(last.se_z_um)
    assert last.verdict == "usable"


def test_a_batch_that_is_run_again_adds_no_stack_twice(tmp_path):
    path = tmp_path / "history.sqlite"
    append_history(path, [OLD, NEW])
    assert append_history(path, [replace(NEW, fwhm_x_um=0.31)]) == 2
    assert read_history(path)[-1].fwhm_x_um == 0.31


def test_a_parquet_history_is_typed_told_and_appended_to(capsys, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "history.parquet"
    assert append_history(path, [NEW]) == 1
    assert append_history(path, [OLD, replace(NEW, fwhm_x_um=0.31)]) == 2
    first, last = read_history(path)
    assert (first.taken, last.fwhm_x_um, last.beads_used) == (OLD.taken, 0.31, 9)
    assert math.isnan(last.se_z_um)
    schema = parquet.read_schema(path)
    assert str(schema.field("fwhm_x_um").type) == "double"
    assert str(schema.field("beads_used").type) == "int64"
    assert schema.field("fwhm_x_um").metadata[b"unit"].decode() == "µm"
    assert all(schema.field(name).metadata[b"meaning"] for name in schema.names)
    assert run(capsys, "trend", path)[0] == 0


def test_a_parquet_file_of_somebody_else_is_neither_changed_nor_read(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "cells.parquet"
    parquet.write_table(pyarrow.table({"cells": [1, 2]}), path)
    with pytest.raises(OutputError, match="it has different columns"):
        append_history(path, [OLD])
    assert parquet.read_table(path).column_names == ["cells"]


def test_without_pyarrow_one_line_says_what_to_install(capsys, tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "pyarrow" else find(name)
    )
    words = (
        "batch",
        tmp_path / "a.tif",
        "-o",
        tmp_path / "out",
        "--history",
        tmp_path / "h.parquet",
    )
    assert "pyarrow, which writes Parquet, is not installed" in str(refused(capsys, *words))


def test_a_history_of_an_older_version_gets_the_columns_that_it_lacks(tmp_path):
    path = tmp_path / "history.sqlite"
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE psf (file TEXT, taken TEXT, fwhm_x_um REAL, UNIQUE (file, taken))")
    base.execute("INSERT INTO psf VALUES ('old.tif', '2023-01-01T12:00:00', 0.24)")
    base.commit()
    base.close()
    (old,) = read_history(path)
    assert (old.fwhm_x_um, old.verdict) == (0.24, "")
    assert append_history(path, [NEW]) == 2
    assert [row.tolerance for row in read_history(path)] == ["", "fail"]


def test_failures_are_no_figures(tmp_path):
    failed = Row(file="bad.tif", status="failed", error="no image")
    assert append_history(tmp_path / "history.sqlite", [failed]) == 0


def test_something_else_is_neither_changed_nor_read(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ernst, " * 100)
    with pytest.raises(OutputError, match="cannot append to the history"):
        append_history(path, [OLD])
    with pytest.raises(ImageError, match="is not a psfbridge history"):
        read_history(path)
    assert path.read_text("utf-8").startswith("Dear Ernst")


def test_other_programs_read_it_by_its_columns(tmp_path):
    path = tmp_path / "history.sqlite"
    append_history(path, [OLD])
    base = sqlite3.connect(path)
    assert base.execute("SELECT fwhm_z_um, verdict FROM psf").fetchall() == [(0.8, "good")]
    base.close()


def test_the_trend_is_told_for_each_group(capsys, tmp_path):
    path = tmp_path / "history.sqlite"
    append_history(path, [OLD, NEW, ZOOM])
    _, printed, _ = run(
        capsys, "trend", path, "--picture", tmp_path / "trend.png", "--csv", tmp_path / "all.csv"
    )
    lines = printed.splitlines()
    assert len(lines) == 2
    assert "2 stacks, 2024-03-01 to 2024-04-01" in lines[0]
    assert "x 0.250 ± 0.002 to 0.300 ± 0.002 µm (+20 %, limit 0.280); last usable, fail" in lines[0]
    assert (tmp_path / "trend.png").stat().st_size > 5000
    assert len((tmp_path / "all.csv").read_text("utf-8").splitlines()) == 4


def test_a_history_that_is_not_there_is_told(capsys, tmp_path):
    assert "does not exist. Create one" in str(refused(capsys, "trend", tmp_path / "absent.sqlite"))


def test_a_stack_of_another_zoom_has_a_curve_of_its_own():
    figure = plot_widths([OLD, NEW, ZOOM])
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["0.2 × 0.1 × 0.1 µm", "0.2 × 0.05 × 0.05 µm"]
    assert [len(curve.lines[0].get_xdata()) for curve in figure.axes[0].containers] == [2, 1]
