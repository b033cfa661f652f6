"""The public interface: its names, its types, and how its objects show themselves."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import typing
from pathlib import Path

import numpy as np
import pytest

import psfbridge as pb
from psfbridge._util.notebook import card, png, projections

FUNCTIONS = [name for name in pb.__all__ if inspect.isfunction(getattr(pb, name))]
NAMES = """
    About Assessment Batch Bead BeadCheck Beads ChannelDistillation Check ChromaticShift
    DeconvolveOptions DistillOptions Distillation FieldPSF FittedOptics Image Measures Optics PSF
    Preset Progress Reading Reason Scene Simulation Status Tolerances Verdict __version__ assess
    check deconvolve distill distill_batch distill_channels errors find_beads load_preset measure
    psf_error read_image simulate write_image write_pdf write_report
"""


def test_the_public_names_are_these():
    assert sorted(pb.__all__) == NAMES.split()


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(pb.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imported = {name.name: node for node in block.body for name in node.names}
    assert sorted(imported) == sorted(pb.__all__)


def _classes(hint):
    """The classes of the package in a type."""
    if inspect.isclass(hint) and hint.__module__.startswith("psfbridge"):
        yield hint
    for part in typing.get_args(hint):
        yield from _classes(part)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_public_functions_return_is_public(name):
    # Modules that import one another only for their types leave the names to the reader.
    names = {each: getattr(pb, each) for each in pb.__all__}
    returned = typing.get_type_hints(getattr(pb, name), localns=names)["return"]
    public = set(names.values())
    assert set(_classes(returned)) <= public


@pytest.mark.slow
def test_a_type_checker_knows_the_options(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import psfbridge as pb\n"
        'good = pb.distill("a.tif", bead_diameter_um=0.1, method="joint", channel=1)\n'
        "reveal_type(good)\n"
        'pb.distill("a.tif", bead_diameter=0.1)\n'
        'pb.distill("a.tif", method="magic")\n'
    )
    command = [sys.executable, "-m", "mypy", "--config-file=", "--no-strict-optional", script]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    told = done.stdout
    said = [line for line in told.splitlines() if line.startswith("script.py")]
    assert any(line.startswith("script.py:3") and "Distillation" in line for line in said)
    assert any(line.startswith("script.py:4: error") for line in said)
    assert any(line.startswith("script.py:5: error") for line in said)
    assert not any(line.startswith("script.py:2") for line in said)


@pytest.fixture(scope="module")
def result(small_field):
    return pb.distill(small_field.image, method="joint", bead_diameter_um=0.1)


@pytest.fixture(scope="module")
def shown(small_field, result):
    """One of each object that a notebook may show."""
    return {
        "image": small_field.image,
        "psf": result.psf,
        "beads": result.beads,
        "measures": result.measures,
        "result": result,
        "check": pb.check(result.psf, small_field.image, bead_diameter_um=0.1, iterations=3),
    }


@pytest.mark.parametrize("name", ["image", "psf", "beads", "measures", "result", "check"])
def test_a_repr_is_a_few_lines(shown, name):
    text = repr(shown[name])
    assert 2 <= len(text.splitlines()) <= 3
    assert len(text) < 400
    assert "array(" not in text


@pytest.mark.parametrize("name", ["image", "psf", "beads", "measures", "result", "check"])
def test_a_notebook_shows_facts_and_projections(shown, name):
    page = shown[name]._repr_html_()
    pictures = page.count("data:image/png;base64,")
    assert pictures == (3 if name in ("image", "psf", "result", "check") else 0)
    assert "<table>" in page
    assert len(page) < 400_000


def test_objects_draw_themselves(shown):
    for name in ("image", "psf", "measures", "result", "check"):
        assert shown[name].plot().axes
    assert shown["beads"].plot(shown["image"]).axes


def test_verdict_and_optics_are_typed(result):
    assert isinstance(result.verdict, pb.Verdict)
    assert result.verdict.grade in ("good", "usable", "poor")
    optics = result.optics
    assert isinstance(optics, pb.FittedOptics)
    assert optics.microscope == "widefield"
    assert optics.na_per_wavelength == pytest.approx(1.4 / 0.52, rel=0.15)
    assert np.isnan(optics.na)
    # The field has a coma and an astigmatism of 0.05 waves rms.
    coma = np.hypot(optics.aberrations["coma x"], optics.aberrations["coma y"])
    assert coma == pytest.approx(0.05, abs=0.03)
    assert optics.sentence.startswith("widefield, NA/wavelength 2.")


def test_a_method_without_a_pupil_has_neither(small_field):
    plain = pb.distill(small_field.image, method="average")
    assert plain.verdict is None
    assert plain.optics is None


def test_numpy_takes_the_voxels(result):
    np.testing.assert_array_equal(np.asarray(result.psf), result.psf.data)
    assert np.asarray(result.psf, np.float64).dtype == np.float64
    image = pb.Image.from_array(np.arange(12).reshape(3, 4), "0.2 0.1 0.1", "counts")
    assert (image.data.shape, image.voxel_um, image.name) == ((1, 3, 4), (0.2, 0.1, 0.1), "counts")
    np.testing.assert_array_equal(np.asarray(image), image.data)


def test_projections_of_a_large_volume_are_small():
    large = np.broadcast_to(np.uint8(3), (300, 2000, 2000))
    pictures = projections(large)
    assert [name for name, _ in pictures] == ["xy", "xz", "zy"]
    assert all(max(picture.shape) <= 256 for _, picture in pictures)
    assert projections(np.zeros((1, 4, 5)))[0][1].shape == (4, 5)


def test_projections_are_shown_in_one_scale():
    page = card("", {}, np.ones((10, 20, 40)), (0.3, 0.1, 0.1))
    for size in ("height:64px;width:128px", "height:96px;width:128px", "height:64px;width:96px"):
        assert size in page


def test_a_png_is_read_back():
    imagecodecs = pytest.importorskip("imagecodecs")
    picture = np.arange(35, dtype=np.uint8).reshape(5, 7)
    np.testing.assert_array_equal(imagecodecs.png_decode(png(picture)), picture)
