"""Light that a widefield PSF's box cuts off: intensities are right in spite of it."""

from dataclasses import replace

import numpy as np
import pytest
from changing_scenes import light_of, scene_of, seen
from command_line import run as run_command
from cone_of_light import cut_psf, seen_object

import psfbridge as pb
from psfbridge.imaging.image import Image
from psfbridge.numerics.cutouts import central

ITERATIONS = 40
#: True PSFs that hold the cone of light in the planes that are asked for.
WIDE = {"oil": {"psf_um": (8.0, 24.0, 24.0)}, "air": {"psf_um": (16.0, 28.0, 28.0)}}


def true_share(field, shape):
    """The share of the true PSF's light in a box's planes that falls into the box."""
    light = field.psf_grid / field.psf_grid.sum(axis=(1, 2)).max()
    box = [n - 2 for n in shape]
    return float(light[central(light.shape, box)].sum()) / box[0]


def sharp(image, psf, **options):
    return pb.deconvolve(image, psf, iterations=ITERATIONS, engine="cpu", **options)


@pytest.mark.parametrize(("seed", "box"), [(1, (17, 25, 25)), (2, (17, 29, 29))])
def test_a_known_flux_comes_out_within_two_percent(seed, box):
    cells, psf = seen_object(seed), cut_psf(box)
    assert psf.light_inside < 0.95
    result = sharp(cells.image, psf)
    assert cells.flux(result.data) == pytest.approx(1, abs=0.02)
    assert "of the light of a point lies outside the box" in " ".join(result.notes)


def test_without_the_share_it_would_be_too_low():
    cells = seen_object()
    assert cells.flux(sharp(cells.image, replace(cut_psf(), light_inside=None)).data) < 0.93


def test_an_even_light_stays_what_it_is():
    even = Image(np.full((16, 56, 56), 50.0, np.float32), (0.2, 0.1, 0.1))
    inner = sharp(even, cut_psf()).data[4:-4, 15:-15, 15:-15]
    assert float(inner.mean()) == pytest.approx(50, rel=0.1)


def test_from_file_to_file_it_is_the_same(tmp_path, capsys):
    cells, psf = seen_object(), cut_psf()
    paths = [tmp_path / name for name in ("cells.tif", "psf.tif", "sharp.tif")]
    pb.write_image(paths[0], cells.image)
    psf.save(paths[1])
    options = ("--iterations", ITERATIONS, "--engine", "cpu")
    status, _, _ = run_command(
        capsys, "deconvolve", paths[0], "--psf", paths[1], "-o", paths[2], *options
    )
    assert status == 0
    right = sharp(cells.image, psf).data
    np.testing.assert_allclose(pb.read_image(paths[2]).data, right, rtol=1e-4, atol=1e-3)


def test_tiles_leave_no_seam_in_it():
    cells, psf = seen_object(), cut_psf()
    whole = sharp(cells.image, psf).data
    tiled = sharp(cells.image, psf, tile_um=(3.2, 2.8, 2.8)).data
    assert np.linalg.norm(tiled - whole) < 0.02 * np.linalg.norm(whole)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["oil", "air"])
def test_a_distilled_psf_knows_its_share_of_light(kind):
    field, light = light_of(scene_of(kind, 3, **WIDE[kind]))
    psf = pb.distill(seen(field, light), bead_diameter_um=0.1).psf
    assert psf.light_inside == pytest.approx(true_share(field, psf.data.shape), abs=0.02)
