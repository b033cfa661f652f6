"""Image files as other programs write them, with voxels that count up."""

import numpy as np
import pytest
import tifffile

VOXEL_UM = (0.2, 0.1, 0.065)


def counting(*shape, dtype=np.uint16):
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


def write_like_imagej(path, array, axes, **metadata):
    """Write what ImageJ writes for a calibrated (hyper)stack."""
    tifffile.imwrite(
        path,
        array,
        imagej=True,
        byteorder=">",
        resolution=(1 / VOXEL_UM[2], 1 / VOXEL_UM[1]),
        metadata={"axes": axes, "spacing": VOXEL_UM[0], "unit": "micron", **metadata},
    )
    return path


def write_huygens(path, data, voxel_um, compression=None):
    """Write an HDF5 file in the layout that SVI publishes."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        group = file.create_group("beads/ImageData")
        group.create_dataset("Image", data=data[np.newaxis, np.newaxis], compression=compression)
        for axis, length in zip("ZYX", voxel_um, strict=True):
            group[f"DimensionScale{axis}"] = length * 1e-6
    return path
