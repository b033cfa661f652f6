"""Resampling against functions that are known between the samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psfbridge.errors import OptionError, PSFError
from psfbridge.numerics.resample import resample_volume
from psfbridge.psf.psf import PSF


def gaussian(shape, voxel_um, sigma_um=(0.25, 0.1, 0.12)):
    axes = [(np.arange(n) - n // 2) * step for n, step in zip(shape, voxel_um, strict=True)]
    grid = np.meshgrid(*axes, indexing="ij")
    return np.exp(-0.5 * sum((g / s) ** 2 for g, s in zip(grid, sigma_um, strict=True)))


@settings(deadline=None, max_examples=15)
@given(*[st.floats(0.6, 1.9)] * 3)
def test_a_gaussian_stays_the_same_function(z, y, x):
    voxel = (0.2, 0.08, 0.08)
    new = (0.2 * z, 0.08 * min(y, 1.2), 0.08 * min(x, 1.2))
    new = tuple(min(step, 0.6 * s) for step, s in zip(new, (0.4, 0.16, 0.16), strict=True))
    found = resample_volume(gaussian((19, 21, 23), voxel), voxel, new)
    expected = gaussian(found.shape, new)
    assert np.abs(found / found.max() - expected).max() < 5e-3


@pytest.mark.parametrize("new", [(0.1, 0.05, 0.05), (0.4, 0.16, 0.16), (0.2, 0.09, 0.03)])
def test_the_sum_stays(new):
    voxel = (0.2, 0.08, 0.08)
    volume = gaussian((19, 21, 23), voxel) * 7
    assert np.isclose(resample_volume(volume, voxel, new).sum(), volume.sum(), rtol=1e-9)


def test_there_and_back_again_is_the_psf():
    voxel = (0.2, 0.08, 0.08)
    psf = PSF.from_volume(gaussian((19, 21, 23), voxel), voxel, provenance={"from": "here"})
    back = psf.resampled((0.15, 0.05, 0.061)).resampled(voxel)
    again = back.cropped(psf.data.shape)
    assert np.abs(again.data - psf.data).max() < 0.01 * psf.data.max()
    assert back.provenance["from"] == "here"


def test_a_plane_stays_a_plane():
    psf = PSF.from_volume(gaussian((1, 21, 23), (1, 0.08, 0.08)), (1, 0.08, 0.08))
    assert psf.resampled((0.5, 0.1, 0.1)).data.shape[0] == 1


def test_to_larger_voxels_what_they_cannot_hold_is_left_out():
    fine = np.zeros((1, 1, 81))
    fine[..., 1:-1] = 1 + np.cos(np.pi * np.arange(-39, 40) * 0.9)
    found = resample_volume(fine, (1, 1, 1), (1, 1, 2))
    inner = found[0, 0, 10:-10]
    # Without the low-pass the fast wave would fold into a slow one of the same height.
    assert np.ptp(inner) < 0.3 * inner.mean()


def test_impossible_voxels_are_refused():
    psf = PSF.from_volume(gaussian((19, 21, 23), (0.2, 0.08, 0.08)), (0.2, 0.08, 0.08))
    with pytest.raises(OptionError, match="voxel_um"):
        psf.resampled((0.2, 0, 0.1))
    with pytest.raises(PSFError, match="Check both voxel sizes"):
        psf.resampled((2e-3, 1e-3, 1e-3))
