"""Beads that are two in one place give themselves away by their spread."""

from dataclasses import replace

import numpy as np
import pytest

from psfbridge.bead_fit import refitted
from psfbridge.distillation import distill
from psfbridge.finding import find
from psfbridge.measures import measure
from psfbridge.observation import observe
from psfbridge.options import DistillOptions
from psfbridge.scene import Scene
from psfbridge.shifts import fitted_to
from psfbridge.simulate import simulate
from psfbridge.widening import widened

SCENE = Scene(beads=24, doublets=6, photons=(15e3, 45e3), shape=(41, 192, 192), seed=11)


@pytest.fixture(scope="module")
def field():
    return simulate(SCENE)


def true_reasons(field, positions):
    """Why the true bead that lies nearest to each position is not to be used."""
    true = field.beads.positions
    return [field.beads[int(np.abs(true - at).sum(axis=1).argmin())].reason for at in positions]


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
    shape = (31, 41, 41)
    middle = [n // 2 for n in field.psf_grid.shape]
    psf = fitted_to(field.psf_grid, shape, middle).astype(np.float32)
    beads = [one for one in observe([found], shape) if one.votes]
    core, widths = (13, 17, 17), np.asarray(found.scale.fwhm)
    for _ in range(4):
        beads, _ = refitted(beads, psf, core)
    reasons = true_reasons(field, [one.fit.position for one in beads])
    return np.array(reasons) == "doublet", widened(beads, psf, core, widths), beads


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


def test_four_beads_are_too_few_to_tell(field):
    _, _, beads = judged(field)
    psf = fitted_to(field.psf_grid, (31, 41, 41), [n // 2 for n in field.psf_grid.shape])
    assert not widened(beads[:4], psf.astype(np.float32), (13, 17, 17), np.array([4, 3, 3])).any()
