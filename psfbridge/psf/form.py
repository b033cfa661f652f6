"""The standard form of a PSF: conversion and validation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.validate import integer, shown
from psfbridge.errors import OptionError, PSFError
from psfbridge.hosts import Host
from psfbridge.imaging.image import Volume
from psfbridge.numerics.fourier import crop_or_pad, peak_position, shift_volume
from psfbridge.psf.settings import FORM

__all__ = ["check_form", "conformed", "form_fault", "odd_shape"]

Floats = NDArray[np.float64]


def odd_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    """Return `shape` with every even length one longer."""
    try:
        sizes = [integer("shape", length, least=1) for length in shape]
        nz, ny, nx = (length + 1 - length % 2 for length in sizes)
    except (TypeError, ValueError):
        allowed = "three whole numbers of voxels for z, y and x"
        raise OptionError(option="shape", found=shown(shape), allowed=allowed) from None
    return nz, ny, nx


def conformed(volume: Floats, shape: tuple[int, int, int]) -> Volume:
    """Centre on the band-limited maximum, fading the sides of what does not fit into `shape`."""
    if not np.isfinite(volume).all() or not (volume > 0).any():
        raise PSFError(
            "the volume is not a PSF: it has no positive voxel, or voxels that are not finite."
        )
    volume = _surroundings(volume, shape)
    for fade in FORM.fades:
        data = _centred(volume, _window(shape, fade))
        if not off_centre(data):
            break
    return data


def _centred(volume: Floats, window: Floats) -> Volume:
    """Move a volume's peak to the centre; the window moves it a little, so look again."""
    centre = [length // 2 for length in window.shape]
    move = np.zeros(3)
    for _ in range(12):
        data = _trimmed(shift_volume(volume, move.tolist()), window)
        offset = peak_position(data, start=centre) - centre
        if np.abs(offset).max() < 0.1 * FORM.off_centre:
            break
        move = np.clip(move - offset, -2, 2)
    return data.astype(np.float32)


def off_centre(data: NDArray[Any]) -> str:
    """Return where the peak is, if it is not at the central voxel."""
    centre = [length // 2 for length in data.shape]
    voxel = [int(at) for at in np.unravel_index(int(np.argmax(data)), data.shape)]
    if data[tuple(centre)] < data.max():
        return f"its peak is at {tuple(voxel)}; it must be at {tuple(centre)}"
    peak = peak_position(data, start=centre)
    if np.abs(peak - centre).max() <= FORM.off_centre:
        return ""
    where = ", ".join(f"{at:.2f}" for at in peak)
    return f"its peak is at ({where}); it must be within {FORM.off_centre} voxel of {tuple(centre)}"


def _window(shape: tuple[int, int, int], fade: float) -> Floats:
    """One inside, zero in the outermost planes; between them it may fade."""
    window = np.ones(shape)
    for axis, length in enumerate(shape):
        if length == 1:
            continue
        depth = np.minimum(np.arange(length), np.arange(length)[::-1]) / (length // 2)
        ramp = np.clip(depth / max(fade, 1 / length), 0, 1)
        sides = np.sin(ramp * np.pi / 2) ** 2
        window *= sides.reshape([-1 if other == axis else 1 for other in range(3)])
    return window


def _surroundings(volume: Floats, shape: tuple[int, int, int]) -> Floats:
    """Cut out the brightest voxel's surroundings, fading to zero so that a shift cannot ring.

    Where the volume ends before `shape` does, its last plane fades out over a few voxels.
    """
    peak = np.unravel_index(int(np.argmax(volume)), volume.shape)
    for axis, (length, size, at) in enumerate(zip(volume.shape, shape, peak, strict=True)):
        if length == size == 1:
            continue
        half = size // 2 + FORM.margin
        where = np.arange(int(at) - half, int(at) + half + 1)
        inside = np.clip(where, 0, length - 1)
        fading = np.abs(where - inside) / 4
        beyond = (np.abs(where - int(at)) - size // 2 - 2) / (FORM.margin - 2)
        fade = np.cos(np.clip(np.maximum(fading, beyond), 0, 1) * np.pi / 2) ** 2
        fade = fade.reshape([-1 if other == axis else 1 for other in range(3)])
        volume = np.take(volume, inside, axis) * fade
    return volume


def _trimmed(volume: Floats, window: Floats) -> Floats:
    data = crop_or_pad(volume, window.shape, [length // 2 for length in volume.shape])
    data = np.maximum(data, 0) * window
    total = data.sum()
    if not total > 0:
        raise PSFError(
            f"nothing is left of the PSF within {window.shape} voxels, since its outermost planes "
            "must be zero. Choose a larger size."
        )
    trimmed: Floats = data / total
    return trimmed


def check_form(data: Volume) -> None:
    """Refuse a volume that is not in form."""
    fault = form_fault(data)
    if fault:
        raise PSFError(
            f"not a usable PSF: {fault}.",
            remedy={Host.PYTHON: "PSF.from_volume converts any volume."},
        )


def form_fault(data: Volume) -> str:
    """Return what keeps a volume from being a standard PSF, or an empty string."""
    if data.ndim != 3 or data.dtype != np.float32:
        return f"it has {data.ndim} axes of {data.dtype}; allowed are three of float32"
    if any(length % 2 == 0 for length in data.shape):
        return f"its shape is {data.shape}; every axis must be odd"
    return _wrong_values(data) or off_centre(data)


def _wrong_values(data: Volume) -> str:
    if not np.isfinite(data).all():
        return "it contains NaN or infinite voxels"
    if data.min() < 0:
        return f"its minimum is {data.min():g}; it must not be negative"
    if abs(float(data.sum(dtype=float)) - 1) > FORM.sum_tolerance:
        return f"its sum is {data.sum(dtype=float):g}; it must be 1"
    edges = (np.moveaxis(data, axis, 0)[[0, -1]] for axis in range(3) if data.shape[axis] > 1)
    return "its outermost planes are not zero" if any(edge.any() for edge in edges) else ""
