"""Volumes that stay on the disk are indexed as arrays are, and read where they are indexed."""

import pickle

import numpy as np
import pytest
import zarr
from huge_images import VOXEL_UM, field_of_beads, sparse_imagej_tiff, sparse_zarr

import psfbridge as pb
from psfbridge.errors import ImageError
from psfbridge.imaging import lazy_volume
from psfbridge.imaging.counts import in_counts
from psfbridge.imaging.image import Image
from psfbridge.imaging.lazy_volume import LazyVolume, digest, lazy
from psfbridge.imaging.read import Reading
from psfbridge.imaging.survey import survey
from psfbridge.progress import no_progress


@pytest.fixture
def counts():
    return np.random.default_rng(0).poisson(50.0, (7, 30, 41)).astype(np.uint16)


@pytest.fixture
def stored(tmp_path, counts):
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=counts.shape, dtype=counts.dtype, chunks=(2, 16, 16)
    )
    array[:] = counts
    return Reading(lazy=True, voxel_um=VOXEL_UM, axes="ZYX").image(tmp_path / "a.zarr").data


INDICES = [
    np.s_[3],
    np.s_[2:5, 7:30, 15:17],
    np.s_[:, 4],
    np.s_[1, 2, 3],
    np.s_[-1],
    np.s_[::3, ::7, ::5],
    np.s_[[0, 4, 2]],
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_a_part_is_that_of_the_array(stored, counts, index):
    assert isinstance(stored, LazyVolume)
    assert np.array_equal(stored[index], counts[index])


def test_all_planes_come_in_their_order_and_have_the_hash_of_the_array(stored, counts):
    assert np.array_equal(np.stack(list(stored)), counts)
    assert stored.sha256() == digest(counts) == digest(counts.astype(">u2"))


def test_another_process_reads_the_same_file(stored, counts):
    text = pickle.dumps(stored)
    assert len(text) < 2000
    assert np.array_equal(pickle.loads(text)[:], counts)


def test_what_needs_all_of_an_image_that_does_not_fit_says_so(stored, monkeypatch):
    monkeypatch.setattr(lazy_volume, "free_bytes", lambda: 1000)
    with pytest.raises(ImageError, match="needs all of it at once"):
        np.asarray(stored)


def test_an_imagej_stack_beyond_4_gib_is_read_where_its_beads_are(tmp_path):
    field, _ = field_of_beads((16, 1024, 1024), 5)
    path = sparse_imagej_tiff(tmp_path / "big.tif", field, planes=2500, at=2400)
    assert path.stat().st_size > 2**32
    image = Reading(lazy=True).image(path)
    assert image.data.shape == (2500, 1024, 1024)
    assert image.voxel_um == pytest.approx(VOXEL_UM)
    assert np.array_equal(image.data[2400:2416, 100:140, 30:70], field[:, 100:140, 30:70])


@pytest.mark.parametrize("kind", ["counts", "scaled", "clipped", "gaps"])
def test_counts_by_blocks_are_those_of_the_whole_image(kind):
    field, _ = field_of_beads((20, 160, 200), 12, background=8.0)
    if kind == "scaled":
        field = (field / 65535).astype(np.float32)
    if kind == "clipped":
        field = np.maximum(field.astype(np.int32) - 8, 0).astype(np.uint16)
    if kind == "gaps":
        field[:, :40, :50] = 0
        field[:, 100:, 150:] = 0
    whole = in_counts(Image(field, VOXEL_UM))
    parts = in_counts(Image(lazy(field), VOXEL_UM))
    box = np.s_[3:9, 30:111, 31:170]
    assert parts.noise == whole.noise
    assert parts.scale == whole.scale
    assert parts.saturation == whole.saturation
    assert (parts.image.valid is None) == (whole.image.valid is None)
    assert np.allclose(parts.image.data[box], whole.image.data[box], rtol=1e-5)
    if whole.image.valid is not None:
        assert np.array_equal(parts.image.valid[box], whole.image.valid[box])


def test_dask_arrays_are_taken_as_they_are():
    dask_array = pytest.importorskip("dask.array")
    field, _ = field_of_beads((20, 128, 128), 4, seed=2)
    array = dask_array.from_array(field, chunks=(20, 64, 64))
    assert pb.find_beads(array, voxel_um=VOXEL_UM).to_csv() == (
        pb.find_beads(field, voxel_um=VOXEL_UM).to_csv()
    )


def test_a_zarr_of_which_hardly_any_chunk_is_there_has_the_beads_of_those(tmp_path):
    field, _ = field_of_beads((20, 200, 200), 8, seed=1)
    path = sparse_zarr(tmp_path / "s.zarr", (20, 1000, 1200), field, (0, 400, 400), (10, 100, 100))
    image = Reading(lazy=True).image(path)
    counts = in_counts(image)
    assert not counts.image.valid[:, :300].any()
    assert counts.image.valid[:, 420:580, 420:580].all()


@pytest.mark.parametrize("fill", [0, 7])
@pytest.mark.parametrize("shards", [None, (4, 32, 32)])
def test_pieces_that_are_not_stored_are_not_read(tmp_path, fill, shards, monkeypatch):
    path = tmp_path / "a.zarr"
    shape, chunks = (8, 64, 64), (4, 16, 16)
    array = zarr.create_array(
        path, shape=shape, dtype="uint16", chunks=chunks, shards=shards, fill_value=fill
    )
    block = np.random.default_rng(0).poisson(50.0, (4, 16, 16))
    array[4:, 16:32, 32:48] = block
    whole = np.full(shape, fill, np.uint16)
    whole[4:, 16:32, 32:48] = block
    volume = Reading(lazy=True, voxel_um=VOXEL_UM, axes="ZYX").image(path).data
    reads = []
    read = zarr.Array.__getitem__
    monkeypatch.setattr(
        zarr.Array, "__getitem__", lambda self, at: reads.append(at) or read(self, at)
    )
    assert np.array_equal(volume[:4], whole[:4])
    assert volume.fill(np.s_[0:4, 0:64, 0:64]) == fill
    assert reads == []
    assert np.array_equal(volume[:], whole)
    assert volume.fill(np.s_[0:8, 0:64, 0:64]) is None
    assert len(reads) == (1 if shards is None else 4)


def test_an_image_of_few_pieces_looks_as_if_all_were_stored(tmp_path):
    field, _ = field_of_beads((16, 128, 128), 5)
    path = sparse_zarr(tmp_path / "a.zarr", (16, 320, 384), field, (0, 64, 128), (4, 64, 64))
    sparse = Reading(lazy=True).image(path).data
    told, known = (survey(one, no_progress) for one in (sparse, lazy(sparse[:])))
    for name, value in vars(known).items():
        np.testing.assert_array_equal(getattr(told, name), value)
    assert sparse.sha256() == digest(sparse[:])


def test_a_run_of_one_value_is_counted_as_its_voxels_are():
    rng = np.random.default_rng(0)
    field = rng.poisson(50.0, (3, 70, 200)).astype(np.float32)
    field[0, 3:9, 64:128] = 5
    field[1, :, 60:140] = 900
    field[2, 4:40, 128:] = np.nan
    seen = survey(lazy(field), no_progress)
    assert (seen.low, seen.high) == (5.0, 900.0)
    assert seen.at_high == 70 * 80
    assert seen.at_low == pytest.approx((6 * 64) / field.size)
    assert not seen.finite
