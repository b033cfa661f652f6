"""Shifts, samples, slopes and peaks against functions for which all of these are known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psfbridge.numerics.fourier import (
    apply_per_axis,
    apply_with_slopes,
    crop_or_pad,
    dirichlet,
    peak_position,
    sampling_matrices,
    shift_matrices,
    shift_matrix,
    shift_volume,
    shifted_kernel,
    slope_factors,
)

#: At least this wide, a sampled Gaussian is band-limited to far below the tolerances here.
SIGMAS = st.floats(1.3, 1.7)
SHAPES = st.tuples(*[st.integers(19, 24)] * 3)
STEPS = st.tuples(*[st.floats(-1.5, 1.5)] * 3)


class Waves:
    """A sum of waves with one period of `length` samples: every derivative is known anywhere."""

    def __init__(self, length, seed=0):
        rng = np.random.default_rng(seed)
        self.length = length
        self.cycles = np.arange((length + 1) // 2)
        self.sizes = rng.standard_normal(len(self.cycles))
        self.phases = rng.uniform(0, 2 * np.pi, len(self.cycles))

    def __call__(self, place, order=0):
        turn = 2 * np.pi * self.cycles / self.length
        angles = np.multiply.outer(place, turn) + self.phases + order * np.pi / 2
        return np.cos(angles) @ (self.sizes * turn**order)

    @property
    def samples(self):
        return self(np.arange(self.length))


LENGTHS = pytest.mark.parametrize("length", [3, 8, 15, 24, 31])
HERE = np.array([-0.4, 0.0, 0.37, 1.5, 7.81])


@LENGTHS
@pytest.mark.parametrize("shift", [-1.7, 0.0, 0.25, 3.0])
def test_rows_of_waves_move(length, shift):
    waves = Waves(length)
    there = waves(np.arange(length) - shift)
    volume = waves.samples.reshape(1, 1, -1)
    np.testing.assert_allclose(shift_volume(volume, (0, 0, shift))[0, 0], there, atol=1e-9)
    # On the first axis the transform is not the halved one.
    volume = waves.samples.reshape(-1, 1, 1)
    np.testing.assert_allclose(shift_volume(volume, (shift, 0, 0))[:, 0, 0], there, atol=1e-9)
    largest = np.abs(waves.samples).max()
    by_matrix = shift_matrix(length, shift) @ waves.samples
    np.testing.assert_allclose(by_matrix, there, atol=1e-5 * largest)
    slope = shift_matrix(length, shift, derivative=True) @ waves.samples
    np.testing.assert_allclose(slope, -waves(np.arange(length) - shift, 1), atol=1e-4 * largest)


@LENGTHS
@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_kernel_gives_value_slope_and_curvature_between_the_samples(length, order):
    waves = Waves(length)
    for place in HERE:
        found = (-1) ** order * shifted_kernel(length, place, order) @ waves.samples
        assert found == pytest.approx(waves(place, order), abs=1e-8)


@pytest.mark.parametrize("length", [3, 15, 31])
def test_the_closed_form_of_the_kernel_gives_the_same_values(length):
    waves = Waves(length)
    weights = dirichlet(HERE[:, None] - np.arange(length), length)
    np.testing.assert_allclose(weights @ waves.samples, waves(HERE), atol=1e-9)


def test_fewer_terms_leave_the_higher_frequencies_out():
    waves = Waves(31)
    waves.sizes[6:] = 0
    low = waves(HERE)
    waves.sizes[6:] = 1
    weights = dirichlet(HERE[:, None] - np.arange(31), 31, terms=11)
    np.testing.assert_allclose(weights @ waves.samples, low, atol=1e-9)


@pytest.mark.parametrize(("length", "factor"), [(11, 1), (9, 2), (7, 3)])
def test_a_finely_sampled_row_is_seen_at_every_so_manieth_sample(length, factor):
    fine = factor * (length - 1) + 1
    waves = Waves(fine)
    places = fine // 2 + factor * (np.arange(length) - length // 2 - 0.3)
    shift = np.array([0.3])
    for order, derivative in ((0, False), (1, True)):
        (matrix,) = sampling_matrices((length,), (fine,), (factor,), shift, derivative=derivative)
        expected = (-factor) ** order * waves(places, order)
        np.testing.assert_allclose(matrix @ waves.samples, expected, atol=2e-4)


def test_slopes_of_a_spectrum():
    along = [Waves(n, seed) for seed, n in enumerate((7, 9, 12))]
    z, y, x = (waves.samples for waves in along)
    volume = z[:, None, None] * y[:, None] * x
    for axis, turn in enumerate(slope_factors(volume.shape)):
        z, y, x = (w(np.arange(w.length), int(k == axis)) for k, w in enumerate(along))
        slope = np.fft.irfftn(np.fft.rfftn(volume) * turn, s=volume.shape, axes=(0, 1, 2))
        np.testing.assert_allclose(slope, z[:, None, None] * y[:, None] * x, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(STEPS, st.integers(0, 2**16))
def test_matrices_move_volumes_as_the_transform_does(step, seed):
    volume = np.random.default_rng(seed).standard_normal((7, 8, 9))
    step = np.array(step)
    matrices = shift_matrices(volume.shape, step)
    moved = apply_per_axis(volume, matrices)
    np.testing.assert_allclose(moved, shift_volume(volume, step), atol=1e-4)
    slopes = [shift_matrices(volume.shape, step, along=axis)[axis] for axis in range(3)]
    same, *gradient = apply_with_slopes(volume, matrices, slopes)
    np.testing.assert_array_equal(same, moved)
    for axis, slope in enumerate(gradient):
        other = apply_per_axis(volume, shift_matrices(volume.shape, step, along=axis))
        np.testing.assert_allclose(slope, other, atol=1e-4)


def test_an_axis_of_one_voxel_stays():
    assert shift_matrix(1, 0.4).tolist() == [[1.0]]
    assert shift_matrix(1, 0.4, derivative=True).tolist() == [[0.0]]


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
def test_crop_or_pad_puts_the_voxel_in_the_middle(shape, size, data):
    volume = 1 + np.arange(np.prod(shape), dtype=float).reshape(shape)
    centre = data.draw(st.tuples(*[st.integers(0, length - 1) for length in shape]))
    result = crop_or_pad(volume, size, centre)
    assert result.shape == size
    for voxel in np.ndindex(*size):
        origin = np.array(voxel) - np.array(size) // 2 + centre
        inside = ((origin >= 0) & (origin < shape)).all()
        assert result[voxel] == (volume[tuple(origin)] if inside else 0)
