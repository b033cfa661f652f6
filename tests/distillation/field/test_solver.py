"""A PSF that changes over the image is found where it changes, and only there."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import psfbridge as pb
from psfbridge.cli import main
from psfbridge.cli.commands.distill import field_path
from psfbridge.distillation.field.polynomials import ACROSS, CONSTANT, monomials, places, with_depth
from psfbridge.errors import ImageError, OptionError, PSFError
from psfbridge.evaluation.psf_error import psf_error
from psfbridge.psf.field_psf import FieldPSF, field_record
from psfbridge.psf.psf import PSF
from psfbridge.report.field_figure import plot_field
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import simulate

SCENE = Scene(
    beads=16,
    shape=(21, 150, 150),
    photons=(60e3, 120e3),
    psf_um=(3.4, 3.0, 3.0),
    bead_diameter_um=0.0,
    psf="scalar",
    min_distance_um=2.4,
    seed=2,
)
PLACES = [(10, 25, 125), (10, 125, 25), (10, 75, 75)]


@pytest.fixture(scope="module")
def changing():
    return simulate(replace(SCENE, field_coma=0.1, field_astigmatism=0.06))


@pytest.fixture(scope="module")
def result(changing):
    return pb.distill(changing.image, field=True, size=(17, 29, 29))


@pytest.fixture(scope="module")
def same():
    return pb.distill(simulate(SCENE).image, field=True, size=(17, 29, 29))


@pytest.mark.slow
def test_the_psf_of_each_place_is_near_its_own_truth(changing, result):
    for place in PLACES:
        truth = changing.grid_at(place)
        error = psf_error(result.field.at(place), truth, (15, 25, 25))
        assert error < 0.08
        if place != PLACES[-1]:
            assert error < 0.35 * psf_error(result.psf, truth, (15, 25, 25))


def test_what_was_chosen_is_said_with_its_figures(result):
    told = result.diagnostics["field"]
    assert told["richness"] == "linear in y and x"
    tried = told["tried"]
    assert tried["linear in y and x"]["held_out_chi2"] < tried["one PSF"]["held_out_chi2"]
    assert tried["linear in y and x"]["gain"] > 2 * tried["linear in y and x"]["gain_se"]
    assert "quadratic in y and x needs 24 beads but there are 16" in told["not_tried"]
    note = next(note for note in result.notes if "changes across the field" in note)
    assert f"{tried['one PSF']['held_out_chi2']:.4f} one PSF" in note


def test_the_aberrations_are_those_put_in(result):
    last = result.field.aberrations[-1]
    assert abs(last["coma x"]) == pytest.approx(0.1, rel=0.15)
    assert abs(last["astigmatism 0°"]) == pytest.approx(0.06, rel=0.2)
    assert abs(last["coma y"]) < 0.01


def test_one_psf_where_nothing_changes(same):
    assert same.diagnostics["field"]["richness"] == "one PSF"
    assert same.field.grid == (1, 1, 1)
    assert same.field.at((3, 4, 5)) is same.psf
    assert any(
        note.startswith("No significant change of the PSF across the field") for note in same.notes
    )


def test_few_beads_give_one_psf_and_the_reason():
    few = pb.distill(simulate(replace(SCENE, beads=5)).image, field=True, size=(17, 25, 25))
    assert few.field.grid == (1, 1, 1)
    assert any("usable beads, there are 5" in note for note in few.notes)


def test_a_field_is_saved_and_read_again(result, tmp_path):
    path = tmp_path / "field.tif"
    result.field.save(path)
    again = FieldPSF.load(path)
    assert again.nodes_um == result.field.nodes_um
    assert again.aberrations == result.field.aberrations
    for place in PLACES:
        assert np.array_equal(again.at(place).data, result.field.at(place).data)
    assert again.psfs[0].provenance["method"] == "joint"


def test_a_field_file_is_a_hyperstack_with_a_frame_for_each_place(result, tmp_path):
    path = tmp_path / "field.tif"
    result.field.save(path)
    frame = pb.read_image(path, time=3)
    assert np.array_equal(frame.data, result.field.psfs[3].data)
    assert len(field_record(path)["places_um"]) == len(result.field.psfs)


def test_a_field_of_one_place_is_an_ordinary_psf_file(same, tmp_path):
    path = tmp_path / "field.tif"
    same.field.save(path)
    assert np.array_equal(PSF.load(path).data, same.psf.data)


def test_what_is_no_field_is_refused(same, tmp_path):
    path = tmp_path / "psf.tif"
    same.psf.save(path)
    with pytest.raises(PSFError, match="does not contain the PSFs of a field"):
        FieldPSF.load(path)


def test_the_map_shows_widths_and_aberrations(result):
    figure = plot_field(result.field, result.beads)
    titles = {axes.get_title() for axes in figure.axes}
    assert {"FWHM x (µm)", "coma x (waves)", "astigmatism 0° (waves)"} <= titles


def test_the_report_has_the_map(result, tmp_path):
    result.report(tmp_path / "report")
    assert (tmp_path / "report" / "field.png").is_file()


def test_deconvolving_with_the_field_gathers_more_of_a_beads_light(changing, result):
    dark = np.maximum(changing.image.data[:, :50] - 120.0, 0)
    dark = replace(changing.image, data=dark)
    of_field = pb.deconvolve(dark, result.field, iterations=25, engine="cpu")
    of_one = pb.deconvolve(dark, result.psf, iterations=25, engine="cpu")
    beads = [bead for bead in changing.beads if abs(bead.x - 75) > 35 and bead.y < 45]
    assert len(beads) >= 2
    gathered = [[_gathered(out.data, bead) for bead in beads] for out in (of_field, of_one)]
    assert np.mean(gathered[0]) > 1.1 * np.mean(gathered[1])
    assert of_field.data.sum() == pytest.approx(of_one.data.sum(), rel=0.02)
    assert any("PSFs of 1 x" in note for note in of_field.notes)
    assert any("not as large in y as that of the beads" in note for note in of_field.notes)


def _gathered(volume, bead):
    z, y, x = (round(at) for at in (bead.z, bead.y, bead.x))
    near = volume[max(z - 1, 0) : z + 2, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
    return float(near.sum()) / bead.intensity


@pytest.fixture(scope="module")
def blurred(same):
    random = np.random.default_rng(0)
    return pb.Image(random.poisson(20.0, (9, 70, 60)).astype(np.float32), same.psf.voxel_um)


def test_the_same_psf_everywhere_is_the_ordinary_deconvolution(same, blurred):
    psf = same.psf.cropped((9, 15, 15))
    nodes = ((1.0,), (0.0, 3.5, 7.0), (0.0, 6.0))
    ordinary = pb.deconvolve(blurred, psf, iterations=10, engine="cpu").data
    varying = pb.deconvolve(blurred, FieldPSF((psf,) * 6, nodes), iterations=10, engine="cpu").data
    assert np.abs(varying - ordinary).max() < 1e-3 * ordinary.max()


def test_a_field_file_deconvolves_on_the_command_line(same, blurred, tmp_path):
    psf = same.psf.cropped((9, 15, 15))
    FieldPSF((psf,) * 2, ((1.0,), (3.0,), (0.0, 6.0))).save(tmp_path / "psf.tif")
    pb.write_image(tmp_path / "image.tif", blurred)
    arguments = ["--psf", str(tmp_path / "psf.tif"), "-o", str(tmp_path / "out.tif")]
    arguments += ["--iterations", "3", "--engine", "cpu", "--quiet"]
    assert main(["deconvolve", str(tmp_path / "image.tif"), *arguments]) == 0
    ordinary = pb.deconvolve(blurred, psf, iterations=3, engine="cpu").data
    again = pb.read_image(tmp_path / "out.tif").data
    assert np.abs(again - ordinary).max() < 1e-3 * ordinary.max()


def test_the_discrepancy_cannot_stop_a_field(same, blurred):
    psf = same.psf.cropped((9, 15, 15))
    field = FieldPSF((psf,) * 2, ((1.0,), (3.0,), (0.0, 6.0)))
    with pytest.raises(OptionError, match="Give the number of iterations"):
        pb.deconvolve(blurred, field, stop="discrepancy", engine="cpu")


def test_the_command_line_writes_no_field_where_none_was_found(tmp_path, capsys):
    pb.write_image(tmp_path / "few.tif", simulate(replace(SCENE, beads=4)).image)
    out = str(tmp_path / "psf.tif")
    arguments = ["-o", out, "--field", "--size", "17", "25", "25"]
    arguments += ["--json", str(tmp_path / "psf.json")]
    assert main(["distill", str(tmp_path / "few.tif"), *arguments]) == 0
    assert PSF.load(out).data.shape == (17, 25, 25)
    assert not Path(field_path(out)).exists()
    record = json.loads((tmp_path / "psf.json").read_text("utf-8"))
    assert record["diagnostics"]["field"]["richness"] == "one PSF"
    assert record["options"]["field"] is True
    assert "psf_field.tif" not in capsys.readouterr().out


@pytest.mark.parametrize("method", ["average", "reverse-rl"])
def test_methods_without_a_pupil_are_refused_at_once(method):
    with pytest.raises(OptionError, match=f"field is set but method is {method}; allowed"):
        pb.DistillOptions(field=True, method=method)


def test_images_of_several_shapes_are_no_field():
    images = [np.zeros(shape, np.uint16) for shape in ((5, 9, 9), (5, 9, 8))]
    with pytest.raises(ImageError, match="5 x 9 x 8 and 5 x 9 x 9 voxels; images of one field"):
        pb.distill(*images, voxel_um=(0.2, 0.1, 0.1), field=True)


def test_channels_and_batches_are_refused():
    with pytest.raises(OptionError, match="field works with one channel"):
        pb.distill_channels(np.zeros((2, 3, 9, 9)), voxel_um=(0.2, 0.1, 0.1), field=True)
    with pytest.raises(OptionError, match="field does not work in a batch"):
        pb.distill_batch(["a.tif"], "out", field=True)


def test_psfs_that_do_not_fill_the_grid_are_refused(same):
    with pytest.raises(PSFError, match="1 PSFs are given for a grid of 2 positions"):
        FieldPSF((same.psf,), ((1.0,), (0.0, 1.0), (1.0,)))
    other = same.psf.cropped((9, 9, 9))
    with pytest.raises(PSFError, match="must have the same shape and voxel size"):
        FieldPSF((same.psf, other), ((1.0,), (0.0, 1.0), (1.0,)))


def test_a_place_is_three_numbers(result):
    with pytest.raises(PSFError, match="three finite numbers"):
        result.field.at((1, 2))


@given(at=st.lists(st.floats(-5, 30), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_shares_sum_to_one_everywhere(same, at):
    field = FieldPSF((same.psf,) * 3, ((1.0,), (2.0,), (0.0, 10.0, 15.0)))
    for axis in range(3):
        shares = field.shares_along(axis, np.array(at))
        assert shares.sum(axis=0) == pytest.approx(np.ones(len(at)))
        assert (shares >= 0).all()


def test_beads_must_be_many_and_spread_for_more_than_one_psf():
    random = np.random.default_rng(1)
    spread = random.uniform(-1, 1, (12, 3))
    assert ACROSS[0].lacks(spread) == ""
    assert "needs 24 beads but there are 12" in ACROSS[1].lacks(spread)
    flat = spread * (0.05, 1, 1)
    assert "spread over more of the image in z" in with_depth(CONSTANT).lacks(flat)
    assert with_depth(CONSTANT).lacks(spread, deepest=0.95) != ""


def test_terms_are_powers_of_the_place():
    where = places(np.array([[0.0, 9.0, 3.0]]), (1, 10, 7))
    assert where.tolist() == [[0.0, 1.0, 0.0]]
    values = monomials(np.array([[2.0, 3.0, 5.0]]), with_depth(ACROSS[1]).terms)[0]
    assert values.tolist() == [1, 3, 5, 9, 15, 25, 2]
