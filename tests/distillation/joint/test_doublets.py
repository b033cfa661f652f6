"""Beads that are two in one place give themselves away by their spread."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psfbridge.detection.find import find
from psfbridge.distillation.api import distill
from psfbridge.distillation.joint.bead_fit import refit_beads
from psfbridge.distillation.joint.bead_state import observe
from psfbridge.distillation.joint.doublets import Widening
from psfbridge.distillation.joint.stack import Aligned, stack_and_measure
from psfbridge.measurement.measures import measure
from psfbridge.numerics.fourier import crop_or_pad
from psfbridge.options import DistillOptions
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import simulate

BOX, CORE = (31, 41, 41), (13, 17, 17)
SCENE = Scene(beads=24, doublets=6, photons=(15e3, 45e3), shape=(41, 192, 192), seed=11)


@pytest.fixture(scope="module")
def field():
    return simulate(SCENE)


def true_reasons(field, positions):
    """Why the true bead that lies nearest to each position is not to be used."""
    true = field.beads.positions
    return [field.beads[int(np.abs(true - at).sum(axis=1).argmin())].reason for at in positions]


@pytest.mark.slow
def test_no_doublet_widens_the_psf(field):
    result = distill(field.image, method="joint", bead_diameter_um=0.1)
    reasons = true_reasons(field, result.beads.with_status("used").positions)
    assert reasons.count("") >= 17
    assert "doublet" not in reasons
    widths = zip(result.measures.fwhm_um, measure(field.psf).fwhm_um, strict=True)
    assert max(abs(found / true - 1) for found, true in widths) < 0.02


def judged(field, spoil=lambda counts: counts):
    """Fit all candidates to the true PSF and say of each one's spread whether it is odd."""
    spoilt = replace(field, image=replace(field.image, data=spoil(field.image.data)))
    found = find(spoilt.image, DistillOptions())
    psf = crop_or_pad(field.psf_grid, BOX, [n // 2 for n in field.psf_grid.shape]).astype(
        np.float32
    )
    beads = [one for one in observe([found], BOX) if one.contributes]
    for _ in range(4):
        beads, lights = refit_beads(beads, psf, CORE)
    widening = Widening(psf, CORE, np.asarray(found.scale.fwhm))
    _, spreads = stack_and_measure(beads, psf, lights, widening.spread)
    reasons = true_reasons(field, [one.fit.position for one in beads])
    return np.array(reasons) == "doublet", widening.odd(spreads), beads


def test_single_beads_are_alike(field):
    pair, odd, _ = judged(field)
    assert odd[~pair].sum() <= 1
    assert odd[pair].mean() > 0.6


def test_a_hot_voxel_in_a_bead_makes_no_pair_of_it(field):
    _, _, beads = judged(field)
    at = [int(n) for n in np.round(beads[0].fit.position)]

    def heated(counts):
        hot = counts.copy()
        hot[at[0] + 1, at[1] + 2, at[2]] += 3000
        return hot

    pair, odd, _ = judged(field, heated)
    assert odd[~pair].sum() <= 1


@settings(max_examples=10, deadline=None)
@given(st.floats(0.2, 0.6), st.floats(0, 0.3), st.floats(0, 0.3))
def test_the_spread_of_a_blurred_bead_is_that_of_the_blur(z, y, x):
    axes = np.meshgrid(*(np.arange(n) - n // 2 for n in CORE), indexing="ij", sparse=True)

    def bead(*variances):
        return np.exp(-0.5 * sum(a**2 / v for a, v in zip(axes, variances, strict=True)))

    psf = (bead(4, 3, 3) / bead(4, 3, 3).sum()).astype(np.float32)
    wide = bead(4 + z, 3 + y, 3 + x)
    aligned = Aligned((slice(None),) * 3, (wide / wide.sum()).astype(np.float32), np.ones_like(psf))
    spread, _ = Widening(psf, CORE, np.array([4.7, 4.1, 4.1])).spread(aligned)
    assert np.allclose(spread[:3], [z, y, x], atol=0.1)
    assert abs(spread[3]) < 0.01


def test_four_beads_are_too_few_to_tell():
    widening = Widening(np.ones(CORE, np.float32), CORE, np.array([4.0, 3.0, 3.0]))
    wide = (np.full(4, 9.0), np.eye(4) * 1e-6)
    usual = (np.zeros(4), np.eye(4) * 1e-6)
    assert not widening.odd([usual, usual, usual, wide]).any()
    assert widening.odd([usual, usual, usual, usual, wide]).tolist() == [False] * 4 + [True]
