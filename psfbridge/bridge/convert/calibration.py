"""Voxel sizes from and to the ImageJ calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psfbridge._util.units import positive_length, unit_um
from psfbridge._util.validate import voxel_size
from psfbridge.bridge.java.find import java_class
from psfbridge.errors import ImageError
from psfbridge.imaging.image import VoxelUm

__all__ = ["calibrate", "voxel_um_of"]


def voxel_um_of(imp: Any) -> VoxelUm:
    """Return the voxel size of an ImagePlus in z, y and x, in µm.

    Raises
    ------
    ImageError
        If a length is missing, impossible, or in a unit that is no length.
    """
    calibration = imp.getCalibration()
    z = _length_um(calibration.pixelDepth, calibration.getZUnit())
    y = _length_um(calibration.pixelHeight, calibration.getYUnit())
    x = _length_um(calibration.pixelWidth, calibration.getXUnit())
    if z is None and int(imp.getNSlices()) == 1:
        z = 1.0  # as for files of a single plane, whose thickness nothing depends on
    if z is None or y is None or x is None:
        raise ImageError(
            f"{imp.getTitle()} has no voxel size in a unit of length: it has "
            f"{_as_written(calibration)}.",
            option="voxel_um",
            remedy="Set it in Image > Properties..., or give it in µm (z y x), for example "
            "{voxel_um=0.2 0.065 0.065}.",
        )
    return voxel_size((z, y, x))


def _length_um(length: Any, unit: Any) -> float | None:
    return positive_length(length, unit_um(unit))


def _as_written(calibration: Any) -> str:
    sizes = (calibration.pixelDepth, calibration.pixelHeight, calibration.pixelWidth)
    return " × ".join(f"{float(size):g}" for size in sizes) + f" {calibration.getUnit()} (z, y, x)"


def calibrate(imp: Any, voxel_um: Sequence[float]) -> None:
    """Set the voxel size of an ImagePlus: z, y and x in µm."""
    calibration = java_class("ij.measure.Calibration")(imp)
    calibration.setUnit("µm")  # "micron" would be shown as it is written
    calibration.pixelDepth, calibration.pixelHeight, calibration.pixelWidth = map(float, voxel_um)
    imp.setCalibration(calibration)
