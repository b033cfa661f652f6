"""What is left of an image does not hang on the units of its values."""

from dataclasses import replace

import numpy as np
import pytest

from psfbridge.engines.cpu import mismatch
from psfbridge.imaging.noise import Noise


@pytest.mark.parametrize("factor", [1.0, 1e-3, 1e-7, 1e-10])
def test_the_mismatch_is_the_same_in_all_units(factor):
    noise = Noise(offset=10.0, gain=1.0, read_noise=2.0)
    expected = np.random.default_rng(0).uniform(10, 200, (4, 40, 40))
    spread = np.sqrt(noise.variance(expected))
    image = expected + spread * np.random.default_rng(1).normal(0, 1.5, expected.shape)
    scaled = replace(noise, offset=10 * factor, gain=factor, read_noise=2 * factor)
    told = mismatch(
        (image * factor).astype(np.float32), (expected * factor).astype(np.float32), scaled
    )
    assert told == pytest.approx(1.5**2, rel=0.05)
