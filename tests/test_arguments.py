"""Public functions: what is not usable is refused at once, in one line, before any work."""

from __future__ import annotations

from typing import get_args, get_type_hints, is_typeddict

import numpy as np
import pytest

import psfbridge as pb
from psfbridge.deconvolution.files import deconvolve_file
from psfbridge.errors import ImageError, OptionError, OutputError, PsfBridgeError, PSFError


def gaussian():
    z, y, x = np.ogrid[-6:7, -6:7, -6:7]
    return np.exp(-0.25 * (z**2 + y**2 + x**2))


@pytest.fixture(scope="module")
def psf():
    return pb.PSF.from_volume(gaussian(), (0.2, 0.1, 0.1))


@pytest.fixture(scope="module")
def image(psf):
    return pb.Image(100 * psf.data, psf.voxel_um, "beads.tif")


@pytest.mark.parametrize("function", [pb.distill, pb.find_beads, pb.measure, pb.distill_channels])
@pytest.mark.parametrize("given", [None, 5, True])
def test_what_is_no_image_is_named(function, given):
    with pytest.raises(ImageError, match=r"image is \w+; allowed are an Image, an array or"):
        function(given)


def test_what_is_no_psf_is_named(image):
    for function in (lambda p: pb.check(p, image), lambda p: pb.deconvolve(image, p)):
        for given in (None, 5, [None]):
            with pytest.raises(PSFError, match=r"psf is \w+; allowed are a PSF"):
                function(given)
        with pytest.raises(PSFError, match=r"given as a plain array.*psf_voxel_um="):
            function(np.ones((3, 3, 3)))


def test_swapped_arguments_are_told_apart(psf, image, tmp_path):
    with pytest.raises(OptionError, match=r"Give the PSF first: check\(psf, image\)"):
        pb.check(image, psf)
    with pytest.raises(OptionError, match=r"Give the image first: deconvolve\(image, psf\)"):
        pb.deconvolve(psf, image)
    with pytest.raises(OutputError, match=r"path is Image, image is str.*write_image\(path, im"):
        pb.write_image(image, tmp_path.as_posix())
    with pytest.raises(OutputError, match=r"image is PSF; .*to save a PSF, call psf\.save\(path\)"):
        pb.write_image(tmp_path / "psf.tif", psf)


@pytest.mark.parametrize("given", [True, 1, "yes"])
def test_a_progress_that_cannot_be_called_is_refused(psf, image, given):
    calls = (
        lambda: pb.distill(image, progress=given),
        lambda: pb.find_beads(image, progress=given),
        lambda: pb.deconvolve(image, psf, progress=given),
        lambda: pb.check(psf, image, progress=given),
        lambda: pb.distill_channels(image, progress=given),
        lambda: pb.distill_batch([], "x", progress=given),
    )
    for call in calls:
        with pytest.raises(OptionError, match=r"progress is .*; allowed is a function"):
            call()


def test_options_are_given_whole_or_one_by_one(psf, image):
    whole = pb.DeconvolveOptions(iterations=3, engine="cpu")
    one_by_one = pb.deconvolve(image, psf, iterations=3, engine="cpu")
    np.testing.assert_array_equal(pb.deconvolve(image, psf, options=whole).data, one_by_one.data)
    changed = pb.deconvolve(image, psf, options=whole, iterations="5")
    five = pb.deconvolve(image, psf, iterations=5, engine="cpu")
    np.testing.assert_array_equal(changed.data, five.data)
    with pytest.raises(OptionError, match="options is DistillOptions; allowed is a Deconvolve"):
        pb.deconvolve(image, psf, options=pb.DistillOptions())


def test_a_distillation_takes_a_record(small_field):
    options = pb.DistillOptions(method="average", size=(21, 17, 17))
    result = pb.distill(small_field.image, options=options)
    assert result.options == options
    assert result.psf.data.shape == (21, 17, 17)


def test_an_unknown_option_is_named_with_the_nearest(image):
    with pytest.raises(OptionError, match="unknown option channel_: did you mean channel"):
        pb.distill(image, channel_=1)


@pytest.mark.parametrize(
    "call",
    [
        pb.distill,
        pb.distill_channels,
        lambda path, **o: pb.distill_batch([path], path.parent, **o),
        pb.find_beads,
        pb.measure,
        lambda path, **o: pb.check("psf.tif", path, **o),
        lambda path, **o: pb.deconvolve(path, "psf.tif", **o),
        lambda path, **o: deconvolve_file(path, ["psf.tif"], path.with_name("out.tif"), **o),
    ],
)
def test_options_are_refused_before_a_file_is_opened(call, tmp_path):
    absent = tmp_path / "absent.tif"
    for wrong in ({"channel_": 1}, {"channel": -1}, {"voxel_um": (0.2, 0.1)}, {"nan": 1.4}):
        with pytest.raises(OptionError):
            call(absent, **wrong)


def test_a_function_takes_only_its_own_options(image, psf):
    for call in (lambda: pb.find_beads(image, na=1.4), lambda: pb.measure(image, na=1.4)):
        with pytest.raises(OptionError, match="unknown option na"):
            call()
    with pytest.raises(OptionError, match="unknown option channel_: did you mean channel"):
        pb.measure(psf, channel_=1)


def test_a_channel_of_an_image_a_file_or_an_array_is_chosen(image, tmp_path):
    data = np.stack([np.zeros_like(image.data), image.data])
    two = pb.Image(data, image.voxel_um, "two.tif")
    path = tmp_path / "two.tif"
    pb.write_image(path, two)
    alone = pb.measure(image)
    for given in (two, path):
        assert pb.measure(given, channel="1").fwhm_um == pytest.approx(alone.fwhm_um)
    assert pb.measure(data, voxel_um=image.voxel_um, channel=1).fwhm_um == alone.fwhm_um
    with pytest.raises(ImageError, match=r"two\.tif has 2 channels"):
        pb.measure(two)
    with pytest.raises(OptionError, match="time applies only to files, but the image is in memory"):
        pb.measure(two, channel=1, time=0)


@pytest.mark.parametrize(
    "function",
    [pb.distill, pb.distill_channels, pb.distill_batch, pb.deconvolve, pb.check, pb.measure],
)
def test_options_are_typed_for_editors(function):
    hints = get_type_hints(function)
    assert any(is_typeddict(one) for hint in hints.values() for one in get_args(hint))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: pb.PSF(None, (1, 1, 1)), "not a usable PSF: it has 0 axes of object"),
        (lambda: pb.PSF.from_volume("a", (1, 1, 1)), "volume is str; allowed is an array"),
        (lambda: pb.PSF.from_volume(None, (1, 1, 1)), "a volume of 0 axes"),
        (lambda: pb.PSF.from_volume(gaussian(), None), "voxel_um is None; allowed are three"),
        (lambda: pb.PSF.from_volume(gaussian(), (0.2, 0.1, 0.1), shape="abc"), "shape is 'abc'"),
        (lambda: pb.PSF.from_volume(gaussian(), (0.2, 0.1, 0.1)).cropped(None), "shape is None"),
        (lambda: pb.distill_batch(None, "x"), "no image was given"),
        (lambda: pb.Image(None, (1, 1, 1)), "voxels of type object"),
    ],
)
def test_no_other_exception_comes_out(call, said):
    with pytest.raises(PsfBridgeError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_from_volume_does_not_advise_itself(psf):
    flat = np.zeros((9, 9, 9))
    flat[3:6, 3:6, 3:6] = 1
    for volume in (np.zeros((5, 5, 5)), flat):
        with pytest.raises(PSFError) as caught:
            pb.PSF.from_volume(volume, psf.voxel_um)
        assert "from_volume" not in str(caught.value)
