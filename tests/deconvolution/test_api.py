"""Deconvolution against known objects; tiles against the whole; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal

import psfbridge as pb
from psfbridge.deconvolution.tiles import fitting_tile, tiles
from psfbridge.engines import CpuEngine, Plan
from psfbridge.errors import Cancelled, EngineError, ImageError, OptionError, PSFError

VOXEL = (0.2, 0.1, 0.1)


def psf(shape=(9, 13, 13), width=(1.2, 1.5, 1.5)):
    grid = np.indices(shape) - np.reshape([n // 2 for n in shape], (3, 1, 1, 1))
    volume = np.exp(-0.5 * np.sum((grid / np.reshape(width, (3, 1, 1, 1))) ** 2, 0))
    for axis in range(3):
        if shape[axis] > 1:
            np.moveaxis(volume, axis, 0)[[0, -1]] = 0
    return pb.PSF.from_volume(volume, VOXEL)


def cells(shape, seed):
    rng = np.random.default_rng(seed)
    truth = ndimage.gaussian_filter(rng.random(shape) ** 6, 2) * 300
    for _ in range(30):
        truth[tuple(rng.integers(0, n) for n in shape)] += rng.uniform(1e3, 1e4)
    return truth


def blurred(shape=(16, 60, 64), seed=0, noise=True):
    """A part of a larger field, so that light comes and goes over the border."""
    truth = cells([n + 16 for n in shape], seed)
    light = np.maximum(signal.fftconvolve(truth, psf().data, mode="same"), 0)[8:-8, 8:-8, 8:-8] + 5
    counts = np.random.default_rng(seed).poisson(light) if noise else light
    return counts.astype(np.float32), truth[8:-8, 8:-8, 8:-8]


def run(image, kernel=None, **options):
    return pb.deconvolve(
        image, psf() if kernel is None else kernel, voxel_um=VOXEL, engine="cpu", **options
    )


def test_brings_the_object_back_and_keeps_its_light():
    image, truth = blurred(noise=False)
    sharp = run(image, iterations=300).data
    inner = (slice(3, -3), slice(6, -6), slice(6, -6))
    # Details smaller than the PSF are gone for good: compare the light in boxes of 3 voxels.
    found, before, right = (
        ndimage.uniform_filter(np.asarray(v, float), 3)[inner].ravel()
        for v in (sharp, image, truth + 5)
    )
    assert np.corrcoef(found, right)[0, 1] > 0.94
    assert np.corrcoef(before, right)[0, 1] < 0.85
    spot = np.zeros((16, 60, 64), np.float32)
    spot[8, 30, 32] = 5000
    spot = signal.fftconvolve(spot, psf().data, mode="same").clip(0).astype(np.float32)
    assert np.isclose(run(spot, iterations=20).data.sum(), spot.sum(), rtol=1e-3)


def test_a_flat_field_stays_flat_up_to_the_border():
    image = np.full((10, 40, 40), 50, np.float32)
    sharp = run(image, iterations=50).data
    assert np.abs(sharp - 50).max() < 0.5


@pytest.mark.parametrize("tile_um", [(10, 2.0, 2.2), (1.0, 3.0, 10)])
def test_tiles_are_the_whole_within_a_thousandth(tile_um):
    image, _ = blurred()
    whole, tiled = run(image), run(image, tile_um=tile_um)
    assert np.abs(tiled.data - whole.data).max() < 1e-3 * whole.data.max()
    assert "overlapping tiles" in " ".join(tiled.notes)


@settings(deadline=None, max_examples=50)
@given(
    st.tuples(*[st.integers(1, 12)] * 3),
    st.tuples(*[st.integers(1, 14)] * 3),
    st.tuples(*[st.integers(0, 5)] * 3),
)
def test_cores_cover_every_voxel_once(shape, tile, margin):
    count = np.zeros(shape, int)
    for part in tiles(shape, tile, margin):
        count[part.core] += 1
        assert np.arange(np.prod(shape)).reshape(shape)[part.seen][part.core_in_seen].shape == (
            count[part.core].shape
        )
    assert (count == 1).all()


class SmallEngine(CpuEngine):
    def room_bytes(self):
        return 40_000_000


def test_tiles_are_made_to_fit_the_memory(monkeypatch):
    plan = Plan(iterations=1)
    tile = fitting_tile((30, 400, 400), (9, 13, 13), SmallEngine(), plan)
    assert tile[0] == 30
    assert max(tile[1:]) < 400
    monkeypatch.setattr("psfbridge.deconvolution.api.open_engine", lambda *_: SmallEngine())
    monkeypatch.setattr(SmallEngine, "room_bytes", lambda _: 4_000_000)
    image, _ = blurred((8, 80, 80))
    sharp = run(image, iterations=3)
    assert "tiles" in " ".join(sharp.notes)
    monkeypatch.setattr(SmallEngine, "room_bytes", lambda _: 60_000)
    with pytest.raises(EngineError, match=r"needs .* KiB.* are available"):
        run(image, iterations=3)


def test_each_channel_takes_its_own_psf():
    image, _ = blurred((10, 40, 40))
    wide = psf(width=(1.2, 2.2, 2.2))
    both = run(np.stack([image, image]), [psf(), wide], iterations=10)
    assert both.data.shape == (2, 10, 40, 40)
    for number, kernel in enumerate((psf(), wide)):
        assert np.array_equal(both.data[number], run(image, kernel, iterations=10).data)
    one = run(np.stack([image, image]), iterations=10)
    assert np.array_equal(one.data[0], one.data[1])


def test_a_plane_takes_a_plane():
    image, _ = blurred((1, 40, 40))
    flat = psf((1, 13, 13))
    assert run(image[0], flat, iterations=10).data.shape == (1, 40, 40)


def test_a_psf_of_another_voxel_size_is_resampled_and_that_is_said():
    image, _ = blurred()
    fine = psf((19, 27, 27), (2.4, 3, 3))
    fine = pb.PSF.from_volume(fine.data, (0.1, 0.05, 0.05))
    sharp = run(image, fine)
    assert any(
        "0.1 x 0.05 x 0.05 µm, the image of 0.2 x 0.1 x 0.1 µm" in note for note in sharp.notes
    )
    right = run(image)
    assert np.abs(sharp.data - right.data).max() < 0.05 * right.data.max()


def test_the_discrepancy_stops_early_and_alike_in_all_tiles():
    image, _ = blurred()
    sharp = run(image, stop="discrepancy", iterations=300)
    done = [int(n.split(" after ")[1].split()[0]) for n in sharp.notes if "noise level after" in n]
    assert len(done) == 1
    assert 0 < done[0] < 300
    assert np.array_equal(sharp.data, run(image, iterations=done[0]).data)


def test_says_which_engine_ran_and_why():
    image, _ = blurred((6, 20, 20))
    notes = pb.deconvolve(image, psf(), voxel_um=VOXEL, iterations=2, accelerate=True).notes
    assert any("on cpu on" in note and "it alone can accelerate" in note for note in notes)


def test_leaves_the_input_alone_and_takes_integers():
    image = blurred((6, 20, 20))[0].astype(np.uint16)
    image.setflags(write=False)
    before = image.copy()
    assert run(image, iterations=2).data.dtype == np.float32
    assert np.array_equal(image, before)


def test_is_cancelled_at_once():
    def cancel(stage, done, total):
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        run(blurred((6, 20, 20))[0], progress=cancel)


@pytest.mark.parametrize(
    ("value", "words"), [(np.nan, "NaN"), (np.inf, "NaN"), (-3, r"negative voxels \(minimum -3\)")]
)
def test_refuses_voxels_that_cannot_be(value, words):
    image = np.ones((6, 20, 20), np.float32)
    image[2, 3, 4] = value
    with pytest.raises(ImageError, match=words):
        run(image)


def test_refuses_an_empty_image_and_an_array_without_voxel_size():
    with pytest.raises(ImageError, match="zero everywhere"):
        run(np.zeros((6, 20, 20)))
    with pytest.raises(ImageError, match="voxel_um"):
        pb.deconvolve(np.ones((6, 20, 20)), psf())


@pytest.mark.parametrize(
    ("shape", "kernel", "words"),
    [
        ((6, 20, 20), psf((1, 13, 13)), "a single plane, array has 6"),
        ((6, 2, 20), psf(), "2 x 20 voxels in y and x; at least 3 x 3 are needed"),
        ((6, 20, 20), psf().data, r"plain array.*psf_voxel_um=\(Z, Y, X\)"),
        ((6, 20, 20), 7, "psf is int; allowed are a PSF"),
        ((3, 6, 20, 20), [psf(), psf()], "2 PSFs are given for 3 channels of array"),
    ],
)
def test_refuses_a_psf_that_does_not_fit(shape, kernel, words):
    with pytest.raises(PSFError, match=words):
        run(np.ones(shape), kernel)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"iterations": 0}, "iterations is 0"),
        ({"iterations": -5}, "at least 1"),
        ({"tv": -1}, "tv is -1"),
        ({"tv": 0.5}, r"tv is 0\.5; allowed is 0 to 0\.1"),
        ({"tile_um": (1, 0, 1)}, "tile_um"),
        ({"stop": "never"}, "allowed are iterations, discrepancy"),
        ({"iteration": 5}, "did you mean iterations"),
        ({"engine": "gpu"}, "allowed are auto, cpu, clij2fft"),
        ({"engine": "clij2fft", "accelerate": True}, "cannot accelerate"),
    ],
)
def test_refuses_impossible_options(options, words):
    with pytest.raises(OptionError, match=words):
        pb.deconvolve(np.ones((6, 20, 20)), psf(), voxel_um=VOXEL, **options)
