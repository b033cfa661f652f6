"""Maps over the field show each bead's own figures at its place."""

from __future__ import annotations

import numpy as np
import pytest
from bead_stacks import PLACES, distillation

from psfbridge.distillation.chromatic_shift import ChromaticShift
from psfbridge.evaluation.assessment import assess
from psfbridge.report.bead_figures import plot_bead_maps, plot_histograms, plot_shifts


def wider_to_the_right(at):
    return 2.5, 1.4, 1.4 * (1 + 0.4 * (at[2] - 60) / 60)


@pytest.fixture(scope="module")
def assessment():
    """Beads on a tilted plane that are wider in x the farther right they are; three rejected."""
    places = [(12 + (x - 60) / 40, y, x) for _, y, x in PLACES]
    result = distillation(
        sigma=wider_to_the_right, places=places, statuses=dict.fromkeys((1, 2, 3), "doublet"),
        bead_diameter_um=0.1,
    )  # fmt: skip
    return assess(result)


def maps_of(assessment):
    figure = plot_bead_maps(assessment)
    return {axes.get_title(): axes for axes in figure.axes if axes.get_title()}


def test_there_is_a_map_of_every_width_of_asymmetry_focus_and_slant(assessment):
    titles = list(maps_of(assessment))
    assert [title.split(" ")[0] for title in titles] == ["FWHM"] * 3 + ["narrow", "focus", "slant"]


def test_a_map_has_each_used_bead_at_its_place_with_its_own_figure(assessment):
    dots = maps_of(assessment)["FWHM x (µm)"].collections[0]
    x, y = dots.get_offsets().T
    used = assessment.beads.used
    np.testing.assert_allclose(x, used.column("x_um"))
    np.testing.assert_allclose(y, used.column("y_um"))
    np.testing.assert_allclose(dots.get_array(), used.column("fwhm_x_um"))
    # 40 % more at the right than in the middle, as the beads were made.
    assert np.polyfit(x, dots.get_array(), 1)[0] * 6 / np.median(
        np.asarray(dots.get_array())
    ) == pytest.approx(0.4, rel=0.25)


def test_the_tilted_plane_is_seen_in_the_map_of_focus(assessment):
    dots = maps_of(assessment)["focus z (µm)"].collections[0]
    x, _ = dots.get_offsets().T
    # A voxel of z, 0.2 µm, for 40 of x, 4 µm.
    assert np.polyfit(x, dots.get_array(), 1)[0] == pytest.approx(0.05, rel=0.1)


def test_lines_show_the_wider_axis_of_each_bead():
    result = distillation(sigma=lambda _: (2.5, 1.9, 1.3), bead_diameter_um=0.1)
    axes = next(a for title, a in maps_of(assess(result)).items() if title.startswith("narrow"))
    quiver = axes.collections[-1]
    assert np.abs(quiver.V).min() > 0.98  # along y
    assert len(quiver.V) == len(PLACES)


def test_used_and_rejected_beads_have_one_scale_in_the_histograms(assessment):
    axes = plot_histograms(assessment).axes[-1]
    assert axes.get_title().startswith("x: ")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["used", "rejected"]
    used = axes.containers[0]
    assert sum(bar.get_height() for bar in used) == len(assessment.beads.used)


def test_the_shift_of_each_bead_is_an_arrow_at_its_place():
    places = ((0.0, 1.0, 2.0), (0.0, 9.0, 8.0))
    shift = ChromaticShift(
        channel=1, reference=0, beads=2, places_um=places,
        bead_shifts_nm=((30.0, 10.0, -20.0), (50.0, 0.0, 40.0)),
    )  # fmt: skip
    figure = plot_shifts(shift)
    quiver = figure.axes[0].collections[0]
    np.testing.assert_allclose(quiver.get_offsets(), [(2, 1), (8, 9)])
    np.testing.assert_allclose(quiver.U, [-20, 40])
    np.testing.assert_allclose(quiver.V, [10, 0])
    np.testing.assert_allclose(quiver.get_array(), [30, 50])
