"""What may still be taken: the least of what the system, a container and the shell allow."""

import subprocess
import sys

import numpy as np
import psutil
import pytest

from psfbridge._util.memory import free_bytes, group_rooms, peak_bytes


@pytest.mark.parametrize(
    ("files", "line", "folder"),
    [
        (("memory.max", "memory.current"), "0::/", ""),
        (("memory.max", "memory.current"), "0::/job/7", "job/7"),
        (("memory.limit_in_bytes", "memory.usage_in_bytes"), "4:memory:/job", "memory/job"),
    ],
)
def test_a_control_group_leaves_its_limit_less_what_is_in_use(tmp_path, files, line, folder):
    group = tmp_path / "cgroup" / folder
    group.mkdir(parents=True)
    for name, text in zip(files, ("1000", "700"), strict=True):
        (group / name).write_text(f"{text}\n")
    (group / "memory.stat").write_text("anon 500\ninactive_file 150\n")
    (tmp_path / "self").write_text(f"{line}\n")
    assert list(group_rooms(tmp_path / "cgroup", tmp_path / "self")) == [450]
    (group / files[0]).write_text("max\n")
    assert list(group_rooms(tmp_path / "cgroup", tmp_path / "self")) == []


def test_without_groups_there_is_no_limit(tmp_path):
    assert list(group_rooms(tmp_path / "none", tmp_path / "none")) == []


def test_no_more_than_the_system_has():
    assert 0 < free_bytes() <= psutil.virtual_memory().total


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to ulimit -v")
def test_the_shells_limit_counts():
    program = (
        "import resource, psutil; from psfbridge._util.memory import free_bytes;"
        "limit = psutil.Process().memory_info().vms + 2**28;"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit)); print(free_bytes())"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert 2**27 < int(found.stdout) <= 2**28


def test_the_peak_is_at_least_what_was_held_at_a_time():
    before = peak_bytes()
    held = np.ones(2**25)
    assert peak_bytes() >= held.nbytes
    del held
    assert peak_bytes() >= before


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process begins with its own peak")
def test_the_peak_of_a_process_is_not_that_of_the_one_that_started_it():
    script = (
        "import subprocess, sys; taken = bytearray(b'x') * 300_000_000\n"
        "child = 'from psfbridge._util.memory import peak_bytes; print(peak_bytes())'\n"
        "subprocess.run([sys.executable, '-c', child], check=True)\n"
        "from psfbridge._util.memory import peak_bytes; print(peak_bytes())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    child, parent = sorted(map(int, done.stdout.split()))
    assert parent > 300_000_000
    assert child < 150_000_000
