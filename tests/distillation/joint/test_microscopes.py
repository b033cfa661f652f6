"""The PSF of each kind of microscope is found with its own physics, and worse with another's."""

from __future__ import annotations

import pytest

import psfbridge as pb
from psfbridge.options import Optics
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import simulate

WATER = {"na": 1.0, "wavelength_um": 0.52, "refractive_index": 1.33}
SCENE = {
    "beads": 14, "photons": (2e4, 6e4), "shape": (35, 112, 112), "voxel_um": (0.25, 0.1, 0.1),
    "psf_um": (5, 3, 3), "bead_diameter_um": 0.2, "seed": 3, "sheet_um": 1.5,
}  # fmt: skip


def solved(truth, **optics):
    result = pb.distill(truth.image, bead_diameter_um=0.2, **optics)
    return pb.psf_error(result.psf, truth.psf), result


@pytest.mark.slow
def test_a_spinning_disk_is_a_confocal_microscope():
    disk = WATER | {"microscope": "spinning-disk", "excitation_um": 0.488, "pinhole_au": 1.2}
    truth = simulate(Scene(**SCENE, optics=Optics(**disk)))
    error, result = solved(truth, **disk)
    assert (error < 0.01, result.method) == (True, "pupil")


@pytest.mark.slow
def test_a_tilted_sheet_is_told_by_its_angle():
    sheet = WATER | {"microscope": "lightsheet", "sheet_tilt_deg": 35.0}
    truth = simulate(Scene(**SCENE, optics=Optics(**sheet)))
    error, result = solved(truth, **sheet)
    assert (error < 0.02, result.method) == (True, "pupil")
    upright, _ = solved(truth, **{**sheet, "sheet_tilt_deg": None})
    assert upright > 2 * error


@pytest.mark.slow
def test_two_photons_are_told_by_the_wavelength_that_excites():
    pair = WATER | {"microscope": "two-photon", "excitation_um": 0.8}
    truth = simulate(Scene(**SCENE, optics=Optics(**pair)))
    error, result = solved(truth, **pair)
    assert error < 0.01
    _, confocal = solved(truth, **WATER, microscope="confocal")
    left = [one.diagnostics["held_out_by_method"]["pupil"] for one in (result, confocal)]
    assert left[0] < 0.9 * left[1]


@pytest.mark.parametrize("kind", ["sted", "sim"])
def test_where_no_pupil_has_the_psf_it_is_measured_only(small_field, kind):
    result = pb.distill(small_field.image, microscope=kind, bead_diameter_um=0.1)
    assert result.method == "average"
    assert any(f"The PSF of {kind} cannot be described by a pupil" in note for note in result.notes)
    same = pb.distill(small_field.image, method="average")
    assert pb.psf_error(result.psf, same.psf) < 1e-6
