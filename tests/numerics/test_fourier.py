"""Shifts and peaks against functions whose shift and peak are known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psfbridge.numerics.fourier import crop_or_pad, peak_position, shift_volume

#: At least this wide, a sampled Gaussian is band-limited to far below the tolerances here.
SIGMAS = st.floats(1.3, 1.7)
SHAPES = st.tuples(*[st.integers(19, 24)] * 3)
STEPS = st.tuples(*[st.floats(-1.5, 1.5)] * 3)


def gaussian(shape, centre, sigmas):
    """A Gaussian with axes (z, y, x); it is far from the edges, so periodic for all purposes."""
    waves = [
        np.exp(-0.5 * ((np.arange(length) - at) / sigma) ** 2)
        for length, at, sigma in zip(shape, centre, sigmas, strict=True)
    ]
    return waves[0][:, None, None] * waves[1][:, None] * waves[2]


def middle(shape):
    return np.array(shape) / 2


@settings(max_examples=40, deadline=None)
@given(SHAPES, STEPS, st.tuples(SIGMAS, SIGMAS, SIGMAS))
def test_a_shifted_gaussian_is_the_gaussian_there(shape, step, sigmas):
    before = gaussian(shape, middle(shape), sigmas)
    after = gaussian(shape, middle(shape) + step, sigmas)
    np.testing.assert_allclose(shift_volume(before, step), after, atol=1e-3)


def test_a_wide_gaussian_shifts_to_rounding():
    before = gaussian((31, 31, 31), (15, 15, 15), (1.8,) * 3)
    after = gaussian((31, 31, 31), (15.3, 14.6, 15.1), (1.8,) * 3)
    np.testing.assert_allclose(shift_volume(before, (0.3, -0.4, 0.1)), after, atol=1e-7)


@settings(max_examples=30, deadline=None)
@given(SHAPES, STEPS)
def test_a_shift_keeps_the_sum_and_comes_back(shape, step):
    rng = np.random.default_rng(3)
    volume = rng.random([length + 1 - length % 2 for length in shape])
    moved = shift_volume(volume, step)
    assert moved.sum() == pytest.approx(volume.sum())
    np.testing.assert_allclose(shift_volume(moved, [-s for s in step]), volume, atol=1e-10)


def test_a_whole_shift_is_a_roll():
    volume = np.random.default_rng(4).random((4, 5, 6))
    np.testing.assert_allclose(
        shift_volume(volume, (1, -2, 3)), np.roll(volume, (1, -2, 3), (0, 1, 2))
    )


@settings(max_examples=60, deadline=None)
@given(SHAPES, STEPS, st.tuples(SIGMAS, SIGMAS, SIGMAS))
def test_the_peak_of_a_gaussian_is_its_centre(shape, step, sigmas):
    centre = middle(shape) + step
    np.testing.assert_allclose(peak_position(gaussian(shape, centre, sigmas)), centre, atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.sampled_from([np.float32, np.uint16]))
def test_a_plane_has_a_peak_too(dy, dx, dtype):
    plane = 50000 * gaussian((1, 20, 21), (0, 10 + dy, 10 + dx), (1, 1.5, 1.5))
    np.testing.assert_allclose(peak_position(plane.astype(dtype)), (0, 10 + dy, 10 + dx), atol=1e-3)


def test_the_peak_is_that_of_the_finely_interpolated_volume():
    """An oracle without Newton: zero-padding the spectrum samples the same series densely."""
    rng = np.random.default_rng(5)
    line = gaussian((1, 1, 24), (0, 0, 11.3), (1, 1, 1.4)) + 0.05 * rng.random((1, 1, 24))
    spectrum = np.fft.rfft(line[0, 0])
    spectrum[-1] /= 2
    fine = np.fft.irfft(spectrum, 24 * 1000)
    assert peak_position(line)[2] == pytest.approx(np.argmax(fine) / 1000, abs=1e-3)


def test_a_start_chooses_between_two_peaks():
    shape = (1, 24, 24)
    volume = gaussian(shape, (0, 6.2, 6), (1, 1.2, 1.2))
    volume += 2 * gaussian(shape, (0, 17, 16.8), (1, 1.2, 1.2))
    np.testing.assert_allclose(peak_position(volume), (0, 17, 16.8), atol=1e-3)
    np.testing.assert_allclose(peak_position(volume, start=(0, 6, 6)), (0, 6.2, 6), atol=1e-3)


def test_a_constant_has_its_peak_where_the_search_starts():
    np.testing.assert_array_equal(peak_position(np.ones((3, 4, 5)), start=(1, 2, 2)), (1, 2, 2))


@given(
    st.tuples(*[st.integers(1, 9)] * 3),
    st.tuples(*[st.integers(1, 9)] * 3),
    st.data(),
)
@settings(max_examples=60, deadline=None)
def test_fitted_to_puts_the_voxel_in_the_middle(shape, size, data):
    volume = 1 + np.arange(np.prod(shape), dtype=float).reshape(shape)
    centre = data.draw(st.tuples(*[st.integers(0, length - 1) for length in shape]))
    result = crop_or_pad(volume, size, centre)
    assert result.shape == size
    for voxel in np.ndindex(*size):
        origin = np.array(voxel) - np.array(size) // 2 + centre
        inside = ((origin >= 0) & (origin < shape)).all()
        assert result[voxel] == (volume[tuple(origin)] if inside else 0)
