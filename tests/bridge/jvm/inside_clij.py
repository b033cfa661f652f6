"""The engine inside Fiji's Java, where the CLIJ2-fft plug-in is there."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace

import numpy as np
import pytest
import scyjava

from psfbridge.bridge import clij_engine
from psfbridge.bridge.clij_engine import ClijJavaEngine
from psfbridge.bridge.java.find import java_class
from psfbridge.engines import CpuEngine, Plan, open_engine
from psfbridge.engines.problem import circulant_problem, open_edge_problem
from psfbridge.errors import EngineError, OptionError

# What CLIJ2 calls OpenCL by; a Fiji with CLIJ2 has it.
scyjava.config.endpoints.append("org.jocl:jocl:2.0.4")


@pytest.fixture(scope="module")
def engine(host):
    try:
        return open_engine("clij-java")
    except EngineError as fault:
        pytest.skip(str(fault))


def scene():
    rng = np.random.default_rng(0)
    psf = rng.random((5, 9, 7)).astype(np.float32) ** 4
    return rng.random((11, 26, 22)).astype(np.float32) + 0.1, psf / psf.sum()


@pytest.mark.parametrize("layout", [circulant_problem, open_edge_problem])
@pytest.mark.parametrize("tv", [0, 0.01])
def test_agrees_with_the_cpu_engine(engine, layout, tv):
    problem, plan = layout(*scene()), Plan(iterations=17, tv=tv)
    found, right = (one.solve(problem, plan).estimate for one in (engine, CpuEngine()))
    assert np.abs(found - right).max() < 1e-3 * right.max()


def test_a_device_that_is_not_there_is_refused(engine):
    with pytest.raises(OptionError, match="no device matches"):
        ClijJavaEngine("no such device")


def test_an_imagej_without_the_plug_in_is_told_what_is_missing(host):
    if host.where != "plain":
        pytest.skip("this ImageJ may have it")
    with pytest.raises(EngineError, match=r"no CLIJ2-fft: .*update sites clij, clij2 and"):
        open_engine("clij-java")


def has_loader() -> bool:
    """Tell whether OpenCL's loader is here by the name that Java wants."""
    try:
        ctypes.CDLL("libOpenCL.so")
    except OSError:
        return False
    return True


@pytest.mark.skipif(has_loader(), reason="OpenCL's loader is here, by the name that Java wants")
def test_a_missing_loader_is_no_missing_driver(host, monkeypatch):
    if host.where != "plain":
        pytest.skip("this ImageJ may have no JOCL")

    def opened() -> None:
        java_class("org.jocl.CL").setExceptionsEnabled(True)

    monkeypatch.setattr(clij_engine, "_plugin", lambda _: SimpleNamespace(getInstance=opened))
    for _ in range(2):  # Java words it otherwise when it is tried again
        with pytest.raises(
            EngineError, match=r"cannot find the OpenCL loader .*ocl-icd-opencl-dev"
        ):
            open_engine("clij-java")
