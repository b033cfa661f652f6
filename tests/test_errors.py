"""Errors: one line for each host, in its own spelling."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import psfbridge as pb
from psfbridge._util.option_records import options_of
from psfbridge.errors import ImageError, OptionError, PSFError
from psfbridge.hosts import Host

PACKAGE = Path(pb.__file__).parent
OWN = [PACKAGE / "hosts.py", PACKAGE / "errors.py"]  # with examples of all hosts


def test_an_error_carries_what_it_is_about():
    with pytest.raises(OptionError) as caught:
        pb.DistillOptions(iterations=0)
    fault = caught.value
    assert (fault.option, fault.found) == ("iterations", "0")
    assert fault.allowed == "a whole number of at least 1"


def test_every_host_words_the_remedy():
    image = pb.Image(np.zeros((2, 3, 8, 8), np.uint8), (0.2, 0.1, 0.1), "a.tif")
    with pytest.raises(ImageError) as caught:
        image.channel()
    words = {host: caught.value.worded(host) for host in Host}
    assert words[Host.PYTHON] == "a.tif has 2 channels. Choose one: channel=0 to 1."
    assert words[Host.COMMAND_LINE] == "a.tif has 2 channels. Choose one: --channel 0 to 1."
    assert words[Host.MACRO] == "a.tif has 2 channels. Choose one: channel=1 to 2."
    assert str(caught.value) == words[Host.PYTHON]


def test_advice_can_be_for_one_host_only():
    with pytest.raises(PSFError) as caught:
        pb.PSF(np.zeros((2, 2, 2), np.float32), (0.2, 0.1, 0.1))
    assert "PSF.from_volume" in str(caught.value)
    for host in (Host.COMMAND_LINE, Host.MACRO):
        assert "PSF.from_volume" not in caught.value.worded(host)


def test_an_error_goes_through_processes_whole():
    fault = ImageError("a.tif has no voxel size.", option="voxel_um", remedy="Give {voxel_um}.")
    other = pickle.loads(pickle.dumps(fault))
    assert other.worded(Host.COMMAND_LINE) == "a.tif has no voxel size. Give --voxel-um."
    named = fault.of("first file")
    assert str(named) == "first file: a.tif has no voxel size. Give voxel_um."


def test_no_flag_of_the_command_line_is_written_into_the_package():
    """Options in messages are named by ``{option}``, which each host spells its own way."""
    records = (pb.DistillOptions, pb.DeconvolveOptions, pb.Reading)
    names = {Host.COMMAND_LINE.spelled(name) for one in records for name in options_of(one)}
    flag = re.compile(rf"({'|'.join(sorted(names))})[ ,.;)]")
    elsewhere = [
        path for path in PACKAGE.rglob("*.py") if "cli" not in path.parts and path not in OWN
    ]
    found = {
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in elsewhere
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if flag.search(line) and ">>>" not in line and not line.strip().startswith("'")
    }
    assert found == set()


def test_str_is_spelled_for_the_host_that_runs():
    fault = ImageError("a.tif has 2 channels.", remedy="Choose one: {channel=N}.")
    assert str(fault) == "a.tif has 2 channels. Choose one: channel=N."
    with Host.COMMAND_LINE.active():
        assert Host.current() is Host.COMMAND_LINE
        assert str(fault) == "a.tif has 2 channels. Choose one: --channel N."
        with Host.MACRO.active():
            assert str(fault) == "a.tif has 2 channels. Choose one: channel=N."
        assert str(fault.of("b")) == "b: a.tif has 2 channels. Choose one: --channel N."
    assert Host.current() is Host.PYTHON
