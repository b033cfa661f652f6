"""The error against the truth is what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psfbridge.errors import PSFError
from psfbridge.evaluation.psf_error import psf_error, psf_offset
from psfbridge.numerics.fourier import shift_volume


def spot(shape=(31, 41, 41), width=2.0, at=(0, 0, 0)):
    grid = np.meshgrid(*[np.arange(n) - n // 2 for n in shape], indexing="ij")
    square = sum((axis - step) ** 2 for axis, step in zip(grid, at, strict=True))
    return np.exp(-square / (2 * width**2))


@settings(max_examples=10, deadline=None)
@given(st.floats(0.1, 9), st.tuples(*[st.floats(-3, 3)] * 3))
def test_scale_and_shift_are_no_error(scale, step):
    assert psf_error(scale * spot(at=step), spot()) < 1e-4


def test_a_known_difference_is_measured():
    """What is added is orthogonal to the truth and to its derivatives, so nothing absorbs it."""
    truth = spot()
    z, y, x = np.meshgrid(*[np.arange(n) - n // 2 for n in truth.shape], indexing="ij")
    other = truth * x * y * z
    other *= 0.3 * np.linalg.norm(truth) / np.linalg.norm(other)
    # k < 1 shrinks both: the error is 0.3 / sqrt(1 + 0.3²).
    assert psf_error(truth + other, truth) == pytest.approx(0.3 / np.hypot(1, 0.3), rel=0.01)


def test_noise_is_measured_as_its_share():
    truth = spot()
    noise = np.random.default_rng(1).normal(size=truth.shape)
    window = np.s_[3:28, 4:37, 4:37]
    noise *= 0.1 * np.linalg.norm(truth[window]) / np.linalg.norm(noise[window])
    assert psf_error(truth + noise, truth) == pytest.approx(0.1, rel=0.03)


def test_nothing_in_common_is_one():
    assert psf_error(spot(width=60.0), spot(width=1.0)) > 0.9


def test_sizes_may_differ():
    assert psf_error(spot((21, 25, 27), 1.2), spot((33, 65, 65), 1.2)) < 1e-3
    assert psf_error(shift_volume(spot((1, 41, 41)), (0, 0.4, 0.3)), spot((1, 31, 31))) < 1e-3


@pytest.mark.parametrize("bad", [np.zeros((3, 3, 3)), np.full((3, 3, 3), np.nan)])
def test_no_psf_is_refused(bad):
    with pytest.raises(PSFError, match="the estimate is zero everywhere"):
        psf_error(bad, spot())


@settings(max_examples=10, deadline=None)
@given(st.tuples(*[st.floats(-3, 3)] * 3))
def test_an_offset_is_found_to_a_hundredth_of_a_voxel(step):
    assert psf_offset(2 * spot(at=step), spot()) == pytest.approx(np.linalg.norm(step), abs=0.01)


def test_an_offset_of_a_smaller_and_plane_psf():
    plane = shift_volume(spot((1, 41, 41)), (0, 0.4, 0.3))
    assert psf_offset(plane, spot((1, 31, 31))) == pytest.approx(0.5, abs=0.01)
