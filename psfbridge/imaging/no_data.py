"""Detection of voxels without data: NaN, and zeros from deskewing, fusion or registration."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from psfbridge.imaging.settings import NO_DATA

__all__ = ["far_below", "filled", "missing_voxels", "region_at_lowest", "solid_share"]

Mask = NDArray[np.bool_]

#: Rows and columns of a part of a plane.
Region = tuple[slice, slice]


def missing_voxels(data: NDArray[Any]) -> Mask | None:
    """Find the voxels that hold no data; None where all do.

    Voxels that are not finite hold none, nor does a plane of one value. Of the voxels of the
    lowest value it is those that the camera cannot have seen: far below its darkest counts, or in
    regions without a trace of noise.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x). The units are counts.

    Returns
    -------
    array of bool or None
        True where there is no data; the same axes.

    Examples
    --------
    >>> stack = np.random.default_rng(0).poisson(100.0, (4, 32, 32))
    >>> stack[:, :3] = 0
    >>> bool(np.count_nonzero(missing_voxels(stack)) >= 4 * 3 * 32)
    True
    >>> missing_voxels(stack[:, 8:]) is None
    True
    """
    if data.dtype.kind in "ui" and _all_seen(data):
        return None
    missing = ~np.isfinite(data) if data.dtype.kind == "f" else np.zeros(data.shape, bool)
    if len(data) > 1 and data[0].size >= NO_DATA.patch**2:
        missing[[bool(plane.min() == plane.max()) for plane in data]] = True
    if missing.all():
        return missing
    lowest = _lowest(data, missing)
    at_lowest = (data == lowest) & ~missing
    share = np.count_nonzero(at_lowest) / data.size
    if share >= NO_DATA.least_share:
        if far_below(data, lowest):
            missing |= _widened(at_lowest)
        else:
            missing |= _solid(at_lowest)
    return missing if missing.any() else None


def _all_seen(data: NDArray[Any]) -> bool:
    """Whether no plane of whole numbers is of one value, and hardly a voxel at the lowest."""
    low, high = data.min(axis=(1, 2)), data.max(axis=(1, 2))
    if (low == high).any():
        return False
    at_lowest = sum(int(np.count_nonzero(plane == low.min())) for plane in data)
    return at_lowest < NO_DATA.least_share * data.size


def _lowest(data: NDArray[Any], missing: Mask) -> float:
    if not missing.any():
        return float(data.min())
    return min(float(p[~m].min()) for p, m in zip(data, missing, strict=True) if not m.all())


def far_below(data: NDArray[Any], lowest: float) -> bool:
    """Return whether the lowest value is far below what the camera gives.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x). The units are counts.
    lowest : float
        The value.
    """
    step = max(int(np.ceil((data.size / NO_DATA.sampled) ** (1 / 2))), 1)
    some = np.asarray(data[:, ::step, ::step], float).ravel()
    some = some[np.isfinite(some) & (some > lowest)]
    if not len(some):
        return False
    darkest, median = np.quantile(some, (0.001, 0.5))
    return bool(darkest - lowest > NO_DATA.gap * (median - darkest) and median > darkest)


def solid_share(data: Any, lowest: float) -> float:
    """Return how much of the voxels at the lowest value lies in squares without a gap.

    Parameters
    ----------
    data : array or LazyVolume
        The array has axes (z, y, x); some planes are looked at.
    lowest : float
        The value.
    """
    solid = every = 0
    for number in range(0, len(data), max(len(data) // NO_DATA.sampled_planes, 1)):
        at_lowest = np.asarray(data[number] == lowest)[np.newaxis]
        solid += int(np.count_nonzero(_patches(at_lowest)))
        every += int(np.count_nonzero(at_lowest))
    return solid / max(every, 1)


def _solid(at_lowest: Mask) -> Mask:
    """The regions of the lowest value that hold nothing else, not so much as a voxel of noise."""
    none = np.zeros(at_lowest.shape, bool)
    if solid_share(at_lowest, True) < NO_DATA.least_solid:
        return none
    region = _grown_patches(at_lowest)
    pairs = zip(at_lowest, region, strict=True)
    inside = sum(
        int(np.count_nonzero(ndimage.binary_fill_holes(found) & ~plane)) for plane, found in pairs
    )
    return _widened(region) if inside <= NO_DATA.most_inside * region.sum() else none


def region_at_lowest(at_lowest: Mask) -> Mask:
    """Return the regions of the lowest value, where it is known to stand for no data.

    Parameters
    ----------
    at_lowest : array of bool
        Which voxels of a part of an image stand at it; the array has axes (z, y, x).
    """
    same = at_lowest.all() or not at_lowest.any()
    return at_lowest if same else _widened(_grown_patches(at_lowest))


def _grown_patches(at_lowest: Mask) -> Mask:
    """Squares without a gap, and the ragged rim of the regions that hold one."""
    region = _patches(at_lowest)
    for plane, found in zip(at_lowest, region, strict=True):
        grain = ndimage.binary_opening(plane, np.ones((NO_DATA.grain,) * 2))
        found[:] = ndimage.binary_propagation(found, mask=grain | found)
    return region


def _patches(at_lowest: Mask) -> Mask:
    """Return the area covered by filled squares."""
    size = (1, NO_DATA.patch, NO_DATA.patch)
    inner = ndimage.minimum_filter(at_lowest, size, mode="nearest")
    return np.asarray(ndimage.maximum_filter(inner, size, mode="nearest"))


def _widened(region: Mask) -> Mask:
    """A region and the voxels beside it, which interpolation may have mixed with it."""
    cross = ndimage.generate_binary_structure(3, 1)
    return np.asarray(ndimage.binary_dilation(region, cross))


def filled(
    data: NDArray[Any], valid: Mask, levels: NDArray[np.float64] | None = None
) -> NDArray[Any]:
    """Return a copy with the voxels that are not valid filled smoothly from around them.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x). The units are counts.
    valid : array of bool
        Which voxels hold data; the same axes, or one plane for all.
    levels : array, optional
        What fills a plane far from all that is seen; by default its median.

    Examples
    --------
    >>> data = np.full((1, 5, 5), 7.0)
    >>> data[0, 2, 2] = np.nan
    >>> float(filled(data, np.isfinite(data)).min())
    7.0
    """
    result = np.array(data)
    seen = np.broadcast_to(valid, data.shape)
    if levels is None:
        levels = _levels(data, seen)
    for plane, source, held, level in zip(result, data, seen, levels, strict=True):
        if held.all():
            continue
        plane[~held] = np.asarray(level).astype(data.dtype)
        for part, around in _parts_with_gaps(held):
            gaps = ~held[part]
            near = _from_around(source[around], held[around], float(level))
            plane[part][gaps] = near[_within(part, around)][gaps].astype(data.dtype)
    return result


def _parts_with_gaps(held: Mask) -> list[tuple[Region, Region]]:
    """Parts of a plane that hold all gaps near to what is seen, each with what can fill it.

    Few gaps are filled from the squares that they lie in, many from the whole plane.
    """
    side = NO_DATA.square
    halo = int(NO_DATA.fill_ends * NO_DATA.filled_from + 0.5)
    near = ndimage.maximum_filter(_squares(held, side), 2 * -(-halo // side) + 1)
    squares = np.argwhere(_squares(~held, side) & near)
    if len(squares) * (side + 2 * halo) ** 2 >= held.size:
        whole = slice(0, held.shape[0]), slice(0, held.shape[1])
        return [(whole, whole)]
    parts = [(slice(y * side, (y + 1) * side), slice(x * side, (x + 1) * side)) for y, x in squares]
    return [(part, _grown(part, halo)) for part in parts]


def _squares(mask: Mask, side: int) -> Mask:
    """Whether any pixel of each square is in a mask."""
    down, across = (np.arange(0, length, side) for length in mask.shape)
    return np.logical_or.reduceat(np.logical_or.reduceat(mask, down, axis=0), across, axis=1)


def _grown(part: Region, halo: int) -> Region:
    rows, columns = (slice(max(one.start - halo, 0), one.stop + halo) for one in part)
    return rows, columns


def _within(part: Region, around: Region) -> Region:
    rows, columns = (
        slice(one.start - other.start, one.stop - other.start)
        for one, other in zip(part, around, strict=True)
    )
    return rows, columns


def _levels(data: NDArray[Any], seen: Mask) -> NDArray[np.float64]:
    """The median of what is seen in each plane; that of the planes where it is nothing."""
    pairs = zip(data, seen, strict=True)
    levels = np.array([_level(plane, held) for plane, held in pairs])
    known = np.isfinite(levels)
    whole = float(np.median(levels[known])) if known.any() else 0.0
    return np.where(known, levels, whole)


def _level(plane: NDArray[Any], held: Mask) -> float:
    """The median of what is seen in a plane, of a sample where that is much; NaN of nothing."""
    step = max(plane.size // NO_DATA.level_pixels, 1)
    some = plane.ravel()[::step][held.ravel()[::step]]
    some = some if some.size else plane[held]
    return float(np.median(some)) if some.size else float("nan")


def _from_around(plane: NDArray[Any], seen: Mask, level: float) -> NDArray[np.float64]:
    """The mean of what is seen near each voxel; far from all of it the plane's level."""
    above = np.where(seen, plane - level, 0).astype(float)
    total, weight = (
        ndimage.gaussian_filter(one, NO_DATA.filled_from, truncate=NO_DATA.fill_ends)
        for one in (above, seen.astype(float))
    )
    near = total / np.maximum(weight, 1e-6)
    return np.asarray(level + near)
