"""The noise, measured once more from what a PSF leaves of the beads."""

import numpy as np
import pytest

from psfbridge.distillation.joint.bead_state import BeadFit, BeadState, Observation
from psfbridge.distillation.joint.noise_refit import with_measured_noise
from psfbridge.imaging.noise import Noise

SHAPE = (15, 25, 25)


def beads(noise, variance, background=300.0, count=6, seed=0):
    """Beads whose residual is normal noise of a given variance of the expected counts."""
    random = np.random.default_rng(seed)
    psf = np.ones(SHAPE, np.float32)
    for axis, sigma in enumerate((1.5, 1.3, 1.3)):
        z = (np.arange(SHAPE[axis]) - SHAPE[axis] // 2) / sigma
        psf *= np.exp(-(z**2) / 2).reshape([-1 if k == axis else 1 for k in range(3)])
    psf /= psf.sum()
    fit = BeadFit(np.array(SHAPE) // 2.0, 40e3, background, np.zeros(4), misfit=0.1)
    states = []
    for number in range(count):
        expected = 40e3 * psf + background
        counts = expected + random.normal(size=SHAPE) * np.sqrt(variance(expected))
        usable = np.ones(SHAPE, bool)
        seen = Observation(
            0, number, counts.astype(np.float32), usable, np.zeros(3, np.int64), noise
        )
        states.append(BeadState(seen, fit, np.zeros(SHAPE, np.float32), contributes=True))
    return states, psf


def test_gain_and_floor_are_those_of_the_residuals():
    states, psf = beads(Noise(100, 1.0, 9.0), lambda counts: 2.0 * (counts - 100) + 400)
    told = with_measured_noise(states, psf)[0].seen.noise
    assert told.gain == pytest.approx(2, rel=0.15)
    assert told.variance(300.0) == pytest.approx(800, rel=0.1)


def test_darkness_that_no_bead_shows_keeps_the_noise_that_the_image_has():
    # Around the beads the variance points at nothing for the darkest voxels, which lie elsewhere.
    states, psf = beads(Noise(100, 4.0, 20.0), lambda counts: 4.0 * (counts - 100))
    told = with_measured_noise(states, psf)[0].seen.noise
    assert told.read_noise**2 > 200
    assert told.gain == pytest.approx(4, rel=0.15)
