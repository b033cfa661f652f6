"""An image means the same whatever scale, offset and type its file has."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import psfbridge as pb
from psfbridge.imaging.counts import in_counts, value_scale

VOXEL = (0.2, 0.1, 0.1)


def field(seed=0):
    """Nine spots of a width of about three pixels in noise."""
    rng = np.random.default_rng(seed)
    z, y, x = np.indices((20, 96, 96))
    light = np.full(z.shape, 100.0)
    for cy in (16, 48, 80):
        for cx in (16, 48, 80):
            apart = ((z - 10) / 2.2) ** 2 + ((y - cy - 0.3) / 1.3) ** 2 + ((x - cx) / 1.3) ** 2
            light += 300 * np.exp(-apart / 2)
    return rng.poisson(light)


COUNTS = field()
PLAIN = pb.find_beads(COUNTS.astype(np.uint16), voxel_um=VOXEL)


def test_the_field_of_these_tests_has_nine_beads():
    assert len(PLAIN.with_status("used")) == 9


@settings(max_examples=15, deadline=None)
@given(constant=st.integers(0, 60_000))
def test_any_constant_of_the_camera_gives_the_same_beads(constant):
    beads = pb.find_beads((COUNTS + constant).astype(np.uint16), voxel_um=VOXEL)
    assert [bead.status for bead in beads] == [bead.status for bead in PLAIN]
    assert beads.positions == pytest.approx(PLAIN.positions, abs=2e-3)
    assert beads.column("intensity") == pytest.approx(PLAIN.column("intensity"), rel=2e-3)


@settings(max_examples=15, deadline=None)
@given(power=st.floats(-6, 6), constant=st.integers(0, 60_000))
def test_any_scale_and_constant_of_floats_give_the_same_beads(power, constant):
    counts = np.asarray((COUNTS + constant) * 10**power, np.float32)
    beads = pb.find_beads(counts, voxel_um=VOXEL)
    assert beads.positions == pytest.approx(PLAIN.positions, abs=2e-3)
    assert beads.column("intensity") / 10**power == pytest.approx(
        PLAIN.column("intensity"), rel=2e-3
    )
    # Single precision holds 60,000 to 0.004.
    background = beads.column("background") / 10**power - constant
    assert background == pytest.approx(PLAIN.column("background"), abs=0.1)


@settings(max_examples=10, deadline=None)
@given(power=st.floats(-6, 6), constant=st.floats(-100, 100))
def test_filtered_floats_without_a_step_give_the_same_beads(power, constant):
    smooth = COUNTS + np.random.default_rng(1).uniform(-0.5, 0.5, COUNTS.shape)
    plain = pb.find_beads(smooth, voxel_um=VOXEL)
    beads = pb.find_beads((smooth + constant) * 10**power, voxel_um=VOXEL)
    assert beads.positions == pytest.approx(plain.positions, abs=2e-3)


def test_floats_that_were_integers_become_the_same_integers():
    normalised = ((COUNTS - 60.0) / 65535).astype(np.float32)
    scale = value_scale(normalised)
    assert scale.factor == pytest.approx(65535, rel=1e-4)
    assert np.allclose((normalised - scale.offset) * scale.factor, COUNTS - 60, atol=0.05)


def test_whole_floats_are_counts_already():
    assert value_scale(COUNTS.astype(np.float32)).factor == 1


def test_an_image_stored_in_steps_has_the_rounding_of_its_step():
    """8 bits stretched to 16: neighbouring values are 257 apart."""
    counts = np.clip(COUNTS // 4, 0, 255)
    noise = in_counts(pb.Image((257 * counts).astype(np.uint16), VOXEL)).noise
    assert noise.rounding == pytest.approx(257**2 / 12)
    assert noise.read_noise == pytest.approx(
        257 * in_counts(pb.Image(counts.astype(np.uint8), VOXEL)).noise.read_noise, rel=1e-3
    )
