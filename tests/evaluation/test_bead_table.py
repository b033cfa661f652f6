"""Single beads: all of them, on one scale."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from bead_stacks import PLACES, VOXEL_UM, distillation

from psfbridge.evaluation.bead_model import bead_model, seen_bead
from psfbridge.evaluation.bead_table import measure_every_bead
from psfbridge.evaluation.settings import AcquisitionSettings


@pytest.fixture(scope="module")
def result():
    return distillation(statuses={3: "too close", 5: "doublet"}, bead_diameter_um=0.1)


@pytest.fixture(scope="module")
def table(result):
    return measure_every_bead(result)


def test_used_and_rejected_beads_are_measured_alike(table):
    assert len(table) == len(PLACES)
    assert len(table.used) == len(PLACES) - 2
    alike = np.isclose(table.column("fwhm_x_um"), 0.1 * 1.4 * 2.3548, rtol=0.05)
    assert alike.all()
    assert np.isfinite(table.column("snr")).all()
    assert table[3].reason == "too close"


def test_the_wider_lateral_axis_is_told_with_its_direction():
    table = measure_every_bead(distillation(sigma=lambda _: (2.5, 1.9, 1.3), bead_diameter_um=0.1))
    wide, narrow = (0.1 * 2.3548 * sigma for sigma in (1.9, 1.3))
    assert table.column("fwhm_wide_um") == pytest.approx(wide, rel=0.08)
    assert table.column("fwhm_narrow_um") == pytest.approx(narrow, rel=0.08)
    assert table.column("theta_deg") == pytest.approx(90, abs=8)  # from x towards y


def test_positions_are_in_micrometres(table):
    z, y, x = (at * step for at, step in zip(PLACES[7], VOXEL_UM, strict=True))
    assert (table[7].z_um, table[7].y_um, table[7].x_um) == pytest.approx((z, y, x))


def test_medians_come_with_the_median_absolute_deviation(table):
    values = table.used.column("fwhm_z_um")
    median, mad = table.used.median_and_mad("fwhm_z_um")
    assert median == np.median(values)
    assert mad == pytest.approx(np.median(np.abs(values - median)))


def test_the_csv_has_one_row_for_every_candidate(table):
    rows = list(csv.DictReader(io.StringIO(table.to_csv())))
    assert [row["bead"] for row in rows] == [str(k) for k in range(len(PLACES))]
    assert float(rows[0]["fwhm_y_um"]) == pytest.approx(table[0].fwhm_y_um, rel=1e-5)


def test_beyond_the_limit_beads_are_listed_without_widths_and_that_is_said(result):
    table = measure_every_bead(result, AcquisitionSettings(most_beads_measured=4))
    measured = np.isfinite(table.column("fwhm_x_um"))
    assert measured.sum() == 4
    assert all(row.status == "used" for row, told in zip(table, measured, strict=True) if told)
    assert "4 of the 16 candidates" in table.notes[0]


def test_the_psf_explains_a_bead_that_is_like_it(result):
    bead = result.beads[6]
    found = bead_model(result.images[0], bead, seen_bead(result.psf, 0), (4, 6, 6))
    assert found.counts.shape == (9, 13, 13)
    assert np.abs(found.difference).max() < 0.1
    assert found.counts[found.middle] == pytest.approx(1000, rel=0.1)


def test_a_bead_at_the_border_is_cut_where_the_image_ends(result):
    bead = type(result.beads[0])("field.tif", 99, 1.3, 0.4, 118.7)
    found = bead_model(result.images[0], bead, seen_bead(result.psf, 0), (4, 6, 6))
    assert found.counts.shape == found.model.shape == (6, 7, 7)
    assert found.middle == (1, 0, 6)
