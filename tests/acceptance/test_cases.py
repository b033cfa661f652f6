"""Faulty bead fields of an independent model, and their kinds with drawn seeds, come out right."""

import re

import numpy as np
import pytest
import tifffile
from camera_faults import bead_field, clipped, deskewed, with_counts, with_warm_pixels
from stacks import DATA

import psfbridge as pb
from psfbridge.evaluation.psf_error import psf_error

CASES = DATA.parent / "cases"


def case(name):
    """A case's image; what needs one is skipped, by name, without it."""
    path = CASES / f"{name}.tif"
    if not path.is_file():
        pytest.skip(f"the case {name} is not beside the project")
    return pb.read_image(path)


def error_of(result, name="widefield"):
    return psf_error(result.psf, np.asarray(tifffile.imread(CASES / f"{name}_truth.tif"), float))


@pytest.fixture(scope="module")
def base():
    return pb.distill(case("widefield_base"), bead_diameter_um=0.1)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("widefield_0_to_1", ""),
        ("widefield_offset_5000", ""),
        ("widefield_zero_rows", "hold no data"),
        ("widefield_zero_corners", "hold no data"),
    ],
)
def test_scale_offset_and_missing_data_make_no_difference(base, name, word):
    result = pb.distill(case(name), bead_diameter_um=0.1)
    assert error_of(result) < error_of(base) + 0.01
    assert word in " ".join(result.notes)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "least", "word"),
    [
        ("widefield_clipped_65", 0.05, "65% of the voxels"),
        ("widefield_background_subtracted", 0.055, "81% of the voxels"),
        ("widefield_dim_warm_pixels", 0.06, "hot pixels of the camera"),
    ],
)
def test_what_the_camera_did_is_undone_and_told(name, least, word):
    result = pb.distill(case(name), bead_diameter_um=0.1)
    assert result.diagnostics["inferred"]["microscope"] == "widefield"
    assert error_of(result) <= least
    assert word in " ".join(result.notes)


def drawn(seed, change, **scene):
    """The errors of the PSF from a field as it is, and as it is changed, and the latter's notes."""
    field = bead_field(seed, **scene)
    random = np.random.default_rng(seed)
    results = [
        pb.distill(image, bead_diameter_um=0.1)
        for image in (field.image, with_counts(field, change(field.image.data, random)))
    ]
    sound, changed = (psf_error(result.psf, field.psf_grid) for result in results)
    return sound, changed, " ".join(results[1].notes)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [31, 32])
def test_drawn_fields_that_were_clipped(seed):
    share = np.random.default_rng(seed).uniform(0.4, 0.75)
    sound, changed, notes = drawn(seed, lambda counts, _: clipped(counts, share))
    # Where too little is left the PSF cannot be good, and must not be said to be.
    assert changed < sound + 0.05 or "The PSF is poor." in notes
    assert "have the lowest value" in notes


@pytest.mark.slow
@pytest.mark.parametrize("seed", [41, 42])
def test_drawn_fields_with_warm_pixels(seed):
    def warmed(counts, random):
        return with_warm_pixels(counts, random, 0.003, 40)

    sound, changed, notes = drawn(seed, warmed, photons=(8e3, 20e3))
    assert changed < sound + 0.04
    assert re.search(r"\d+ hot pixels of the camera", notes)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [51, 52])
def test_drawn_fields_that_were_deskewed(seed):
    sound, changed, notes = drawn(seed, lambda counts, _: deskewed(counts))
    assert changed < sound + 0.03
    assert "hold no data" in notes
