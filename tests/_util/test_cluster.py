"""Work on a cluster of processes ends right, whatever happens to a worker."""

import os
from functools import partial

import numpy as np
import pytest
from cluster_work import dies_always_elsewhere, dies_once, slow_at_first, squared
from huge_images import VOXEL_UM, field_of_beads

import psfbridge as pb
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
    with pytest.raises(OptionError, match="does not answer"), nobody:
        pass


@pytest.fixture
def field(tmp_path):
    field, _ = field_of_beads((24, 256, 256), 12)
    pb.write_image(tmp_path / "beads.tif", pb.Image(field, VOXEL_UM))
    return tmp_path / "beads.tif"


def test_a_cluster_gives_the_same_beads_bit_for_bit_and_the_same_psf(field):
    here = pb.distill(field)
    there = pb.distill(field, local_cluster=2)
    assert there.beads.to_csv() == here.beads.to_csv()
    assert np.array_equal(there.beads.positions, here.beads.positions)
    assert np.abs(there.psf.data - here.psf.data).max() <= 1e-5 * here.psf.data.max()


def test_a_batch_deals_its_files(field, tmp_path):
    batch = pb.distill_batch([field], tmp_path / "out", method="average", local_cluster=2)
    assert not batch.failed
    assert (tmp_path / "out" / "beads_psf.tif").is_file()
