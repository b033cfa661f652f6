"""clij2-fft on whatever OpenCL device is here (PoCL will do), and what is said where it fails."""

import os

import numpy as np
import pytest
from opencl import OPENCL

from psfbridge.engines import CpuEngine, Plan, clij2fft_library, open_engine, registry, settings
from psfbridge.engines.base import Engine, Estimate
from psfbridge.engines.clij2fft import Clij2FftEngine
from psfbridge.engines.convolution import Blur
from psfbridge.engines.opencl_devices import Device, chosen_device, list_devices
from psfbridge.engines.problem import circulant_problem, open_edge_problem
from psfbridge.engines.selfcheck import check_answers
from psfbridge.errors import BridgeError, Cancelled, EngineError, OptionError
from psfbridge.imaging.noise import Noise

GIB = 2**30


def marked(test):
    for mark in OPENCL:
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def engine():
    return Clij2FftEngine()


def scene(shape=(11, 26, 22), seed=0):
    rng = np.random.default_rng(seed)
    psf = rng.random((5, 9, 7)).astype(np.float32) ** 4
    return rng.random(shape).astype(np.float32) + 0.1, psf / psf.sum()


def difference(found, right):
    return float(np.abs(found - right).max() / right.max())


@marked
@pytest.mark.timeout(600)
@pytest.mark.parametrize("layout", [circulant_problem, open_edge_problem])
@pytest.mark.parametrize("tv", [0, 0.01])
def test_agrees_with_the_cpu_engine(engine, layout, tv):
    problem, plan = layout(*scene()), Plan(iterations=17, tv=tv)
    found, right = engine.solve(problem, plan), CpuEngine().solve(problem, plan)
    assert found.iterations == right.iterations == 17
    assert difference(found.estimate, right.estimate) < 1e-3


@marked
@pytest.mark.parametrize(
    ("shape", "psf_shape"),
    [
        ((6, 10, 12), (6, 10, 12)),
        ((11, 13, 17), (11, 13, 17)),
        ((11, 26, 22), (4, 8, 6)),
        ((4, 5, 6), (9, 9, 9)),
    ],
)
def test_is_what_clij2fft_itself_gives(engine, shape, psf_shape):
    richardson_lucy = pytest.importorskip("clij2fft.richardson_lucy").richardson_lucy
    rng = np.random.default_rng(1)
    image = rng.random(shape).astype(np.float32) + 0.1
    psf = (rng.random(psf_shape) ** 6).astype(np.float32)
    library = declared_by_clij2fft()
    with clij2fft_library.captured_output():
        theirs = richardson_lucy(image, psf, 5, lib=library)
    for ours in (CpuEngine(), engine):
        assert difference(ours.richardson_lucy(image, psf, 5), theirs) < 1e-4


def declared_by_clij2fft():
    from ctypes import c_int

    from numpy.ctypeslib import ndpointer

    library = clij2fft_library.load_library()
    array = ndpointer(np.float32, ndim=3, flags="CONTIGUOUS")
    library.deconv3d_32f.argtypes = [*[c_int] * 4, *[array] * 4, c_int, c_int]
    return library


@marked
def test_works_on_a_single_plane(engine):
    image, psf = scene((1, 26, 22))
    for layout in (circulant_problem, open_edge_problem):
        problem, plan = layout(image, psf[2:3] / psf[2:3].sum()), Plan(iterations=5)
        found, right = (e.solve(problem, plan).estimate for e in (engine, CpuEngine()))
        assert difference(found, right) < 1e-3


@marked
def test_stops_at_the_same_iteration_as_the_cpu(engine):
    truth, psf = scene()
    blur = Blur(circulant_problem(truth, psf).wrapped_psf())
    blurred = blur.convolved(circulant_problem(300 * truth**2, psf).image)
    problem = circulant_problem(np.random.default_rng(3).poisson(blurred).astype("f"), psf)
    plan = Plan(iterations=100, noise=Noise(0, 1, 0))
    found, right = engine.solve(problem, plan), CpuEngine().solve(problem, plan)
    assert (found.iterations, found.ended) == (right.iterations, "discrepancy")
    assert 0 < found.iterations < 100


@marked
def test_prints_nothing(engine, capfd):
    engine.richardson_lucy(*scene((6, 10, 12)), 3)
    assert capfd.readouterr() == ("", "")


@marked
def test_is_cancelled_and_works_again(engine):
    def cancel(stage, done, total):
        if done:
            raise Cancelled("stopped")

    image, psf = scene((6, 10, 12))
    with pytest.raises(Cancelled):
        engine.richardson_lucy(image, psf, 50, progress=cancel)
    assert np.isfinite(engine.richardson_lucy(image, psf, 3)).all()


@marked
def test_refuses_what_does_not_fit_and_names_both_numbers(engine, monkeypatch):
    small = Device(0, "Small", "Test", True, GIB, GIB // 4, engine.chosen.handle)
    monkeypatch.setattr(engine, "chosen", small)
    frame = (105, 512, 512)
    least = settings.OPENCL.copies * 4 * np.prod(frame)
    assert engine.needed_bytes(frame, Plan(iterations=1)) > least
    problem = circulant_problem(np.ones((105, 512, 512), np.float32), scene()[1])
    with pytest.raises(EngineError, match=r"needs 1\.1 GiB, 1\.0 GiB are available"):
        engine.solve(problem, Plan(iterations=1))


@marked
def test_refuses_acceleration(engine):
    problem = circulant_problem(*scene((6, 10, 12)))
    with pytest.raises(OptionError, match=r"accelerate .* engine=cpu"):
        engine.solve(problem, Plan(iterations=3, accelerate=True))


class WrongLibrary:
    """Native code that does something wrong, or nothing, and says 0."""

    def __init__(self, act, status=0):
        self._act, self._status = act, status

    def deconv3d_32f_lp_tv(self, *_):
        self._act()
        return self._status


def print_error():
    os.write(2, b"Runtime error: clCreateBuffer returned -4 at clij2fft.cpp:1042\n")


@marked
@pytest.mark.parametrize(
    ("library", "words"),
    [
        (WrongLibrary(lambda: None), "returned the starting image unchanged"),
        (WrongLibrary(print_error), "Runtime error: clCreateBuffer returned -4"),
        (WrongLibrary(lambda: None, status=-11), "it returned -11"),
    ],
)
def test_a_broken_device_is_refused_on_opening(monkeypatch, library, words):
    monkeypatch.setattr("psfbridge.engines.clij2fft.load_library", lambda: library)
    with pytest.raises(EngineError, match=words):
        Clij2FftEngine()


class ShiftedEngine(Engine):
    """Right but for a shift by a voxel, as even PSFs have it in some versions."""

    name, device = "shifted", "nowhere"

    def solve(self, problem, plan, _=None):
        right = CpuEngine().solve(problem, plan).estimate
        return Estimate(np.roll(right, 1, 2), plan.iterations)

    def room_bytes(self):
        return GIB

    def needed_bytes(self, *_):
        return 0


def test_the_self_check_sees_a_shift_by_one_voxel():
    with pytest.raises(EngineError, match=r"wrong answer in its self-check .* error 0\."):
        check_answers(ShiftedEngine(), tv=0)
    check_answers(CpuEngine(), tv=0.01)


def devices():
    return [
        Device(0, "pthread", "PoCL", False, 8 * GIB, 2 * GIB),
        Device(1, "Small GPU", "Vendor", True, 4 * GIB, GIB),
        Device(2, "Large GPU", "Vendor", True, 24 * GIB, 6 * GIB),
    ]


@pytest.mark.parametrize(
    ("wanted", "number"), [(None, 2), ("0", 0), ("small", 1), ("pocl", 0), ("LARGE gpu", 2)]
)
def test_devices_are_chosen_by_number_or_name(wanted, number):
    assert chosen_device(wanted, devices()).number == number


@pytest.mark.parametrize(("wanted", "words"), [("gpu", "several"), ("9", "no device"), ("x", "no")])
def test_a_name_that_fits_none_or_several_is_refused(wanted, words):
    with pytest.raises(OptionError, match=rf"{words}.*1: Small GPU \(GPU, Vendor\)"):
        chosen_device(wanted, devices())


def test_auto_takes_the_cpu_and_says_why(monkeypatch):
    monkeypatch.setattr("psfbridge.engines.opencl_devices.list_devices", lambda: devices()[:1])
    monkeypatch.delenv(registry.ENGINE_VARIABLE, raising=False)
    engine = open_engine()
    assert engine.name == "cpu"
    assert "no GPU with OpenCL (only pthread)" in str(engine)


def test_auto_takes_the_cpu_where_the_gpu_fails_and_says_so(monkeypatch):
    def broken(device):
        raise EngineError("clij2fft returned a wrong answer on its self-check.")

    monkeypatch.setattr("psfbridge.engines.opencl_devices.list_devices", devices)
    monkeypatch.setattr(registry, "_engine", lambda _: broken)
    monkeypatch.delenv(registry.ENGINE_VARIABLE, raising=False)
    assert "wrong answer" in open_engine().reason
    with pytest.raises(EngineError, match="wrong answer"):
        open_engine("clij2fft")


def test_the_environment_chooses_where_the_user_did_not(monkeypatch):
    monkeypatch.setenv(registry.ENGINE_VARIABLE, "cpu")
    assert open_engine().reason == "set by PSFBRIDGE_ENGINE"
    monkeypatch.setenv(registry.ENGINE_VARIABLE, "gpu")
    with pytest.raises(
        OptionError, match="engine is 'gpu'; allowed are auto, cpu, clij2fft, clij-java"
    ):
        open_engine()


def test_says_how_to_install_what_is_missing(monkeypatch):
    clij2fft_library.load_library.cache_clear()

    def absent(name):
        raise clij2fft_library.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(clij2fft_library.metadata, "distribution", absent)
    with pytest.raises(EngineError, match=r"not installed\. Install it \(pip install .*clij"):
        clij2fft_library.load_library()


def test_the_engine_in_java_needs_an_imagej_that_runs(monkeypatch):
    monkeypatch.setattr("psfbridge.bridge.clij_engine.running", lambda: False)
    with pytest.raises(EngineError, match=r"but there is no Java .* engine=clij2fft"):
        open_engine("clij-java")


def test_the_engine_in_java_says_what_python_lacks(monkeypatch):
    def absent():
        raise BridgeError("the ImageJ parts of psfbridge are not installed (no scyjava).")

    monkeypatch.setattr("psfbridge.bridge.clij_engine.running", absent)
    with pytest.raises(EngineError, match="clij-java runs inside ImageJ, but the ImageJ parts"):
        open_engine("clij-java")


def test_no_opencl_is_one_clear_line(monkeypatch):
    pyopencl = pytest.importorskip("pyopencl")

    def none():
        raise pyopencl.LogicError("clGetPlatformIDs failed: PLATFORM_NOT_FOUND_KHR")

    monkeypatch.setattr(pyopencl, "get_platforms", none)
    with pytest.raises(EngineError, match=r"no OpenCL device was found\. Install .* engine=cpu"):
        list_devices()


@marked
@pytest.mark.gpu
def test_agrees_with_the_cpu_engine_on_a_gpu():
    if not any(device.gpu for device in list_devices()):
        pytest.skip("no GPU with OpenCL here")
    problem, plan = open_edge_problem(*scene((40, 100, 120))), Plan(iterations=30)
    found, right = (e.solve(problem, plan).estimate for e in (open_engine("auto"), CpuEngine()))
    assert difference(found, right) < 1e-3
