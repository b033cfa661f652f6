"""One image by blocks, and a batch by files, dealt to a cluster: as on one machine."""

import numpy as np
import pytest
from huge_images import VOXEL_UM, field_of_beads

import psfbridge as pb

pytest.importorskip("distributed")

#: distributed warns of what its own workers leave when they are killed.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


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
