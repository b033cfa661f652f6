"""A PSF that changes over the field is told by default, and one that does not is left alone."""

import numpy as np
import pytest
from camera_faults import bead_field

import psfbridge as pb

FIELD = {"beads": 20, "shape": (36, 192, 192)}


def reasons(field, **options):
    """The verdict's reasons."""
    verdict = pb.distill(field.image, bead_diameter_um=0.1, **options).diagnostics["verdict"]
    return verdict["grade"], " ".join(verdict["reasons"])


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "photons"), [(1, (20e3, 60e3)), (2, (10e3, 30e3))])
def test_coma_that_changes_across_x_is_told(seed, photons):
    coma = float(np.random.default_rng(seed).uniform(0.05, 0.1))
    field = bead_field(seed, field_coma=coma, photons=photons, psf="vectorial", **FIELD)
    grade, why = reasons(field)
    assert grade != "good"
    assert "Coma changes across x" in why


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("scene", [{"psf": "psfmodels"}, {"psf": "vectorial", "coma": 0.06}])
def test_one_psf_for_the_whole_field_is_not_said_to_change(seed, scene):
    _, why = reasons(bead_field(seed, **{**FIELD, **scene}))
    assert "changes" not in why
