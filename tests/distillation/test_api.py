"""One call distils; what it returns can be judged, saved and repeated."""

import json

import numpy as np
import pytest

import psfbridge as pb
from psfbridge.distillation.api import _error_of
from psfbridge.errors import Cancelled, ImageError, NoBeadsError, OptionError
from psfbridge.evaluation.psf_error import psf_error
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import simulate


@pytest.fixture(scope="module")
def result(small_field):
    return pb.distill(small_field.image)


def test_an_error_beyond_float32_is_no_warning(small_field):
    volume = small_field.psf.data.astype(float)
    error = _error_of(small_field.psf, volume, np.full_like(volume, 1e300))
    assert np.isfinite(error).all()
    assert error.max() == np.finfo(np.float32).max


def test_auto_says_which_method_it_took(result):
    assert result.method in {"joint", "average", "pupil"}
    assert any(result.method in note for note in result.notes)


def test_the_psf_carries_its_origin(result, small_field, tmp_path):
    result.psf.save(tmp_path / "psf.tif")
    again = pb.PSF.load(tmp_path / "psf.tif")
    assert again.voxel_um == pytest.approx(small_field.image.voxel_um)
    origin = again.provenance
    assert origin["options"]["bead_diameter_um"] == 0
    assert origin["beads"]["used"] == result.beads.funnel()["used"]
    assert len(origin["inputs"][0]["sha256"]) == 64
    assert origin["versions"]["psfbridge"] == pb.__version__
    assert np.array_equal(again.data, result.psf.data)


@pytest.mark.slow
def test_where_every_bead_has_a_neighbour_the_fit_parts_them_and_says_so():
    crowd = Scene(
        beads=9,
        shape=(31, 52, 52),
        photons=(60e3, 120e3),
        min_distance_um=0.7,
        psf_um=(5.0, 4.4, 4.4),
        seed=2,
    )
    field = simulate(crowd)
    with pytest.raises(NoBeadsError, match=r"too close\. Lower min_separation_um"):
        pb.distill(field.image, method="average")
    result = pb.distill(field.image, bead_diameter_um=0.1)
    assert any("the fit separates their light" in note for note in result.notes)
    assert psf_error(result.psf, field.psf_grid) < 0.06


def test_the_hash_is_of_the_voxels_whatever_their_byte_order(small_field):
    image = small_field.image
    swapped = pb.Image(image.data.astype(">u2"), image.voxel_um)
    one = pb.distill(image, method="average").psf.provenance["inputs"][0]["sha256"]
    other = pb.distill(swapped, method="average").psf.provenance["inputs"][0]["sha256"]
    assert one == other


def test_everything_is_ready_for_json(result):
    text = json.loads(result.to_json())
    assert text["beads"]["found"] == len(result.beads)
    assert {"options", "versions", "timings_s", "measures"} <= set(text)
    # Peaks of the process so far cannot fall from stage to stage.
    assert list(text["peak_memory_mib"]) == list(text["timings_s"])
    assert sorted(text["peak_memory_mib"].values()) == list(text["peak_memory_mib"].values())


def test_the_beads_are_a_table_for_pandas(result):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(result.beads)
    assert list(table.columns[:5]) == ["image", "bead", "z", "y", "x"]
    assert len(table) == len(result.beads)


def test_the_size_is_the_users(small_field):
    by_voxels = pb.distill(small_field.image, method="average", size=(11, 20, 21))
    assert by_voxels.psf.data.shape == (11, 21, 21)
    by_length = pb.distill(small_field.image, method="average", size_um=(2.2, 2.1, 2.1))
    assert by_length.psf.data.shape == (11, 21, 21)


def test_a_psf_larger_than_the_image_is_refused_with_both_sizes(small_field):
    with pytest.raises(OptionError, match=r"\(99, 21, 21\).*\(31, 112, 112\)"):
        pb.distill(small_field.image, size=(99, 21, 21))


def test_the_same_input_gives_the_same_psf(small_field, result):
    assert np.array_equal(pb.distill(small_field.image).psf.data, result.psf.data)


def test_progress_is_told_and_may_cancel(small_field):
    stages = []
    pb.distill(small_field.image, progress=lambda stage, *_: stages.append(stage))
    assert "finding beads" in stages

    def escape(stage, done, total):
        if stage != "finding beads":
            raise Cancelled("Escape was pressed.")

    with pytest.raises(Cancelled, match="Escape"):
        pb.distill(small_field.image, progress=escape)


def test_images_that_do_not_belong_together_are_refused(small_field):
    image = small_field.image
    other = pb.Image(image.data, (0.3, 0.1, 0.1), "other")
    with pytest.raises(ImageError, match="the same voxel size"):
        pb.distill(image, other)
    with pytest.raises(ImageError, match="no image"):
        pb.distill()
    channels = pb.Image(np.stack([image.data, image.data]), image.voxel_um, "two")
    with pytest.raises(ImageError, match="2 channels"):
        pb.distill(channels)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bead_diameter": 0.1}, "did you mean bead_diameter_um"),
        ({"method": "magic"}, "method is 'magic'; allowed are auto"),
        ({"iterations": -5}, "iterations is -5"),
        ({"na": 1.6, "wavelength_um": 0.5, "refractive_index": 1.5}, "NA must be smaller than"),
        ({"na": 1.4}, "optics are incomplete"),
        ({"pinhole_au": 1.0, "na": 1.2, "wavelength_um": 0.5, "refractive_index": 1.5}, "confocal"),
        ({"wavelength_um": 520, "na": 1.2, "refractive_index": 1.5}, "0.52 for 520 nm"),
        ({"bead_diameter_um": float("nan")}, "bead_diameter_um is nan"),
        ({"size": (5, 5)}, "three whole numbers"),
        ({"size": 5}, "three whole numbers"),
        ({"size": (5, 5, 5), "size_um": (1, 1, 1)}, "Give only one"),
        ({"background": "some"}, "auto, mean or a number"),
    ],
)
def test_impossible_options_are_refused_before_any_work(options, message):
    with pytest.raises(OptionError, match=message):
        pb.distill(np.zeros((3, 4, 5)), voxel_um=(1, 1, 1), **options)


def test_an_image_without_beads_says_so():
    rng = np.random.default_rng(2)
    noise = pb.Image(rng.poisson(50, (12, 64, 64)).astype("u2"), (0.2, 0.1, 0.1), "dark.tif")
    with pytest.raises(NoBeadsError, match=r"dark\.tif"):
        pb.distill(noise)


def test_the_psf_has_a_standard_error_in_its_own_units(small_field, result):
    error = result.psf.error
    assert error.shape == result.psf.data.shape
    peak = result.psf.data.max()
    assert 1e-5 * peak < error.max() < 0.2 * peak
    average = pb.distill(small_field.image, method="average").psf
    assert 1e-4 * average.data.max() < average.error.max() < 0.2 * average.data.max()


def test_a_background_that_is_not_used_is_said(small_field):
    noted = pb.distill(small_field.image, background=20).notes
    assert any("the given background was not used" in note for note in noted)


def test_a_voxel_size_in_nanometres_is_refused():
    with pytest.raises(OptionError, match=r"voxel_um is 200 65 65 µm.*65 nm is 0\.065"):
        pb.distill(np.zeros((3, 4, 5)), voxel_um=(200, 65, 65))


def test_beads_wider_than_they_look_are_refused(small_field):
    image = small_field.image
    for work in (pb.distill, lambda *a, **k: pb.check(small_field.psf, *a, **k)):
        with pytest.raises(OptionError, match=r"bead_diameter_um is 5, but the beads in .* wide"):
            work(image, bead_diameter_um=5)


def test_options_that_the_method_does_not_look_at_are_said(small_field):
    result = pb.distill(small_field.image, method="average", bead_diameter_um=0.1, iterations=7)
    said = " ".join(result.notes)
    assert "average does not remove the bead size" in said
    assert "Iterations and engine apply only to reverse-rl" in said


def test_an_image_may_be_a_path(small_field, tmp_path):
    pb.write_image(tmp_path / "beads.tif", small_field.image)
    from_path = pb.distill(tmp_path / "beads.tif", method="average")
    from_image = pb.distill(small_field.image, method="average")
    np.testing.assert_array_equal(from_path.psf.data, from_image.psf.data)
    assert from_path.images[0].name == "beads.tif"


def test_a_stack_of_lists_is_not_taken_for_many_planes(small_field):
    with pytest.raises(ImageError, match="an image is given as a nested list"):
        pb.distill(small_field.image.data[:3, :5, :5].tolist(), voxel_um=(0.2, 0.1, 0.1))
