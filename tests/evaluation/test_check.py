"""The check: the true PSF passes it, a wrong one does not, and both are shown."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

import psfbridge as pb
from psfbridge.detection.find import find
from psfbridge.errors import NoBeadsError, PSFError
from psfbridge.evaluation.check import check, misfit_of
from psfbridge.evaluation.settings import MISFIT
from psfbridge.options import DistillOptions
from psfbridge.progress import no_progress
from psfbridge.report.check_figure import plot_check
from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import simulate


@pytest.fixture(scope="module")
def field():
    return simulate(
        Scene(beads=8, shape=(31, 110, 110), psf_um=(3, 2.5, 2.5), bead_diameter_um=0, seed=4)
    )


@pytest.fixture(scope="module")
def right(field):
    return check(field.psf, field.image)


def wider(psf):
    return pb.PSF.from_volume(ndimage.gaussian_filter(psf.data, (1, 1.5, 1.5)), psf.voxel_um)


def test_the_true_psf_leaves_only_noise_and_gathers_the_light(right):
    assert len(right.beads) >= 5
    # The simulator's PSF reaches beyond the box that is kept: a little more than noise is left.
    assert 0.7 < right.median("chi2") < 2.5
    assert right.median("residual") < 3 * right.median("noise")
    assert right.median("gathered") > 0.7
    assert right.median("gathered_before") < 0.2


def test_a_wrong_psf_leaves_far_more_than_noise(field, right):
    wrong = check(wider(field.psf), field.image)
    assert wrong.median("residual") > 5 * right.median("residual")
    assert wrong.median("chi2") > 2 * right.median("chi2")


def test_the_answer_is_yes_for_the_true_psf_and_no_for_a_wrong_one(field, right):
    assert right.explains()
    assert right.answer().startswith("Yes, this PSF explains these beads (error ")
    wrong = check(wider(field.psf), field.image)
    assert not wrong.explains()
    assert wrong.answer().startswith("No, this PSF does not explain these beads (error ")
    assert "the PSF is too wide laterally" in wrong.answer()
    assert wrong.figures()["explains"] is False


def test_a_coma_of_an_eighth_of_a_wave_in_an_otherwise_good_pair_is_a_no(field):
    scene = replace(field.scene, coma=0.12, noise=False)
    found = check(simulate(scene).psf, field.image)
    assert not found.explains()
    assert "coma" in found.answer()


@pytest.fixture(scope="module")
def found(field):
    return find(field.image, DistillOptions(), no_progress)


def stretched(psf, times):
    """The PSF so many times as wide."""
    voxels = tuple(size * times for size in psf.voxel_um)
    return pb.PSF(psf.data, voxels).resampled(psf.voxel_um)


def on_a_floor(psf, share):
    return pb.PSF.from_volume(psf.data + share * psf.data.max(), psf.voxel_um)


def deeper(psf):
    return pb.PSF.from_volume(ndimage.gaussian_filter(psf.data, (1.5, 0, 0)), psf.voxel_um)


#: What is done to the true PSF, and the words that may be said of it.
WRONG = {
    "wider": (
        lambda psf: stretched(psf, 1.2),
        {"the PSF is too wide laterally", "the PSF is too wide along z"},
    ),
    "narrower": (
        lambda psf: stretched(psf, 0.8),
        {"the PSF is too narrow laterally", "the PSF is too narrow along z"},
    ),
    "deeper": (deeper, {"the PSF is too wide along z"}),
    "floor": (lambda psf: on_a_floor(psf, 0.01), {"the background of the PSF is too high"}),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_psf_is_called_by_its_fault_and_by_no_other(field, found, fault):
    spoil, words = WRONG[fault]
    wrong = misfit_of(found, spoil(field.psf))
    assert wrong.error > MISFIT.most_error
    assert wrong.kinds
    assert set(wrong.kinds) <= words


@pytest.mark.parametrize("shape", [None, (30, 48, 48)])
def test_a_shifted_psf_is_called_shifted_and_by_how_much(field, shape):
    volume = np.array(field.psf.data)
    if shape:
        volume = volume[tuple(slice(n) for n in shape)]
    moved = np.roll(volume, (1, -3), (0, 2))
    still, shifted = (
        check(
            one, field.image, iterations=1, progress=False, psf_voxel_um=field.psf.voxel_um
        ).answer()
        for one in (volume, moved)
    )
    assert still.startswith("Yes") and "shifted" not in still
    assert shifted.startswith("Yes")
    assert "It is shifted: its peak lies z +1.0, y +0.0, x -3.0 voxels from the centre" in shifted


def test_finds_the_beads_where_they_are(field, right):
    for bead in right.beads:
        distance = np.linalg.norm(field.beads.positions - (bead.z, bead.y, bead.x), axis=1)
        assert distance.min() < 0.1
        truth = field.beads[int(distance.argmin())]
        assert abs(bead.intensity / truth.intensity - 1) < 0.05


def test_the_model_looks_like_the_image(right):
    light = right.image.data
    assert np.corrcoef(right.model.ravel(), light.ravel())[0, 1] > 0.95


def test_the_picture_shows_the_field_and_a_typical_bead(right, tmp_path):
    figure = plot_check(right)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    titles = [title for title in titles if title]
    assert titles[0] == "the beads"
    assert f"the {len(right.beads)} checked beads" in titles[1]
    residuals = sorted(bead.residual for bead in right.beads)
    assert f"{residuals[len(residuals) // 2]:.1%} of the energy" in titles[5]
    assert len(titles) == 7
    figure.savefig(tmp_path / "check.png")
    assert (tmp_path / "check.png").stat().st_size > 10_000


def test_large_beads_are_explained_by_a_psf_without_them():
    scene = Scene(beads=8, shape=(31, 110, 110), psf_um=(3, 2.5, 2.5), bead_diameter_um=0.3, seed=4)
    field = simulate(scene)
    point, sphere = (
        check(field.psf, field.image, bead_diameter_um=size, iterations=2) for size in (0, 0.3)
    )
    assert sphere.median("residual") < 0.5 * point.median("residual")


def test_noise_and_images_of_beads_as_psfs_are_refused(field):
    noise = np.random.default_rng(1).poisson(50, (20, 90, 90)).astype(np.uint16)
    with pytest.raises(NoBeadsError):
        check(field.psf, noise, voxel_um=field.psf.voxel_um)
    with pytest.raises(PSFError, match="bright spots; a PSF has one"):
        check(field.image, field.image)


def test_the_command_line_writes_picture_and_figures(field, tmp_path, capsys):
    from psfbridge.cli import main

    pb.write_image(tmp_path / "beads.tif", field.image)
    field.psf.save(tmp_path / "psf.tif")
    picture, table = tmp_path / "check.png", tmp_path / "check.json"
    arguments = [tmp_path / "psf.tif", tmp_path / "beads.tif", "--picture", picture]
    status = main(["check", *map(str, arguments), "--json", str(table), "--iterations", "3"])
    captured = capsys.readouterr()
    assert (status, captured.err) == (0, "")
    assert "self-prediction: " in captured.out
    assert picture.exists()
    assert json.loads(table.read_text("utf-8"))["beads"][0]["intensity"] > 0
