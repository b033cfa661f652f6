"""Damaged files of every format: one line each, no hang, a limit of memory, no file left."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from image_files import write_huygens
from lif import write_lif

import psfbridge as pb

STACK = np.random.default_rng(0).integers(0, 60000, (6, 20, 24), np.uint16)
VOXEL_UM = (0.2, 0.1, 0.1)
#: What one child may take; the files are of a few KiB.
MEMORY = 3 * 2**30
SECONDS = 600

READ = """
import sys
from pathlib import Path
import numpy as np
from psfbridge.errors import PsfBridgeError
from psfbridge.imaging.read import Reading
folder = Path(sys.argv[1])
for path in sorted(folder.iterdir()):
    before = sorted(p.name for p in folder.iterdir())
    try:
        image = Reading(voxel_um=(0.2, 0.1, 0.1), time="mean").image(path)
        said = f"read {np.asarray(image.data).sum(dtype=float) > 0}"
    except PsfBridgeError as fault:
        said = f"{type(fault).__name__}: {fault}"
    except MemoryError:
        said = "MemoryError"
    assert "\\n" not in said, said
    assert sorted(p.name for p in folder.iterdir()) == before
    print(path.name, said[:160], sep="\\t", flush=True)
"""


def write_tiff(path):
    pb.write_image(path, pb.Image(STACK, VOXEL_UM))


def write_packed_tiff(path):
    tifffile.imwrite(path, STACK, imagej=True, compression="zlib", metadata={"axes": "ZYX"})


def write_lsm(path):
    made = np.zeros(1, np.dtype(tifffile.TIFF.CZ_LSMINFO).newbyteorder("<"))
    made["MagicNumber"], made["StructureSize"], made["DimensionZ"] = 67127628, 500, 6
    made["DimensionX"], made["DimensionY"] = 24, 20
    made["DimensionChannels"], made["DimensionTime"] = 1, 1
    info = made.tobytes()
    tags = [(34412, 7, len(info), info, True)]
    with tifffile.TiffWriter(path, byteorder="<") as writer:
        for z, plane in enumerate(STACK):
            writer.write(plane, metadata=None, extratags=tags if z == 0 else [])
            writer.write(plane[:4, :4], metadata=None, subfiletype=1)


def write_zarr(path):
    pb.write_image(path, pb.Image(STACK, VOXEL_UM))
    zarr.open(path, mode="r")


def write_czi(path):
    czi = pytest.importorskip("pylibCZIrw.czi")
    with czi.create_czi(str(path)) as writer:
        for z, plane in enumerate(STACK):
            writer.write(plane[..., np.newaxis], plane={"C": 0, "Z": z, "T": 0})


def write_folder(path):
    path.mkdir()
    for z, plane in enumerate(STACK):
        tifffile.imwrite(path / f"a_z{z}.tif", plane)


def write_ics(path, way="uncompressed"):
    diplib = pytest.importorskip("diplib")
    from psfbridge.imaging.formats.vendors.ics_file import locale_kept

    with locale_kept():
        diplib.ImageWriteICS(diplib.Image(STACK, None), str(path), options={way})


def write_head(path, head):
    path.write_bytes(head + STACK.tobytes()[:3000])


#: How a whole file, or folder, of each format is written.
WRITERS = {
    "tif": write_tiff,
    "zip.tif": write_packed_tiff,
    "ome.tif": write_tiff,
    "lsm.tif": write_lsm,
    "npy": lambda path: np.save(path, STACK),
    "zarr": write_zarr,
    "lif": lambda path: write_lif(path, {"beads": STACK}, VOXEL_UM),
    "czi": write_czi,
    "nd2": partial(write_head, head=b"\xda\xce\xbe\x0a"),
    "oib": partial(write_head, head=b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    "folder": write_folder,
    "ics": write_ics,
    "zip.ics": partial(write_ics, way="gzip"),
    "h5": lambda path: write_huygens(path, STACK, VOXEL_UM),
    "zip.h5": lambda path: write_huygens(path, STACK, VOXEL_UM, compression="gzip"),
}

#: What is read by a library that may not be there.
LIBRARIES = {"czi": "pylibCZIrw", "ics": "diplib", "h5": "h5py", "lif": "liffile"}


def spoil(path, rng):
    """Cut a file, flip bits of it, or let numbers in its header lie."""
    data = bytearray(path.read_bytes())
    way = rng.integers(0, 4)
    if way == 0:
        data = data[: rng.integers(0, len(data))]
    elif way == 1:
        for at in rng.integers(0, len(data), rng.integers(1, 20)):
            data[at] ^= 1 << int(rng.integers(0, 8))
    elif way == 2:
        # Header and trailer are where sizes and offsets are.
        place = int(rng.integers(0, min(len(data), 600)))
        data[place : place + 4] = rng.choice(
            [b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\x80", b"\x01\0\0\0"]
        )
    else:
        place = int(rng.integers(0, len(data)))
        data[place : place + 64] = bytes(rng.integers(0, 256, 64, np.uint8))
    path.write_bytes(bytes(data))


def write_spoilt(folder, count, seed):
    """Write damaged files of all formats, the same for the same seed."""
    rng = np.random.default_rng(seed)
    whole = folder.parent / "whole"
    whole.mkdir()
    folder.mkdir()
    kinds = [kind for kind in WRITERS if _has_library(kind)]
    for kind in kinds:
        WRITERS[kind](whole / f"a.{kind}")
    for number in range(count):
        kind = kinds[number % len(kinds)]
        path = folder / f"{number:04d}.{kind}"
        source = whole / f"a.{kind}"
        if source.is_dir():
            shutil.copytree(source, path)
            inner = sorted(one for one in path.rglob("*") if one.is_file())
            spoil(inner[rng.integers(0, len(inner))], rng)
        else:
            shutil.copyfile(source, path)
            spoil(path, rng)


def _has_library(kind):
    library = LIBRARIES.get(kind.rpartition(".")[2])
    return library is None or find_spec(library) is not None


def _limited():
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def read_all(folder):
    """Read every file of a folder in a process of its own with a limit of memory; its lines."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ, str(folder)],
        capture_output=True,
        # What a damaged header holds may come back in a message, in no encoding at all.
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONUTF8": "1"},
        timeout=SECONDS,
        preexec_fn=_limited,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [line.split("\t") for line in done.stdout.splitlines()]


def check(tmp_path, count, seed):
    write_spoilt(tmp_path / "spoilt", count, seed)
    lines = read_all(tmp_path / "spoilt")
    assert len(lines) == count
    out_of_memory = [line for line in lines if line[1] == "MemoryError"]
    assert not out_of_memory
    refused = sum(line[1].startswith("ImageError") for line in lines)
    # Flipped bits among the voxels are no damage that a reader could see.
    assert count / 5 < refused < count
    return lines


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited by Linux's means")
def test_damaged_files_are_refused_in_one_line_each(tmp_path):
    check(tmp_path, 150, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited by Linux's means")
def test_a_thousand_damaged_files_are_refused_in_one_line_each(tmp_path):
    # One of these files claims two hundred million planes.
    check(tmp_path, 1000, seed=4)
