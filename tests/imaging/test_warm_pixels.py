"""What is constant along z is a fault of the camera, and no bead."""

import numpy as np
import pytest
from camera_faults import bead_field, with_warm_pixels

from psfbridge.imaging.warm_pixels import warm_pixels


@pytest.mark.parametrize("seed", [1, 2])
def test_pixels_that_stand_out_of_the_noise_are_found(seed):
    rng = np.random.default_rng(seed)
    counts = rng.normal(100, 5, (30, 120, 120))
    warm = rng.uniform(size=(120, 120)) < 0.003
    counts += np.where(warm, rng.choice([-20, 15, 40], warm.shape), 0)
    found = warm_pixels(counts, 5.0)
    assert (found == warm).mean() > 0.999
    assert found[warm].mean() > 0.97


def test_two_warm_pixels_side_by_side_are_both_found():
    counts = np.random.default_rng(0).normal(100, 5, (30, 60, 60))
    counts[:, 30, 30:32] += 25
    assert np.argwhere(warm_pixels(counts, 5.0)).tolist() == [[30, 30], [30, 31]]


@pytest.mark.parametrize("microscope", ["widefield", "confocal"])
def test_bright_beads_are_no_warm_pixels(microscope):
    optics = {"na": 1.4, "wavelength_um": 0.52, "refractive_index": 1.518}
    from psfbridge.options import Optics

    field = bead_field(3, optics=Optics(**optics, microscope=microscope))
    assert warm_pixels(field.image.data, 5.0) is None


def test_too_few_planes_tell_nothing():
    counts = np.random.default_rng(0).normal(100, 5, (8, 60, 60))
    counts[:, 30, 30] += 200
    assert warm_pixels(counts, 5.0) is None


def test_dim_beads_among_warm_pixels():
    field = bead_field(4, photons=(5e3, 10e3))
    counts = with_warm_pixels(field.image.data, np.random.default_rng(0), 0.003, 40)
    found = warm_pixels(counts, 5.0)
    for bead in field.beads:
        assert (
            not found[round(bead.y), round(bead.x)]
            or (counts - field.image.data)[0, round(bead.y), round(bead.x)]
        )
