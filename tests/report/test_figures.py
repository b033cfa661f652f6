"""Pictures: what is in them, and that nothing lies over something else."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from psfbridge.detection.beads import REASONS, Bead, Beads
from psfbridge.imaging.image import Image
from psfbridge.psf.psf import PSF
from psfbridge.report.figures import plot_beads, plot_image, plot_profiles, plot_psf
from psfbridge.report.layout import Layout

VOXEL_UM = (0.3, 0.1, 0.1)


def image(shape=(12, 60, 80), name="beads.tif"):
    counts = np.random.default_rng(1).poisson(20, shape).astype("uint16")
    counts[shape[0] // 2, 30, 40] = 900
    return Image(counts, VOXEL_UM, name)


def psf(shape=(15, 21, 21)):
    grid = np.ogrid[tuple(slice(0, length) for length in shape)]
    terms = ((g - n // 2) ** 2 / 5.0 for g, n in zip(grid, shape, strict=True))
    return PSF.from_volume(np.exp(-sum(terms)), VOXEL_UM)


def panels(figure):
    """The axes that show a picture, by their size in inches and their µm."""
    size = figure.get_size_inches()
    for axes in figure.axes:
        if axes.images:
            box = axes.get_position()
            extent = np.abs([np.diff(axes.get_xlim())[0], np.diff(axes.get_ylim())[0]])
            yield axes, np.array([box.width, box.height]) * size, extent


@pytest.mark.parametrize("draw", [plot_image, lambda one: plot_beads(one, Beads())])
def test_projections_have_the_true_aspect_ratio_in_one_scale(draw):
    found = list(panels(draw(image())))
    assert len(found) == 3
    scales = np.concatenate([inches / extent for _, inches, extent in found])
    assert scales == pytest.approx(scales[0], rel=1e-6)
    extents = sorted(tuple(np.round(extent, 6)) for _, _, extent in found)
    assert extents == [(3.6, 6.0), (8.0, 3.6), (8.0, 6.0)]


def test_the_projections_are_maxima():
    one = image()
    (main, _, _), *_ = panels(plot_image(one))
    assert np.array_equal(main.images[0].get_array(), one.data.max(axis=0))


def test_a_lone_bright_voxel_is_kept_where_there_are_more_voxels_than_pixels():
    counts = np.zeros((1, 30, 5000), "uint8")
    counts[0, 11, 3333] = 200
    (main, _, _), *_ = panels(plot_image(Image(counts, VOXEL_UM)))
    shown = main.images[0].get_array()
    assert shown.shape[1] < 2500
    assert shown.max() == 200


def test_every_bead_is_marked_and_counted_by_its_reason():
    beads = [Bead("beads.tif", i, 5.0, 5.0 + i, 5.0 + i, status="used") for i in range(4)]
    beads += [Bead("beads.tif", 4, 5, 30, 30, status="held_out")]
    beads += [
        Bead("beads.tif", 5 + i, 5, 40, 8.0 * i, status="rejected", reason=reason)
        for i, reason in enumerate(REASONS)
    ]
    beads += [Bead("other.tif", 0, 5, 5, 5)]
    figure = plot_beads(image(), Beads(beads))
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["used: 4", "held out: 1", *(f"{reason}: 1" for reason in REASONS)]
    (main, _, _), *_ = panels(figure)
    marks = np.concatenate([np.asarray(mark.get_offsets()) for mark in main.collections])
    assert len(marks) == len(beads) - 1
    assert marks[0] == pytest.approx((0.55, 0.55))
    colours = {tuple(mark.get_edgecolor()[0]) for mark in main.collections}
    assert len(colours) == 2 + len(REASONS)


def test_the_psf_is_shown_linear_and_logarithmic():
    found = list(panels(plot_psf(psf())))
    assert len(found) == 6
    kinds = [type(axes.images[0].norm).__name__ for axes, _, _ in found]
    assert kinds.count("LogNorm") == 3


def test_profiles_state_their_width():
    figure = plot_profiles(psf())
    titles = [axes.get_title() for axes in figure.axes[:3]]
    width = 2 * np.sqrt(5 * np.log(2))
    assert [title[0] for title in titles] == ["z", "y", "x"]
    for title, step in zip(titles, VOXEL_UM, strict=True):
        assert float(title.split()[2]) == pytest.approx(width * step, rel=5e-3)


def test_a_plane_has_one_panel_and_two_profiles():
    plane = psf((1, 21, 21))
    assert len(list(panels(plot_psf(plane)))) == 2
    assert len(plot_profiles(plane).axes) == 4
    assert len(list(panels(plot_image(image((1, 60, 80)))))) == 1


@pytest.mark.parametrize("shape", [(2, 300, 12), (40, 12, 300), (60, 20, 20), (1, 1000, 1000)])
def test_no_text_lies_over_another_or_leaves_the_picture(shape):
    long = Image(np.random.default_rng(2).random(shape), VOXEL_UM, "a" * 90 + ".tif")
    for figure in (plot_image(long), plot_beads(long, Beads()), plot_psf(psf())):
        figure.canvas.draw()
        page = figure.bbox
        boxes = [text.get_window_extent() for text in figure.texts if text.get_text()]
        for number, box in enumerate(boxes):
            assert box.x0 >= page.x0
            assert box.x1 <= page.x1 + 1
            assert not any(box.overlaps(other) for other in boxes[number + 1 :])


def test_saves_the_same_picture_without_a_display(tmp_path):
    plot_psf(psf()).savefig(tmp_path / "psf.png")
    assert (tmp_path / "psf.png").stat().st_size > 10_000
    assert "matplotlib.pyplot" not in sys.modules


def test_the_layout_fits_the_longer_side():
    layout = Layout.of((10, 100, 50), (1.0, 0.5, 0.5), 6.0)
    assert layout.y + layout.z == pytest.approx(6.0)
    assert layout.y == pytest.approx(5 * layout.z)
