"""Conversion of image values to camera counts, with detection of faults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.errors import ImageError
from psfbridge.imaging.clipping import Floor, clipped_floor, restored_below
from psfbridge.imaging.findings import Finding
from psfbridge.imaging.image import Image
from psfbridge.imaging.lazy_volume import is_lazy
from psfbridge.imaging.no_data import filled, missing_voxels
from psfbridge.imaging.noise import Noise, estimate_noise, saturation_level
from psfbridge.imaging.settings import CLIPPING, VALUES
from psfbridge.imaging.warm_pixels import warm_pixels
from psfbridge.progress import Progress, no_progress

__all__ = ["UNSCALED", "Counts", "Scale", "in_counts", "scaled", "value_scale"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Scale:
    """The conversion of values to counts: ``counts = factor * (value - offset)``."""

    factor: float = 1.0
    offset: float = 0.0


#: Values that are counts already.
UNSCALED = Scale()


@dataclass(frozen=True, eq=False)
class Counts:
    """An image as counts.

    Parameters
    ----------
    image : Image
        The counts, with what was missing filled from around it; axes (z, y, x).
    noise : Noise
        Its noise.
    scale : Scale
        How its values became counts.
    saturation : float
        Counts at which it is clipped, or infinity.
    findings : tuple of Finding
        What was missing, cut off or faulty.
    floor : Floor
        Where the counts end below.
    warm : array of bool, optional
        The faulty pixels of the camera; the array has axes (y, x).
    window : tuple of slice, optional
        Rows and columns of the part that told the noise, where the image is read by blocks.
    """

    image: Image
    noise: Noise
    scale: Scale
    saturation: float
    findings: tuple[Finding, ...]
    floor: Floor
    warm: Mask | None = None
    window: tuple[slice, slice] | None = None


def in_counts(
    image: Image, progress: Progress = no_progress, *, scale: Scale | None = None
) -> Counts:
    """Return an image as counts, with its noise and what is wrong with it.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x), of any integer or floating type and any scale.
    progress : Progress, optional
        Called often where the image is read by blocks.
    scale : Scale, optional
        How its values become counts; by default they tell it.

    Raises
    ------
    ImageError
        If no voxel holds data, or all hold the same.

    Examples
    --------
    >>> stack = np.random.default_rng(0).poisson(100.0, (4, 32, 32)) / 65535
    >>> counts = in_counts(Image(stack, (0.2, 0.1, 0.1)))
    >>> round(counts.noise.read_noise)
    10
    """
    if is_lazy(image.data):
        from psfbridge.imaging.counts_by_block import counts_by_block

        return counts_by_block(image, progress)
    missing = missing_voxels(image.data)
    findings = [*_said_of_missing(image, missing)]
    valid = _valid(image, missing)
    _check_values(image, valid)
    scale = scale or value_scale(image.data, valid)
    data = image.data if valid is None else filled(image.data, valid)
    data = scaled(data, scale)
    floor = clipped_floor(data, valid)
    findings += _said_of_floor(image.name, floor)
    if floor.noise:
        data = restored_below(data, floor)
    counts = replace(image, data=data, valid=valid)
    noise = estimate_noise(counts)
    warm = warm_pixels(data, noise.read_noise)
    if warm is not None:
        findings.append(_said_of_warm(image.name, warm))
        valid = np.broadcast_to(~warm, data.shape) & (True if valid is None else valid)
        counts = replace(image, data=filled(data, valid), valid=valid)
    level = saturation_level(counts.data)
    return Counts(counts, noise, scale, level, tuple(findings), floor, warm)


def _valid(image: Image, missing: Mask | None) -> Mask | None:
    """Return where there is data according to the image and the user's mask."""
    if missing is None:
        return image.valid
    return ~missing if image.valid is None else ~missing & image.valid


def _check_values(image: Image, valid: Mask | None) -> None:
    data = image.data if valid is None else image.data[valid]
    if data.size == 0:
        data = image.data[np.isfinite(image.data)]
    if data.size == 0 or data.min() == data.max() or (valid is not None and not valid.any()):
        same = data.size and data.min() == data.max()
        what = f"the value {data.flat[0]:g}" if same else "NaN or constant planes"
        raise ImageError(
            f"{image.name} contains nothing but {what}: there are no beads to find. Is this the "
            "right file and channel?"
        )


def value_scale(data: NDArray[Any], valid: Mask | None = None) -> Scale:
    """Return the scale that converts values to counts.

    Integers are counts. Floating values that are whole multiples of a step were integers once:
    the step becomes 1. Others, such as filtered images, get a range of 10,000.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x).
    valid : array of bool, optional
        Which voxels hold data; the same axes.

    Examples
    --------
    >>> value_scale(np.array([[[0.0, 0.25, 0.5, 1.25]]])).factor
    4.0
    """
    if data.dtype.kind != "f":
        return UNSCALED
    seen = np.asarray(data if valid is None else data[valid]).ravel()
    low, high = float(seen.min()), float(seen.max())
    some = np.unique(seen[:: max(seen.size // VALUES.most_sampled, 1)]).astype(float)
    step = _step(some)
    if step == 1 and low == round(low):
        return UNSCALED
    if step:
        return Scale(1 / step, low - round(low / step) * step)
    return Scale(VALUES.range / (high - low), low)


def _step(values: NDArray[np.float64]) -> float:
    """The step of which all differences are multiples; 0 if there is none."""
    if not 3 <= len(values) <= VALUES.most_values:
        return 0.0
    apart = np.diff(values)
    times = np.round(apart / apart.min())
    step = float((values[-1] - values[0]) / times.sum())
    off = np.abs(apart / step - np.round(apart / step))
    return step if off.max() < VALUES.step_tolerance else 0.0


def scaled(data: NDArray[Any], scale: Scale) -> NDArray[Any]:
    """Return values as counts.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x).
    scale : Scale
        How they become counts.
    """
    if scale == UNSCALED:
        return data
    return np.asarray((data - scale.offset) * scale.factor, np.float32)


def _said_of_missing(image: Image, missing: Mask | None) -> list[Finding]:
    found = []
    if image.valid is not None:
        share = 1 - np.count_nonzero(image.valid) / image.data.size
        found.append(
            Finding(f"{share:.1%} of the voxels of {image.name} were excluded by the mask.")
        )
    if missing is not None:
        share = np.count_nonzero(missing) / missing.size
        found.append(
            Finding(
                f"{share:.1%} of the voxels of {image.name} hold no data (NaN, or zero as in a "
                "deskewed or registered stack) and were ignored."
            )
        )
    return found


def _said_of_floor(name: str, floor: Floor) -> list[Finding]:
    if floor.share < CLIPPING.told_share:
        return []
    text = f"{floor.share:.0%} of the voxels of {name} have the lowest value"
    if not floor.noise:
        return [Finding(f"{text}.")]
    return [
        Finding(
            f"{text}: the background was clipped and has been restored from the values above it.",
            "Keep the camera offset: do not subtract the background, and lower the black level.",
            at_best="usable",
        )
    ]


def _said_of_warm(name: str, warm: Mask) -> Finding:
    count = int(np.count_nonzero(warm))
    pixels = "hot pixel" if count == 1 else "hot pixels"
    return Finding(f"{count} {pixels} of the camera in {name} ignored.")
