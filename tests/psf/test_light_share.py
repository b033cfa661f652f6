"""The share of light in a PSF's box goes with the PSF, and only with the very same voxels."""

import json

import numpy as np
import pytest
from cone_of_light import VOXEL_UM, cone, cut_psf

import psfbridge as pb
from psfbridge.errors import PSFError
from psfbridge.imaging.image import Image
from psfbridge.imaging.write import write_image
from psfbridge.psf.field_psf import FieldPSF


@pytest.fixture(scope="module")
def psf():
    return cut_psf()


def test_a_file_keeps_it(tmp_path, psf):
    psf.save(tmp_path / "psf.tif")
    for again in (
        pb.PSF.load(tmp_path / "psf.tif"),
        pb.PSF.load(tmp_path / "psf.tif", conform=True),
    ):
        assert again.light_inside == psf.light_inside
    assert "light_inside" not in pb.PSF.load(tmp_path / "psf.tif").provenance


def test_a_field_keeps_that_of_each_place(tmp_path, psf):
    nodes = ((1.0,), (2.0,), (1.0, 3.0))
    FieldPSF((psf, cut_psf((17, 25, 25))), nodes).save(tmp_path / "field.tif")
    loaded = FieldPSF.load(tmp_path / "field.tif")
    assert [one.light_inside for one in loaded.psfs] == [psf.light_inside] * 2


def test_voxels_that_were_changed_have_none(tmp_path, psf):
    other = np.roll(psf.data, 1, axis=2)
    write_image(tmp_path / "psf.tif", Image(other, VOXEL_UM, "PSF"), info=psf.info)
    assert pb.PSF.load(tmp_path / "psf.tif", conform=True).light_inside is None


def test_psfs_of_other_programs_have_none(tmp_path, psf):
    write_image(tmp_path / "psf.tif", psf.image, info="made elsewhere")
    assert pb.PSF.load(tmp_path / "psf.tif").light_inside is None
    assert pb.PSF.from_volume(psf.data, VOXEL_UM).light_inside is None


def test_a_smaller_box_holds_as_much_less(psf):
    # Light in each plane is 1/15: what a box holds of that is known.
    light = cone((9, 13, 13)) * 7 / 15
    held = light[1:-1, 1:-1, 1:-1].sum() / (7 / 15)
    assert psf.cropped((9, 13, 13)).light_inside == pytest.approx(held, rel=0.01)
    assert psf.in_focus.light_inside == pytest.approx(1, abs=1e-3)


def test_other_voxels_of_the_same_box_hold_the_same(psf):
    assert psf.resampled((0.2, 0.05, 0.05)).light_inside == psf.light_inside


def test_it_is_measured_and_printed(tmp_path, psf):
    psf.save(tmp_path / "psf.tif")
    for subject in (psf, tmp_path / "psf.tif"):
        assert pb.measure(subject).light_inside == psf.light_inside
    assert json.loads(psf.info)["light_inside"]["share"] == psf.light_inside


def test_a_share_above_one_is_refused(psf):
    with pytest.raises(PSFError, match=r"light_inside is 1\.2"):
        pb.PSF(psf.data, VOXEL_UM, light_inside=1.2)
