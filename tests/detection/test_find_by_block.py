"""An image that is read by blocks gives the beads that it gives as a whole, bit for bit."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from huge_images import VOXEL_UM, field_of_beads, sparse_zarr
from scipy.spatial import cKDTree
from stacks import bead_stack

from psfbridge.detection import blocks, find_by_block, settings
from psfbridge.detection.find import find
from psfbridge.imaging.image import Image
from psfbridge.imaging.lazy_volume import lazy
from psfbridge.imaging.read import Reading
from psfbridge.options import DistillOptions


@pytest.fixture
def small_blocks(monkeypatch):
    """Tiles and blocks so small that most beads lie near a border of some."""
    small = replace(settings.SEARCH, tile_voxels=34 * 96**2, block_bytes=1)
    monkeypatch.setattr(blocks, "SEARCH", small)
    monkeypatch.setattr(find_by_block, "SEARCH", small)


def told(found):
    return found.beads.to_csv(), [bead.snr for bead in found.beads], found.beads.positions.tolist()


@pytest.mark.data
def test_the_real_field_has_the_same_beads_by_blocks_as_whole(small_blocks):
    path = bead_stack("sample_zstack.tif")
    whole = find(Reading().one_channel(path), DistillOptions())
    parts = find(Reading(lazy=True).one_channel(path), DistillOptions())
    assert len(list(blocks.blocks(whole.image.data.shape, 1))) == 36
    assert len(whole.beads) > 40
    assert told(parts) == told(whole)
    assert np.array_equal(parts.plane_levels, whole.plane_levels)


def test_beads_that_straddle_blocks_are_found_once(small_blocks):
    shape = (34, 288, 288)
    field, _ = field_of_beads(shape, 0)
    borders = np.array(
        [[16, 96, y] for y in range(24, 288, 48)] + [[16, x, 192] for x in (30, 150)]
    )
    grid = np.ogrid[:34, :288, :288]
    for place in borders + 0.4:
        square = sum(((axis - at) / 1.5) ** 2 for axis, at in zip(grid, place, strict=True))
        field += (800 * np.exp(-0.5 * square)).astype(np.uint16)
    beads = find(Image(lazy(field), VOXEL_UM), DistillOptions()).beads
    distance, nearest = cKDTree(beads.positions).query(borders + 0.4)
    assert distance.max() < 0.3
    assert len(set(nearest)) == len(borders) == len(beads)


#: Runs a command that the operating system gives no more than 2 GiB.
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (2**31, 2**31))
os.execv(sys.executable, [sys.executable, "-m", "psfbridge", *sys.argv[1:]])
"""


def distilling(path, folder):
    words = ["distill", path, "-o", folder / "psf.tif", "--json", folder / "a.json"]
    words += ["--beads", folder / "beads.csv", "--memory-gib", "1"]
    return subprocess.Popen(
        [sys.executable, "-c", LIMITED, *map(str, words)], stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is Linux's")
def test_20_gb_are_distilled_within_2_gib(tmp_path):
    shape = (100, 10240, 10240)
    field, places = field_of_beads((100, 1024, 1024), 60)
    path = sparse_zarr(tmp_path / "huge.ome.zarr", shape, field, (0, 3584, 3584), (20, 512, 512))
    assert 2 * np.prod(shape, dtype=float) > 20e9
    running = distilling(path, tmp_path)
    _, err = running.communicate()
    assert running.returncode == 0, err
    rows = list(csv.DictReader((tmp_path / "beads.csv").read_text(encoding="utf-8").splitlines()))
    found = np.array([[float(row[axis]) for axis in "zyx"] for row in rows]) - (0, 3584, 3584)
    inside = ((places > (8, 20, 20)) & (places < (91, 1003, 1003))).all(axis=1)
    distance, _ = cKDTree(found).query(places[inside])
    assert np.quantile(distance, 0.9) < 0.5
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["beads"]["used"] > 20


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is Linux's")
def test_ctrl_c_leaves_nothing(tmp_path):
    field, _ = field_of_beads((40, 512, 512), 20)
    chunks = (20, 256, 256)
    path = sparse_zarr(tmp_path / "h.ome.zarr", (40, 8192, 8192), field, (0, 512, 512), chunks)
    before = {one.name for one in tmp_path.iterdir()}
    running = distilling(path, tmp_path)
    time.sleep(6)
    os.kill(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode != 0
    assert len(err.strip().splitlines()) == 1
    assert {one.name for one in tmp_path.iterdir()} == before
