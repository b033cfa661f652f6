"""The pupil's PSF: its derivatives, its limits, and a peer that was written by others."""

from dataclasses import replace

import numpy as np
import pytest

from psfbridge.evaluation.psf_error import psf_error
from psfbridge.optics.index_mismatch import brightest_um
from psfbridge.optics.propagation import samples_for
from psfbridge.optics.pupil import (
    BLUR_X,
    BLUR_Y,
    DEPTH,
    EDGE,
    EDGE_X,
    EDGE_Y,
    FIRST_MODE,
    INDEX,
    NA,
    SAMPLE,
    SHEET,
    PupilModel,
    X,
    Y,
    Z,
)

VOXEL_UM = (0.2, 0.1, 0.1)
SHAPE = (21, 31, 31)


def model(voxel_um=VOXEL_UM, **changes):
    samples = samples_for(SHAPE, voxel_um, 2.7, 2.92)
    return PupilModel(SHAPE, voxel_um, samples, order=4, amplitudes=2, **changes)


def parameters(one, seed=0):
    values = np.random.default_rng(seed).normal(0, 0.1, one.size)
    values[:FIRST_MODE] = 0
    values[[NA, INDEX, BLUR_Y, BLUR_X, SHEET]] = 2.4, 2.9, 2e-3, 3e-3, 0.2
    values[[Z, Y, X]] = 0.03, -0.02, 0.01
    return values


KINDS = [
    {},
    {"vectorial": True},
    {"power": 2},
    {"power": 2, "excitation_ratio": 1.06, "pinhole_au": 1.0},
    {"bead_diameter_um": 0.2},
]


MISMATCH = {SAMPLE: 2.55, DEPTH: 0.5}
STOP = {EDGE: 0.9, EDGE_Y: 0.2, EDGE_X: -0.1}


@pytest.mark.parametrize("there", [{}, MISMATCH, STOP], ids=["plain", "mismatched", "cut"])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_derivatives_are_those_of_the_volume(kind, there):
    # Fine voxels: a confocal PSF has twice the frequencies.
    one = model((0.1, 0.05, 0.05), **kind)
    values = parameters(one)
    for place, value in there.items():
        values[place] = value
    absent = {**MISMATCH, **STOP}.keys() - there.keys()
    free = [place for place in range(one.size) if place not in absent]
    _, slopes = one.derivatives(values, free)
    middle = (slice(4, -4), slice(6, -6), slice(6, -6))
    for place, slope in zip(free, slopes, strict=True):
        step = np.zeros(one.size)
        step[place] = 1e-2 if place >= EDGE else 1e-3
        numeric = (one.volume(values + step) - one.volume(values - step)) / (2 * step[place])
        size = np.linalg.norm(numeric[middle])
        most = 0.06
        if one.vectorial and place >= FIRST_MODE:
            # With polarisation, the slopes by the pupil's terms are those without: a direction.
            most = 0.5 if there else 0.35
        elif place == Z:
            most = 0.1  # the box cuts the cone of light, and its spectrum is periodic
        elif place in STOP:
            most = 0.15  # its edge passes from sample to sample of the pupil
        assert np.linalg.norm((slope - numeric)[middle]) < most * size, place


@pytest.mark.parametrize("depth_um", [-2.0, 6.0, 12.0])
def test_deep_in_a_sample_the_light_is_brightest_where_it_is_said_to_be(depth_um):
    na, oil, water = 2.69, 2.92, 2.56
    shape, step = (41, 21, 21), 0.02
    bright = brightest_um(na, oil, water, depth_um)
    model = PupilModel(shape, (step, 0.1, 0.1), 128, amplitudes=0, vectorial=True)
    values = np.zeros(model.size)
    values[[NA, INDEX, SAMPLE, DEPTH, Z]] = na, oil, water, depth_um, -bright
    axis = model.volume(values)[:, 10, 10]
    assert abs(int(axis.argmax()) - 20) * step <= 0.06


def test_the_light_does_not_depend_on_how_the_pupil_is_sampled():
    coarse = model()
    fine = replace(coarse, samples=2 * coarse.samples)
    values = parameters(coarse)
    assert fine.volume(values).max() == pytest.approx(coarse.volume(values).max(), rel=0.03)


def test_light_that_leaves_the_box_does_not_come_in_again():
    deep, voxel_um = (33, 45, 45), (0.25, 0.064, 0.064)
    samples = samples_for(deep, voxel_um, 2.5, 2.7)
    enough = PupilModel(deep, voxel_um, samples, amplitudes=0)
    values = np.zeros(enough.size)
    values[[NA, INDEX, BLUR_Y, BLUR_X]] = 2.5, 2.7, 3e-4, 3e-4
    plenty = replace(enough, samples=4 * samples).volume(values)
    assert psf_error(enough.volume(values), plenty, deep) < 5e-3
    # Half as many would be far off.
    few = replace(enough, samples=samples // 2)
    assert psf_error(few.volume(values), plenty, deep) > 2e-2


def test_the_bead_only_blurs():
    point, bead = model(), model(bead_diameter_um=0.2)
    values = parameters(point)
    assert np.allclose(bead.volumes(values)[1], point.volume(values), atol=1e-9)
    assert bead.volume(values).max() < point.volume(values).max()
    assert bead.volume(values).sum() == pytest.approx(point.volume(values).sum(), rel=1e-4)


def test_a_wider_pupil_is_sharper():
    one = model()
    values = parameters(one)
    values[FIRST_MODE:] = 0
    wide = values.copy()
    wide[NA] = 2.7
    narrow, broad = one.volume(values)[10], one.volume(wide)[10]
    assert broad.max() / broad.sum() > narrow.max() / narrow.sum()


@pytest.mark.parametrize(("na", "limit"), [(0.75, 0.03), (1.2, 0.03), (1.4, 0.05)])
def test_the_vectorial_model_agrees_with_psfmodels(na, limit):
    psfmodels = pytest.importorskip("psfmodels")
    index = 1.0 if na < 1 else 1.518
    z = (np.arange(SHAPE[0]) - SHAPE[0] // 2) * VOXEL_UM[0]
    optics = {"NA": na, "ni": index, "ni0": index, "ns": index}
    if na > 1:
        optics |= {"ng": index, "ng0": index}
    peer = psfmodels.vectorial_psf(z, nx=31, dxy=0.1, wvl=0.52, params=optics, normalize=True)
    one = model(vectorial=True)
    values = np.zeros(one.size)
    # The peer averages over the pixel: that is a blur of its variance.
    values[[NA, INDEX, BLUR_Y, BLUR_X]] = na / 0.52, index / 0.52, 0.01 / 12, 0.01 / 12
    assert psf_error(one.volume(values), np.asarray(peer, float), (21, 25, 25)) < limit
