"""Image files as other programs write them, with voxels that count up."""

import numpy as np
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
