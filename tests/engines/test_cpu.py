"""The CPU engine against direct sums, known answers and scikit-image."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal
from skimage import restoration

from psfbridge._util.threads import cores
from psfbridge.engines import CpuEngine, Plan
from psfbridge.engines.problem import Problem, circulant_problem, next_smooth, open_edge_problem
from psfbridge.errors import Cancelled, ImageError
from psfbridge.imaging.noise import Noise

LENGTHS = st.tuples(*[st.integers(1, 9)] * 3)


def lopsided_psf(shape=(5, 7, 7)):
    """A PSF without any symmetry, so that a wrong shift or a flipped axis shows."""
    grid = np.indices(shape) - np.reshape([n // 2 for n in shape], (3, 1, 1, 1))
    psf = np.exp(-0.5 * np.sum((grid / np.reshape([0.8, 1.1, 1.4], (3, 1, 1, 1))) ** 2, 0))
    psf *= 1 + 0.3 * np.tanh(grid[0] + 0.5 * grid[1] - 0.7 * grid[2])
    for axis in range(3):
        if shape[axis] > 1:
            np.moveaxis(psf, axis, 0)[[0, -1]] = 0
    return (psf / psf.sum()).astype(np.float32)


def points(shape, count, seed):
    rng = np.random.default_rng(seed)
    truth = np.zeros(shape, np.float32)
    for _ in range(count):
        truth[tuple(rng.integers(2, n - 2) for n in shape)] += rng.uniform(500, 2000)
    return truth


def literal_richardson_lucy(image, psf, iterations):
    """The textbook's formula, circulant, in double precision."""
    moved = np.zeros(image.shape)
    moved[tuple(slice(0, n) for n in psf.shape)] = psf
    moved = np.roll(moved, [-(n // 2) for n in psf.shape], (0, 1, 2))
    otf = np.fft.fftn(moved)
    estimate = image.astype(float)
    for _ in range(iterations):
        blurred = np.fft.ifftn(np.fft.fftn(estimate) * otf).real
        estimate = estimate * np.fft.ifftn(np.fft.fftn(image / blurred) * otf.conj()).real
    return estimate


@given(st.integers(1, 3000))
def test_next_smooth_is_the_least_product_of_2_3_5_7(length):
    smooth = sorted(
        a * b * c * d
        for a in 2 ** np.arange(13)
        for b in 3 ** np.arange(8)
        for c in 5 ** np.arange(6)
        for d in 7 ** np.arange(5)
    )
    assert next_smooth(length) == next(n for n in smooth if n >= length)


def test_agrees_with_the_formula():
    image = np.random.default_rng(1).random((6, 10, 12)).astype(np.float32) + 0.1
    found = CpuEngine().richardson_lucy(image, lopsided_psf(), 8)
    expected = literal_richardson_lucy(image, lopsided_psf(), 8)
    assert np.abs(found - expected).max() < 1e-5 * expected.max()


def test_is_faithful_to_the_image_where_the_frame_is_larger():
    # 11, 13 and 17 are extended by reflection: the formula on the extended image.
    image = np.random.default_rng(2).random((11, 13, 17)).astype(np.float32) + 0.1
    extended = np.pad(image, ((1, 0), (1, 0), (1, 0)), "reflect")
    assert extended.shape == tuple(next_smooth(n) for n in image.shape)
    found = CpuEngine().richardson_lucy(image, lopsided_psf(), 5)
    expected = literal_richardson_lucy(extended, lopsided_psf(), 5)[1:, 1:, 1:]
    assert np.abs(found - expected).max() < 1e-5 * expected.max()


@settings(deadline=None, max_examples=30)
@given(LENGTHS, LENGTHS, st.integers(0, 2**31))
def test_the_frame_holds_the_image_and_the_whole_psf(shape, psf_shape, seed):
    rng = np.random.default_rng(seed)
    image = rng.random(shape).astype(np.float32) + 0.1
    problem = circulant_problem(image, rng.random(psf_shape).astype(np.float32))
    assert np.array_equal(problem.cut(problem.image), image)
    assert np.isclose(problem.wrapped_psf().sum(), problem.psf.sum())


@settings(deadline=None, max_examples=30)
@given(LENGTHS, st.tuples(*[st.integers(0, 4)] * 3), st.integers(0, 2**31))
def test_light_seen_is_the_adjoint_of_ones(shape, radii, seed):
    rng = np.random.default_rng(seed)
    psf = rng.random([2 * r + 1 for r in radii]).astype(np.float32)
    psf /= psf.sum()
    problem = open_edge_problem(np.ones(shape, np.float32), psf)
    measured = np.zeros(problem.frame)
    measured[tuple(slice(0, n) for n in shape)] = 1
    otf = np.fft.fftn(problem.wrapped_psf())
    expected = np.fft.ifftn(np.fft.fftn(measured) * otf.conj()).real
    assert np.allclose(problem.light().whole(), expected, atol=1e-5)


def test_keeps_the_flux_of_a_periodic_image():
    image = np.random.default_rng(3).poisson(20, (8, 16, 18)).astype(np.float32)
    found = CpuEngine().richardson_lucy(image, 7 * lopsided_psf(), 20)
    assert np.isclose(found.sum(), image.sum(), rtol=1e-5)


def test_likelihood_rises_with_every_iteration():
    truth = points((8, 30, 30), 20, seed=4)
    blurred = ndimage.convolve(truth, lopsided_psf(), mode="wrap") + 5
    image = np.random.default_rng(4).poisson(blurred).astype(np.float32)
    levels = [log_likelihood(image, n) for n in range(1, 8)]
    assert (np.diff(levels) > 0).all()


def log_likelihood(image, iterations, **plan):
    problem = circulant_problem(image, lopsided_psf())
    estimate = CpuEngine().solve(problem, Plan(iterations=iterations, **plan)).estimate
    blurred = np.maximum(ndimage.convolve(estimate, lopsided_psf(), mode="wrap"), 1e-6)
    return float(np.sum(image * np.log(blurred) - blurred, dtype=float))


def test_acceleration_needs_less_than_half_of_the_iterations():
    truth = points((8, 32, 32), 20, seed=5)
    blurred = ndimage.convolve(truth, lopsided_psf(), mode="wrap") + 5
    image = np.random.default_rng(5).poisson(blurred).astype(np.float32)
    plain = log_likelihood(image, 60)
    assert log_likelihood(image, 25, accelerate=True) > plain


def test_open_edges_recover_points_outside_and_at_the_border():
    shape, psf = (9, 40, 40), lopsided_psf()
    truth = points(shape, 25, seed=6) + 3
    whole = signal.fftconvolve(truth, psf, mode="same")
    part = np.ascontiguousarray(whole[2:7, 8:32, 8:32]).astype(np.float32)
    problem = open_edge_problem(part, psf)
    found = problem.cut(CpuEngine().solve(problem, Plan(iterations=300)).estimate)
    wrapped = CpuEngine().richardson_lucy(part, psf, 300)
    expected = truth[2:7, 8:32, 8:32]
    errors = [np.abs(guess - expected).sum() / expected.sum() for guess in (found, wrapped)]
    assert errors[0] < 0.5 * errors[1]


def test_stops_where_the_residual_is_the_noise():
    truth = points((8, 30, 30), 20, seed=7)
    blurred = ndimage.convolve(truth, lopsided_psf(), mode="wrap") + 20
    image = np.random.default_rng(7).poisson(blurred).astype(np.float32)
    problem = circulant_problem(image, lopsided_psf())
    solution = CpuEngine().solve(problem, Plan(iterations=500, noise=Noise(0, 1, 0)))
    assert solution.ended == "discrepancy"
    assert 1 < solution.iterations < 200
    reblurred = ndimage.convolve(solution.estimate, lopsided_psf(), mode="wrap")
    assert 0.9 < np.mean((image - reblurred) ** 2 / reblurred) <= 1.001


def test_total_variation_smooths_noise_and_keeps_edges():
    truth = np.full((8, 30, 30), 20.0)
    truth[2:6, 8:22, 8:22] = 200
    blurred = ndimage.convolve(truth, lopsided_psf(), mode="wrap")
    image = np.random.default_rng(8).poisson(blurred).astype(np.float32)
    problem = circulant_problem(image, lopsided_psf())
    errors = []
    for tv in (0, 0.02):
        estimate = CpuEngine().solve(problem, Plan(iterations=60, tv=tv)).estimate
        errors.append(np.linalg.norm(estimate - truth) / np.linalg.norm(truth))
    assert errors[1] < 0.7 * errors[0]


class StartsFlat(Problem):
    """Starts like scikit-image: 0.5 in the image, and no light from outside."""

    def start(self):
        return (np.where(self.image > 0, 0.5, 0)).astype(np.float32)


def test_agrees_with_scikit_image():
    truth = points((10, 24, 24), 12, seed=9) + 10
    image = ndimage.convolve(truth, lopsided_psf(), mode="wrap").astype(np.float32)
    padded = np.pad(image, [(0, 4), (0, 6), (0, 6)])
    problem = circulant_problem(padded, lopsided_psf())
    flat = StartsFlat(**{name: getattr(problem, name) for name in problem.__dataclass_fields__})
    found = flat.cut(CpuEngine().solve(flat, Plan(iterations=10)).estimate)[:10, :24, :24]
    peer = restoration.richardson_lucy(image, lopsided_psf(), 10, clip=False)
    assert np.abs(found - peer).max() < 1e-4 * peer.max()


@pytest.mark.parametrize("layout", [circulant_problem, open_edge_problem])
@pytest.mark.parametrize(
    ("options", "most"), [({}, 4), ({"tv": 0.01}, 4), ({"accelerate": True}, 6)]
)
def test_needs_four_volumes_and_six_if_accelerated(layout, options, most):
    plan = Plan(iterations=3, **options)
    image = np.random.default_rng(10).random((40, 240, 240)).astype(np.float32) + 1
    problem = layout(image, lopsided_psf((15, 31, 31)))
    CpuEngine().solve(problem, plan)
    tracemalloc.start()
    CpuEngine().solve(problem, plan)
    # The image itself came before and is one of them.
    peak = tracemalloc.get_traced_memory()[1] + problem.image.nbytes
    tracemalloc.stop()
    # What there is besides, slab by slab, does not grow with the frame.
    estimate = CpuEngine().needed_bytes(problem.frame, plan)
    slabs = estimate - most * 4 * np.prod(problem.frame)
    assert slabs < 4e6 * cores() * most
    assert 0.75 * estimate < peak < 1.02 * estimate


@pytest.mark.parametrize(
    ("value", "words"), [(np.nan, "NaN"), (np.inf, "NaN or infinite"), (-1, "negative")]
)
def test_refuses_voxels_that_cannot_be(value, words):
    image = np.ones((4, 6, 6), np.float32)
    image[1, 2, 3] = value
    with pytest.raises(ImageError, match=words):
        CpuEngine().richardson_lucy(image, lopsided_psf(), 3)


def test_is_cancelled_between_iterations():
    calls = []

    def progress(stage, done, total):
        calls.append(done)
        if done == 3:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        CpuEngine().richardson_lucy(np.ones((4, 6, 6)), lopsided_psf(), 10, progress=progress)
    assert calls == [0, 1, 2, 3]
