"""Voxel sizes between ImageJ's Calibration and µm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from psfbridge.bridge.java import java_class
from psfbridge.checks import voxel_size
from psfbridge.errors import ImageError
from psfbridge.image import VoxelUm
from psfbridge.units import unit_um

__all__ = ["calibrate", "voxel_um_of"]


def voxel_um_of(imp: Any) -> VoxelUm:
    """Return the voxel size of an ImagePlus in z, y and x, in µm.

    Raises
    ------
    ImageError
        If a length is missing, impossible, or in a unit that is no length.
    """
    calibration = imp.getCalibration()
    z, y, x = (_axis_um(imp, calibration, axis) for axis in "zyx")
    if imp.getNSlices() == 1 and z is None:
        z = x  # one plane has no thickness of its own
    if z is None or y is None or x is None:
        raise ImageError(
            f"{imp.getTitle()} has no voxel size in a unit of length: it says "
            f"{_as_written(calibration)}. Set it in Image > Properties..., "
            "or give voxel=z,y,x in µm, for instance voxel=0.2,0.065,0.065."
        )
    return voxel_size((z, y, x))


def _axis_um(imp: Any, calibration: Any, axis: str) -> float | None:
    name = {"z": "Z", "y": "Y", "x": "X"}[axis]
    unit = unit_um(getattr(calibration, f"get{name}Unit")())
    length = float(
        {"z": calibration.pixelDepth, "y": calibration.pixelHeight, "x": calibration.pixelWidth}[
            axis
        ]
    )
    if unit is None or not math.isfinite(length) or length <= 0:
        return None
    return length * unit


def _as_written(calibration: Any) -> str:
    sizes = (calibration.pixelDepth, calibration.pixelHeight, calibration.pixelWidth)
    return " × ".join(f"{float(size):g}" for size in sizes) + f" {calibration.getUnit()} (z, y, x)"


def calibrate(imp: Any, voxel_um: Sequence[float]) -> None:
    """Give an ImagePlus a voxel size in z, y and x, in µm."""
    calibration = java_class("ij.measure.Calibration")(imp)
    # ImageJ spells the micrometre "micron" in files; it shows it as µm.
    calibration.setUnit("micron")
    calibration.pixelDepth, calibration.pixelHeight, calibration.pixelWidth = map(float, voxel_um)
    imp.setCalibration(calibration)
