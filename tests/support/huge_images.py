"""Images larger than memory that take little room on the disk: only a part of them was written."""

import json
from pathlib import Path

import numpy as np
import zarr

VOXEL_UM = (0.2, 0.1, 0.1)


def field_of_beads(shape, beads, seed=0, background=100.0, height=900.0):
    """Return Gaussian beads on a background with noise, and where they are."""
    rng = np.random.default_rng(seed)
    margin = np.array([6, 12, 12])
    places = rng.uniform(margin, np.array(shape) - 1 - margin, (beads, 3))
    light = np.zeros(shape)
    for place in places:
        corner = np.round(place).astype(int) - (5, 7, 7)
        z, y, x = np.ogrid[:11, :15, :15]
        dz, dy, dx = ((axis + at - p) for axis, at, p in zip((z, y, x), corner, place, strict=True))
        box = tuple(slice(at, at + n) for at, n in zip(corner, (11, 15, 15), strict=True))
        light[box] += np.exp(-0.5 * ((dz / 1.6) ** 2 + (dy / 1.5) ** 2 + (dx / 1.5) ** 2))
    return rng.poisson(background + height * light).astype(np.uint16), places


def sparse_zarr(path, shape, field, corner, chunks):
    """Write an OME-Zarr of which only the chunks under `field` are there."""
    group = zarr.open_group(path, mode="w", zarr_format=2)
    array = group.create_array("0", shape=shape, dtype=field.dtype, chunks=chunks, fill_value=0)
    part = tuple(slice(at, at + n) for at, n in zip(corner, field.shape, strict=True))
    array[part] = field
    axes = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"]
    scale = [{"type": "scale", "scale": list(VOXEL_UM)}]
    datasets = [{"path": "0", "coordinateTransformations": scale}]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": datasets}]
    return Path(path)


def sparse_imagej_tiff(path, field, planes, at):
    """Write a stack of `planes` as ImageJ does beyond 4 GiB: one directory, then all voxels.

    Only the planes of `field`, from `at` on, were written; the others are zeros that take no room.
    """
    rows, columns = field.shape[1:]
    z, y, _ = VOXEL_UM
    text = (
        f"ImageJ=1.54p\nimages={planes}\nslices={planes}\nunit=micron\nspacing={z}\nloop=false\n"
    ).encode() + b"\0"
    offset = 1024
    tags = [
        (254, 4, 1, 0),
        (256, 4, 1, columns),
        (257, 4, 1, rows),
        (258, 3, 1, 16 << 16),
        (262, 3, 1, 1 << 16),
        (270, 2, len(text), 400),
        (273, 4, 1, offset),
        (277, 3, 1, 1 << 16),
        (278, 3, 1, rows << 16),
        (279, 4, 1, rows * columns * 2),
        (282, 5, 1, 300),
        (283, 5, 1, 308),
        (296, 3, 1, 1 << 16),
    ]
    head = b"MM\0*" + (8).to_bytes(4, "big") + len(tags).to_bytes(2, "big")
    for tag, kind, count, value in tags:
        head += tag.to_bytes(2, "big") + kind.to_bytes(2, "big")
        head += count.to_bytes(4, "big") + value.to_bytes(4, "big")
    head += (0).to_bytes(4, "big")
    per_um = (round(1e6 / y)).to_bytes(4, "big") + (1_000_000).to_bytes(4, "big")
    head = head.ljust(300, b"\0") + per_um * 2
    head = head.ljust(400, b"\0") + text
    with open(path, "wb") as file:  # noqa: PTH123 - a file of holes
        file.write(head.ljust(offset, b"\0"))
        file.seek(offset + at * rows * columns * 2)
        file.write(field.astype(">u2").tobytes())
        file.truncate(offset + planes * rows * columns * 2)
    return Path(path)


def funnel_of(path):
    """Return how many beads the record of a distillation counts."""
    return json.loads(Path(path).read_text(encoding="utf-8"))["beads"]
