"""Work on a cluster of processes ends right, whatever happens to a worker."""

import os
from functools import partial

import pytest
from cluster_work import dies_always_elsewhere, dies_once, slow_at_first, squared

from psfbridge._util.cluster import mapped, opened_cluster
from psfbridge.errors import OptionError
from psfbridge.progress import no_progress

distributed = pytest.importorskip("distributed")

#: distributed warns of what its own workers leave when they are killed.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def cluster():
    with opened_cluster(None, 2) as found:
        yield found


WANTED = [number**2 for number in range(8)]


def test_results_come_in_the_order_of_the_items(cluster):
    assert cluster.workers == 2
    assert mapped(cluster, squared, range(8), no_progress, "work") == WANTED


def test_a_worker_that_is_killed_is_made_good_for(cluster, tmp_path):
    work = partial(dies_once, tmp_path)
    assert mapped(cluster, work, range(8), no_progress, "work") == WANTED
    assert (tmp_path / "died").exists()


def test_an_item_that_no_worker_survives_is_worked_on_here(cluster):
    work = partial(dies_always_elsewhere, os.getpid())
    assert mapped(cluster, work, range(8), no_progress, "work") == WANTED


def test_a_slow_worker_holds_up_nothing_but_its_item(cluster, tmp_path):
    assert mapped(cluster, partial(slow_at_first, tmp_path), range(8), no_progress, "") == WANTED


def test_a_scheduler_that_is_not_there_is_one_line():
    nobody = opened_cluster("tcp://127.0.0.1:9", None)
    with pytest.raises(OptionError, match="does not respond"), nobody:
        pass
