"""A freely rotating emitter's fields carry its light, whatever the azimuth."""

import numpy as np
import pytest

from psfbridge.optics.index_mismatch import fresnel
from psfbridge.optics.polarisation import Transmission, dipole_fields

ANGLES = np.linspace(0, 2 * np.pi, 13)


@pytest.mark.parametrize("sine", [0.0, 0.4, 0.92])
def test_a_mean_emitter_sends_alike_to_all_sides(sine):
    cosine = np.sqrt(1 - sine**2)
    light = Transmission(*(np.full(13, v) for v in (1.0, cosine, sine)))
    fields, weights = dipole_fields(light, ANGLES)
    # Two polarisations, each of unit strength: 1 + cos² + sin² over 2.
    np.testing.assert_allclose(weights @ np.abs(fields) ** 2, 1.0)


def test_light_is_transmitted_whole_where_the_media_are_one():
    leaving = np.sqrt(1.5**2 - np.linspace(0, 1.4, 9) ** 2)
    for wave in fresnel(leaving, leaving, 1.5, 1.5):
        np.testing.assert_allclose(wave, 1.0)


def test_steep_light_keeps_its_power_across_the_interface():
    """Transmitted and reflected power of a plane wave add to one (Born and Wolf, 1.5.3)."""
    sample, index = 1.33, 1.518
    across = np.linspace(0, 1.3, 12)
    entering, leaving = (np.sqrt(n**2 - across**2) for n in (sample, index))
    s_wave, p_wave = fresnel(leaving, entering, index, sample)
    # Reciprocity: what leaves is what plane waves from the other side bring there.
    s_back = (leaving - entering) / (leaving + entering)
    np.testing.assert_allclose(s_wave**2 * entering / leaving + s_back**2, 1.0)
    ratio = index / sample * entering, sample / index * leaving
    p_back = (ratio[0] - ratio[1]) / (ratio[0] + ratio[1])
    np.testing.assert_allclose(p_wave**2 * entering / leaving + p_back**2, 1.0)
