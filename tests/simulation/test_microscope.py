"""The optics agree with an independent implementation, and with theory."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from psfbridge.errors import OptionError
from psfbridge.evaluation.psf_error import psf_error
from psfbridge.options import Optics
from psfbridge.simulation.microscope import Microscope, psf_volume

OIL = Optics(na=1.4, wavelength_um=0.52, refractive_index=1.518)
WATER = Optics(na=1.1, wavelength_um=0.6, refractive_index=1.33)
AIR = Optics(na=0.75, wavelength_um=0.52, refractive_index=1.0)
STEP, SHAPE = (0.2, 0.1, 0.1), (25, 33, 33)

psfmodels = pytest.mark.skipif(find_spec("psfmodels") is None, reason="psfmodels not installed")


def pair(optics, **more):
    return [
        psf_volume(Microscope(optics=optics, model=model, **more), STEP, SHAPE)
        for model in ("vectorial", "psfmodels")
    ]


@psfmodels
@pytest.mark.parametrize("optics", [OIL, WATER, AIR])
def test_the_vectorial_psf_is_that_of_psfmodels(optics):
    own, other = pair(optics)
    scale = (own * other).sum() / (own * own).sum()
    assert np.linalg.norm(scale * own - other) / np.linalg.norm(other) < 0.01


@psfmodels
def test_index_mismatch_is_that_of_psfmodels_but_for_where_z_starts():
    more = {"sample_index": 1.33, "depth_um": 3.0}
    own, other = (
        psf_volume(Microscope(optics=OIL, model=model, **more), STEP, (41, 33, 33))
        for model in ("vectorial", "psfmodels")
    )
    first = [int(np.argmax(volume.max(axis=(1, 2)))) - 8 for volume in (own, other)]
    own, other = (
        volume[start : start + 17] for volume, start in zip((own, other), first, strict=True)
    )
    assert psf_error(own, other) < 0.04
    assert psf_error(own[::-1], other) > 0.3


def test_low_na_in_focus_is_the_airy_pattern():
    from scipy.special import j1

    optics = Optics(na=0.2, wavelength_um=0.5, refractive_index=1.0)
    found = psf_volume(Microscope(optics=optics, model="scalar"), (1, 0.1, 0.1), (1, 1, 61))[0, 0]
    u = 2 * np.pi * 0.2 / 0.5 * np.abs(np.arange(61) - 30) * 0.1
    u[30] = 1
    airy = (2 * j1(u) / u) ** 2
    airy[30] = 1
    np.testing.assert_allclose(found, airy, atol=0.003)


def test_in_every_plane_of_a_widefield_is_the_same_light():
    optics = Optics(na=0.5, wavelength_um=0.5, refractive_index=1.0)
    volume = psf_volume(Microscope(optics=optics), (0.5, 0.25, 0.25), (9, 121, 121))
    light = volume.sum(axis=(1, 2))
    np.testing.assert_allclose(light, light[4], rtol=0.03)


def test_astigmatism_stretches_one_way_above_and_the_other_below():
    volume = psf_volume(Microscope(optics=WATER, astigmatism=0.15), STEP, SHAPE)
    spread = []
    for plane in (volume[9], volume[15]):
        at = np.arange(-4, 5)
        core = plane[12:21, 12:21] / plane[12:21, 12:21].sum()
        spread.append((core.sum(axis=0) @ at**2) - (core.sum(axis=1) @ at**2))
    assert spread[0] * spread[1] < 0
    assert spread[0] == pytest.approx(-spread[1], rel=0.05)


def test_spherical_aberration_makes_above_unlike_below():
    volume = psf_volume(Microscope(optics=WATER, spherical=0.15), STEP, SHAPE)
    assert np.abs(volume - volume[::-1]).max() > 0.1
    plain = psf_volume(Microscope(optics=WATER), STEP, SHAPE)
    np.testing.assert_allclose(plain, plain[::-1], atol=1e-4)


def test_pixels_must_be_square():
    with pytest.raises(OptionError, match=r"0\.1 in y and 0\.2 in x"):
        psf_volume(Microscope(optics=WATER), (0.2, 0.1, 0.2), SHAPE)
