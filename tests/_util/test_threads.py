"""No more threads than cores that this process may use, in containers and batch jobs too."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import psfbridge
from psfbridge._util.threads import cores, group_cores, shared_pool, workers


@pytest.mark.parametrize(
    ("line", "folder", "files", "count"),
    [
        ("0::/", "", {"cpu.max": "150000 100000"}, [2]),
        ("0::/pod/task", "pod/task", {"cpu.max": "400000 100000"}, [4]),
        ("0::/pod/task", "pod", {"cpu.max": "300000 100000"}, [3]),
        ("0::/pod", "pod", {"cpu.max": "max 100000"}, []),
        (
            "4:cpu,cpuacct:/job",
            "cpu,cpuacct/job",
            {"cpu.cfs_quota_us": "250000", "cpu.cfs_period_us": "100000"},
            [3],
        ),
        (
            "4:cpu,cpuacct:/",
            "cpu,cpuacct",
            {"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"},
            [],
        ),
    ],
)
def test_a_control_group_keeps_to_its_share_of_the_processor(tmp_path, line, folder, files, count):
    group = tmp_path / "cgroup" / folder
    group.mkdir(parents=True)
    for name, text in files.items():
        (group / name).write_text(f"{text}\n")
    (tmp_path / "self").write_text(f"{line}\n")
    assert list(group_cores(tmp_path / "cgroup", tmp_path / "self")) == count


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores are bound on Linux only")
def test_a_process_bound_to_one_core_has_one():
    program = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);"
        "from psfbridge._util.threads import cores; print(cores())"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert int(found.stdout) == 1


def test_pools_have_as_many_threads_as_there_are_cores():
    assert 1 <= cores() <= (os.cpu_count() or 1)
    assert shared_pool()._max_workers == cores()
    with workers() as pool, workers(1) as one:
        assert pool._max_workers == cores()
        assert one._max_workers == 1


def test_nothing_else_counts_cores_or_starts_pools_of_threads():
    """Every other way is wrong in containers and on clusters."""
    package = Path(psfbridge.__file__).parent
    other = re.compile(r"cpu_count\(|sched_getaffinity|ThreadPoolExecutor\(|(?<!n_)workers=-1")
    found = [path for path in package.rglob("*.py") if other.search(path.read_text("utf-8"))]
    assert found == [package / "_util" / "threads.py"]
