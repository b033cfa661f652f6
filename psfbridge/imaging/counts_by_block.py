"""Conversion to camera counts for images that are read block by block."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from psfbridge.errors import ImageError
from psfbridge.imaging.clipping import Floor, restored_below
from psfbridge.imaging.counts import UNSCALED, Counts, Scale, in_counts, scaled, value_scale
from psfbridge.imaging.findings import Finding
from psfbridge.imaging.image import Image
from psfbridge.imaging.lazy_volume import Box, LazyVolume
from psfbridge.imaging.no_data import (
    far_below,
    filled,
    region_at_lowest,
    solid_share,
)
from psfbridge.imaging.settings import LAZY, NO_DATA
from psfbridge.imaging.survey import Survey, survey
from psfbridge.progress import Progress

__all__ = ["counts_by_block"]

Mask = NDArray[np.bool_]


def counts_by_block(image: Image, progress: Progress) -> Counts:
    """Return an image as counts that are computed where they are read.

    The image is looked through once. Noise, cut-off and faulty pixels are told from its part that
    holds most beads; a small image is that part itself, and all is as for one in memory. Where
    voxels hold no data is told from a box and its surroundings.

    Parameters
    ----------
    image : Image
        Its data are a `LazyVolume` with axes (z, y, x).
    progress : Progress
        Called often.

    Raises
    ------
    ImageError
        If no voxel holds data, or all hold the same.
    """
    raw = cast("LazyVolume", image.data)
    seen = survey(raw, progress)
    if not seen.low < seen.high:
        raise ImageError(
            f"{image.name} contains nothing but constant planes: there are no beads to find. Is "
            "this the right file and channel?"
        )
    window = _window(image, seen)
    scale = _scale(window, seen)
    part = in_counts(window, scale=scale)
    change = _Change(
        lowest=seen.low if _stands_for_nothing(raw, window, seen) else None,
        constant=seen.constant,
        finite=seen.finite,
        levels=_levels(window),
        mask=image.valid,
        warm=_warm(part, window, raw.shape),
        scale=scale,
        floor=part.floor,
    )
    counts = LazyVolume(_CountsSource(raw, change))
    valid = LazyVolume(_ValidSource(raw, change)) if change.leaves_out else None
    return replace(
        part,
        image=replace(image, data=cast("Any", counts), valid=cast("Any", valid)),
        scale=scale,
        saturation=_saturation(seen, raw, part, scale),
        findings=(*_said(image.name, change, seen), *part.findings),
        window=seen.window,
    )


def _window(image: Image, seen: Survey) -> Image:
    rows, columns = seen.window
    valid = None if image.valid is None else image.valid[:, rows, columns]
    return replace(image, data=image.data[:, rows, columns], valid=valid)


def _scale(window: Image, seen: Survey) -> Scale:
    if window.data.dtype.kind != "f":
        return UNSCALED
    known = window.data[np.isfinite(window.data)]
    return value_scale(np.append(known, [seen.low, seen.high]).astype(window.data.dtype))


def _stands_for_nothing(raw: LazyVolume, window: Image, seen: Survey) -> bool:
    """Whether the lowest value is none that the camera saw, as `missing_voxels` tells it."""
    if seen.at_low < NO_DATA.least_share:
        return False
    return far_below(window.data, seen.low) or solid_share(raw, seen.low) >= NO_DATA.least_solid


def _levels(window: Image) -> NDArray[np.float64]:
    """The median of each plane, which fills what is far from all that is seen."""
    planes = (plane[np.isfinite(plane)] for plane in window.data)
    return np.array([np.median(plane) if plane.size else 0.0 for plane in planes])


def _warm(part: Counts, window: Image, shape: tuple[int, int, int]) -> Mask | None:
    """The faulty camera pixels, where the part that was looked at is the whole image."""
    if part.warm is None or window.data.shape != shape:
        return None
    return part.warm


def _saturation(seen: Survey, raw: LazyVolume, part: Counts, scale: Scale) -> float:
    kind = raw.dtype.kind
    level = scale.factor * (seen.high - scale.offset)
    if kind in "ui" and seen.high == np.iinfo(raw.dtype).max:
        return level
    if seen.near_high is None:
        return part.saturation
    levels = max(0.01 * (seen.high - seen.low), 1.0)
    clipped = seen.at_high >= 5 and seen.at_high > 4 * seen.near_high / levels
    return level if clipped else float("inf")


def _said(name: str, change: _Change, seen: Survey) -> list[Finding]:
    if change.lowest is None and seen.finite and not seen.constant.any():
        return []
    share = seen.at_low if change.lowest is not None else 0.0
    least = max(share, float(seen.constant.mean()))
    return [
        Finding(
            f"at least {least:.1%} of the voxels of {name} hold no data (NaN, or zero as in a "
            "deskewed or registered stack) and were ignored."
        )
    ]


@dataclass(frozen=True, eq=False)
class _Change:
    """The conversion of the voxels in a box.

    `lowest` is the value that stands for no data, `constant` says which planes hold none,
    `levels` are the planes' medians, `mask` is the user's, `warm` are faulty pixels.
    """

    lowest: float | None
    constant: Mask
    finite: bool
    levels: NDArray[np.float64]
    mask: Mask | None
    warm: Mask | None
    scale: Scale
    floor: Floor

    @property
    def leaves_out(self) -> bool:
        """Whether any voxel may hold no data."""
        parts = (self.lowest, self.mask, self.warm)
        known = any(part is not None for part in parts)
        return known or not self.finite or bool(self.constant.any())

    @property
    def plain(self) -> bool:
        """Whether the voxels are counts as they are."""
        return not (self.leaves_out or self.floor.noise) and self.scale == UNSCALED

    def valid(self, data: NDArray[Any], box: Box) -> Mask:
        """Return which voxels of a box hold data."""
        valid = np.isfinite(data) if data.dtype.kind == "f" else np.ones(data.shape, bool)
        valid[self.constant[box[0]]] = False
        if self.lowest is not None:
            valid &= ~region_at_lowest((data == self.lowest) & valid)
        if self.mask is not None:
            valid &= self.mask[box]
        if self.warm is not None:
            valid &= ~self.warm[box[1:]]
        return valid

    def counts(self, data: NDArray[Any], box: Box) -> NDArray[Any]:
        """Return the voxels of a box as counts."""
        if self.leaves_out:
            data = filled(data, self.valid(data, box), self.levels[box[0]])
        data = scaled(data, self.scale)
        return restored_below(data, self.floor, _corner(box)) if self.floor.noise else data


def _corner(box: Box) -> tuple[int, int, int]:
    z, y, x = (part.start for part in box)
    return z, y, x


class _ChangedSource:
    """A source of voxels that depend on those around them."""

    chunks: tuple[int, int, int] | None = None

    def __init__(self, raw: LazyVolume, change: _Change) -> None:
        self._raw, self._change = raw, change
        self.name, self.shape = raw.source.name, raw.shape
        self.dtype = raw.dtype

    def _near(self, box: Box) -> tuple[Box, Box]:
        """Return a box with its surroundings, and where it lies in that."""
        margin = (LAZY.near_z, LAZY.near, LAZY.near)
        near, inner = [], []
        for part, reach, length in zip(box, margin, self.shape, strict=True):
            low, high = max(part.start - reach, 0), min(part.stop + reach, length)
            near.append(slice(low, high))
            inner.append(slice(part.start - low, part.stop - low))
        return (near[0], near[1], near[2]), (inner[0], inner[1], inner[2])


class _CountsSource(_ChangedSource):
    def __init__(self, raw: LazyVolume, change: _Change) -> None:
        super().__init__(raw, change)
        if change.scale != UNSCALED or change.floor.noise:
            self.dtype = np.dtype(np.float32)

    def read(self, box: Box) -> NDArray[Any]:
        if self._change.plain:
            return self._raw.box(box)
        near, inner = self._near(box)
        return self._change.counts(self._raw.box(near), near)[inner]


class _ValidSource(_ChangedSource):
    def __init__(self, raw: LazyVolume, change: _Change) -> None:
        super().__init__(raw, change)
        self.dtype = np.dtype(bool)

    def read(self, box: Box) -> NDArray[Any]:
        near, inner = self._near(box)
        return self._change.valid(self._raw.box(near), near)[inner]

    def fill(self, box: Box) -> bool | None:
        """False where nothing is stored, and what is read there stands for no data."""
        value = self._raw.fill(self._near(box)[0])
        return False if value is not None and value == self._change.lowest else None
