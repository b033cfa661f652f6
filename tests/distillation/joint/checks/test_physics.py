"""Optics that no microscope has mean a wrong voxel size, and optics that are given are believed."""

from dataclasses import replace

import numpy as np
import pytest

import psfbridge as pb
from psfbridge.distillation.joint.checks.physics import physics_findings
from psfbridge.distillation.joint.pupil_fit import PupilFit
from psfbridge.errors import OptionError
from psfbridge.optics.pupil import INDEX, NA, SHEET, PupilModel


def pupil(na, index, **changes):
    """A fit with these figures over the wavelength, in 1/µm."""
    model = PupilModel((15, 21, 21), (0.2, 0.1, 0.1), 16)
    values = np.zeros(model.size)
    values[[NA, INDEX]] = na, index
    for place, value in changes.items():
        values[{"sheet": SHEET}[place]] = value
    return PupilFit(model, values, (), 1.0, 1.0)


@pytest.mark.parametrize(
    ("na", "index", "wavelength"),
    [
        *((1.45, 1.518, 0.45), (1.4, 1.518, 0.7), (1.2, 1.333, 0.52), (0.95, 1.0, 0.6)),
        *((0.5, 1.0, 0.7), (0.16, 1.0, 0.52), (1.3, 1.406, 0.67)),
    ],
)
def test_objectives_are_possible(na, index, wavelength):
    for off in (0.9, 1.02):
        assert physics_findings(pupil(off * na / wavelength, index / wavelength)) == []


@pytest.mark.parametrize(
    ("na", "index", "words"),
    [
        (2.4, 13.0, "z step looks 3.8 to 9.3 times too large"),
        (2.4, 2.401, "z step looks too small (or the pixel size too large)"),
        (12.0, 13.0, "pixel size looks at least 2.9 times too small"),
        (0.02, 3.0, "pixel size looks at least 3.0 times too large"),
    ],
)
def test_voxels_that_no_microscope_fits_are_named(na, index, words):
    found = physics_findings(pupil(na, index))
    assert words in "".join(one.text for one in found)
    assert [one.at_best for one in found] == ["poor"]


def test_a_thin_light_sheet_hides_the_depth_of_focus():
    thin, thick = 4 * np.log(2) / 0.5**2, 4 * np.log(2) / 20**2
    assert physics_findings(pupil(2.0, 13.0, sheet=thin)) == []
    assert physics_findings(pupil(2.0, 13.0, sheet=thick)) != []


@pytest.mark.slow
@pytest.mark.parametrize("factor", [5.0, 0.25])
def test_a_z_step_that_is_wrong_by_a_factor_is_poor(small_field, factor):
    z, y, x = small_field.image.voxel_um
    image = replace(small_field.image, voxel_um=(factor * z, y, x))
    verdict = pb.distill(image, bead_diameter_um=0.1).diagnostics["verdict"]
    assert verdict["grade"] == "poor"
    assert f"too {'large' if factor > 1 else 'small'}" in " ".join(verdict["reasons"])


@pytest.mark.slow
def test_a_wrong_na_is_named_and_the_method_is_the_one_used(small_field):
    optics = {"na": 0.9, "wavelength_um": 0.52, "refractive_index": 1.518}
    result = pb.distill(small_field.image, bead_diameter_um=0.1, **optics)
    assert result.method == "joint"
    assert "the beads indicate NA 1.3" in " ".join(result.notes)
    assert "you gave 0.9" in " ".join(result.notes)
    with pytest.raises(OptionError, match=r"you gave 0\.9"):
        pb.distill(small_field.image, bead_diameter_um=0.1, method="pupil", **optics)
