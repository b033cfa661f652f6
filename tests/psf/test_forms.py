"""PSFs in the forms of other programs: what they get, and that it is the same PSF."""

from __future__ import annotations

import numpy as np
import psfmodels
import pytest
import tifffile
from command_line import refused, run
from scipy.signal import fftconvolve

import psfbridge as pb
from psfbridge.errors import OptionError
from psfbridge.psf.forms import Form
from psfbridge.psf.psf import PSF

VOXEL_UM = (0.25, 0.1, 0.1)


@pytest.fixture(scope="module")
def psf():
    volume = psfmodels.make_psf(z=21, nx=25, dz=0.25, dxy=0.1, NA=0.9, ni0=1.0, ni=1.0)
    return PSF.from_volume(volume, VOXEL_UM)


FORMS = [
    f"{size},{kind}"
    for size in ("odd", "even")
    for kind in ("float32,sum", "float32,peak", "uint16,peak", "uint8")
]


@pytest.mark.parametrize("words", FORMS)
def test_every_form_is_the_same_psf_again(capsys, psf, tmp_path, words):
    psf.save(tmp_path / "psf.tif")
    foreign = tmp_path / "foreign.tif"
    status, out, _ = run(capsys, "convert", tmp_path / "psf.tif", "-o", foreign, "--form", words)
    assert (status, out) == (0, f"wrote {foreign}\n")
    stored = pb.read_image(foreign).data
    form = Form.of(words)
    assert all(length % 2 == (form.size == "odd") for length in stored.shape)
    assert stored.dtype.newbyteorder("=") == form.dtype
    peak = np.unravel_index(int(np.argmax(stored)), stored.shape)
    assert list(peak) == [length // 2 for length in stored.shape]
    top = {"float32": 1.0, "uint16": 65535, "uint8": 255}[form.dtype]
    assert (stored.max() if form.scale == "peak" else stored.sum(dtype=float)) == (
        pytest.approx(top, rel=1e-5)
    )
    back = PSF.load(foreign, conform=True)
    assert back.data.shape == psf.data.shape
    assert back.voxel_um == pytest.approx(VOXEL_UM)
    coarse = 0.03 if form.dtype == "uint8" else 1e-3
    assert np.linalg.norm(back.data - psf.data) < coarse * np.linalg.norm(psf.data)


@pytest.mark.parametrize("words", ["", "odd,even", "uint32", "odd,uint16,sum", "float64"])
def test_forms_that_cannot_be_are_refused(capsys, psf, tmp_path, words):
    with pytest.raises(OptionError, match="form"):
        Form.of(words)
    psf.save(tmp_path / "psf.tif")
    arguments = [tmp_path / "psf.tif", "-o", tmp_path / "out.tif", "--form", words]
    assert refused(capsys, "convert", *arguments)[0] == 2
    assert not (tmp_path / "out.tif").exists()


# ---------------------------------------------------------------- through other programs


@pytest.fixture(scope="module")
def scene(psf):
    """A point off the middle, blurred, on a background."""
    truth = np.zeros((24, 40, 44))
    truth[13, 17, 25] = 1e4
    return np.maximum(fftconvolve(truth, psf.data, mode="same"), 0) + 1


def scikit_image(image, kernel):
    from skimage.restoration import richardson_lucy

    return richardson_lucy(image, kernel / kernel.sum(), num_iter=20, clip=False)


def redlionfish(image, kernel):
    library = pytest.importorskip("RedLionfishDeconv")
    return library.doRLDeconvolutionFromNpArrays(image, kernel, niter=20, method="cpu")


@pytest.mark.parametrize("program", [scikit_image, redlionfish])
@pytest.mark.filterwarnings("ignore")
def test_another_program_puts_the_point_back_in_its_place(psf, scene, program, tmp_path):
    pb.write_image(tmp_path / "psf.tif", Form.of("odd,float32,sum").image(psf))
    sharp = program(scene.astype(np.float32), tifffile.imread(tmp_path / "psf.tif"))
    peak = np.unravel_index(int(np.argmax(sharp)), sharp.shape)
    assert tuple(int(at) for at in peak) == (13, 17, 25)
