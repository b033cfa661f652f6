"""The stack of aligned beads keeps the PSF's width, though positions were fitted to noise."""

import numpy as np
import pytest

from psfbridge.distillation.joint import stack
from psfbridge.distillation.joint.bead_fit import refit_beads
from psfbridge.distillation.joint.bead_state import BeadFit, BeadState, Observation
from psfbridge.distillation.joint.doublets import Widening
from psfbridge.distillation.joint.stack import Aligned, stack_beads
from psfbridge.imaging.noise import Noise
from psfbridge.numerics.robust import FWHM_PER_SIGMA

SHAPE, CORE = (15, 21, 21), (13, 17, 17)
SIGMA = np.array([2.2, 1.6, 1.6])
BEADS, LIGHT, NOISE = 400, 100.0, 0.6


def bead(random, psf, number):
    """A bead in the middle of its box, in noise that is the same everywhere."""
    counts = LIGHT * psf + random.normal(0, NOISE, SHAPE)
    usable, corner = np.ones(SHAPE, bool), np.zeros(3, int)
    seen = Observation(0, number, counts.astype(np.float32), usable, corner, Noise(1e6, 1, NOISE))
    fit = BeadFit(np.array(SHAPE) // 2.0, LIGHT, 0.0, np.zeros(4))
    return BeadState(seen, fit, np.zeros(SHAPE, np.float32), True, model_error=0.0)


@pytest.fixture(scope="module")
def fitted():
    """Beads fitted to the true PSF: only noise puts them out of place."""
    grid = np.indices(SHAPE) - np.reshape(np.array(SHAPE) // 2, (3, 1, 1, 1))
    psf = np.exp(-0.5 * np.sum((grid / SIGMA.reshape(3, 1, 1, 1)) ** 2, 0)).astype(np.float32)
    psf /= psf.sum()
    random = np.random.default_rng(5)
    beads = [bead(random, psf, number) for number in range(BEADS)]
    for _ in range(5):
        beads, lights = refit_beads(beads, psf, CORE)
    return beads, lights, psf


def spread(beads, lights, psf):
    """How much wider than the PSF the stack is along z, y and x, in voxels²."""
    found = stack_beads(beads, psf, lights)
    whole = tuple(slice(0, n) for n in SHAPE)
    seen = Aligned(whole, found.mean, found.weight)
    return Widening(psf, CORE, FWHM_PER_SIGMA * SIGMA).spread(seen)[0][:3]


def test_a_fit_tells_how_uncertain_its_position_is(fitted):
    beads, _, _ = fitted
    middle = np.array(SHAPE) // 2
    off = np.mean([(one.fit.position - middle) ** 2 for one in beads], axis=0)
    told = np.mean([one.fit.position_variance for one in beads], axis=0)
    assert told == pytest.approx(off, rel=0.3)


def test_positions_that_were_fitted_to_noise_do_not_sharpen_the_stack(fitted, monkeypatch):
    beads, lights, psf = fitted
    lost = np.mean([one.fit.position_variance for one in beads], axis=0)
    kept = spread(beads, lights, psf)
    monkeypatch.setattr(stack, "_position_noise_bias", lambda _: np.zeros(3, np.float32))
    plain = spread(beads, lights, psf)
    assert plain.sum() < -0.5 * lost.sum()
    assert abs(kept.sum()) < 0.3 * lost.sum()
