"""Scale and constant of an image's values change nothing that any command answers."""

import re
from dataclasses import replace

import numpy as np
import pytest
from bead_grid import field_of_beads

import psfbridge as pb

#: Factor, constant, and type of the values.
VALUES = {
    "offset of 60,000": (1.0, 60_000, np.uint32),
    "from 0 to 1": (1 / 65535, 0, np.float32),
    "in millionths": (1e-6, 0, np.float64),
    "in millions": (1e6, 0, np.float64),
    "negative": (1.0, -4000, np.float32),
}
BOX = {"size_um": (1.5, 1.3, 1.3)}

every_value = pytest.mark.parametrize("values", VALUES)


@pytest.fixture(scope="module")
def beads():
    return field_of_beads()


@pytest.fixture(scope="module")
def psf(beads):
    return pb.distill(beads, method="average", **BOX).psf


def in_values(beads, values):
    factor, constant, kind = VALUES[values]
    return replace(beads, data=(factor * (beads.data.astype(float) + constant)).astype(kind))


@every_value
def test_beads_and_their_average(beads, psf, values):
    image = in_values(beads, values)
    assert pb.find_beads(image).sentence() == pb.find_beads(beads).sentence()
    found = pb.distill(image, method="average", **BOX).psf
    assert np.abs(found.data - psf.data).max() < 1e-3 * psf.data.max()


@every_value
def test_measures_of_beads(beads, values):
    found, right = pb.measure(in_values(beads, values)), pb.measure(beads)
    assert found.fwhm_um == pytest.approx(right.fwhm_um, rel=1e-3)
    assert found.snr == pytest.approx(right.snr, rel=0.02)


@every_value
def test_the_check_of_a_psf(beads, psf, values):
    found, right = pb.check(psf, in_values(beads, values)), pb.check(psf, beads)
    assert found.median("residual") == pytest.approx(right.median("residual"), rel=0.02, abs=1e-4)


@pytest.mark.parametrize("values", [name for name in VALUES if VALUES[name][1] == 0])
def test_deconvolution_and_when_it_stops(beads, psf, values):
    options = {"engine": "cpu", "iterations": 30, "stop": "discrepancy"}
    right = pb.deconvolve(beads, psf, **options)
    found = pb.deconvolve(in_values(beads, values), psf, **options)
    factor = VALUES[values][0]
    assert np.abs(found.data / factor - right.data).max() < 2e-3 * right.data.max()
    ended = [re.findall(r"\d+ iterations", " ".join(one.notes)) for one in (found, right)]
    assert ended[0] == ended[1]


@pytest.mark.slow
@pytest.mark.parametrize("values", ["offset of 60,000", "from 0 to 1"])
def test_the_solved_psf(beads, values):
    found, right = (
        pb.distill(one, bead_diameter_um=0.1, **BOX) for one in (in_values(beads, values), beads)
    )
    assert np.abs(found.psf.data - right.psf.data).max() < 0.01 * right.psf.data.max()
