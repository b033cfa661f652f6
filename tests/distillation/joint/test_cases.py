"""Bead fields with the faults of microscopes give a PSF that is as true as can be asked for."""

import numpy as np
import pytest
import tifffile
from stacks import bead_case

import psfbridge as pb
from psfbridge.evaluation.psf_error import psf_error

#: The name of each field and its true PSF, and the error that it may leave.
GOALS = {
    ("widefield_base", "widefield_truth"): 0.023,
    ("widefield_vignetted", "widefield_vignetted_truth"): 0.025,
    ("confocal_one_plane_flicker", "confocal_one_plane_flicker_truth"): 0.025,
    ("bent_nine_beads", "bent_nine_beads_truth"): 0.05,
}


@pytest.fixture(scope="module", params=GOALS, ids=lambda pair: pair[0])
def case(request):
    name, truth = request.param
    result = pb.distill(bead_case(name), bead_diameter_um=0.1)
    return result, np.asarray(tifffile.imread(bead_case(truth)), float), GOALS[request.param]


@pytest.mark.data
@pytest.mark.slow
def test_the_psf_is_near_the_truth(case):
    result, truth, goal = case
    assert psf_error(result.psf, truth) < goal


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("name", ["confocal_one_plane_flicker", "bent_nine_beads"])
def test_no_light_lies_in_plates_or_bands(name):
    """What a whole plane shares is background: around the middle half is next to nothing."""
    psf = pb.distill(bead_case(name), bead_diameter_um=0.1).psf.data
    rim = np.ones(psf.shape[1:], bool)
    inner = [slice(n // 4, n - n // 4) for n in rim.shape]
    rim[tuple(inner)] = False
    assert psf[:, rim].sum() < 0.12 * psf.sum()
