"""Conversion of PSFs from other programs to the standard form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from psfbridge._util.option_records import options_of
from psfbridge.errors import PSFError
from psfbridge.imaging.image import Volume, check_type
from psfbridge.numerics.fourier import crop_or_pad, peak_position
from psfbridge.options import DeconvolveOptions
from psfbridge.psf.form import conformed, form_fault, odd_shape
from psfbridge.psf.settings import FOREIGN

__all__ = ["in_form", "rim_level"]

Floats = NDArray[np.float64]


def in_form(
    volume: NDArray[Any], name: str, background: str | float = "none"
) -> tuple[Volume, tuple[str, ...]]:
    """Return a PSF from any program as a volume in form, and what was done to it.

    Parameters
    ----------
    volume : array
        The array has axes (z, y, x). Any real type, size, position, sum and scale.
    name : str
        What messages call it.
    background : 'none', 'auto' or float
        What is subtracted first: nothing, the level of the rim of its darkest plane, or a number
        in the units of the volume.

    Returns
    -------
    array of float32
        See `psfbridge.psf.psf.PSF`; a volume that is in form already comes back unchanged.
    tuple of str
        Notes for the user, one sentence each.

    Raises
    ------
    PSFError
        If it is not finite, has no positive voxel, or no peak that could be a PSF's.

    Examples
    --------
    >>> import numpy as np
    >>> spot = np.zeros((8, 8, 8), "uint8"); spot[3:5, 3:5, 3:5] = 255
    >>> data, notes = in_form(spot, "psf.tif")
    >>> data.shape
    (9, 9, 9)
    """
    level = options_of(DeconvolveOptions)["psf_background"].converted(background)
    check_type(name, volume.dtype)
    raw = _finite(volume, name)
    if level == "none" and not form_fault(single := raw.astype(np.float32)):
        return single, ()
    floor = {"none": 0.0, "auto": rim_level(raw)}.get(level, level)
    light = raw - floor
    _check_light(light, name)
    data = conformed(np.maximum(light, 0), odd_shape(light.shape))
    done = [*_moves(light, floor), *_cuts(light)]
    done.append(f"its sum was normalised from {light.sum():.4g} to 1")
    notes = [f"{name} was converted to a standard PSF: {', '.join(done)}."]
    return data, (*notes, *_warnings(light, name))


def rim_level(volume: NDArray[Any]) -> float:
    """Return the level on which a PSF stands: the median of the rim of its darkest plane.

    In focus, light is near the axis and the rim of the plane shows what is not light: an offset
    of the camera, or a background that was never subtracted.

    Parameters
    ----------
    volume : array
        The array has axes (z, y, x).
    """
    rim = np.ones(volume.shape[1:], bool)
    rim[1:-1, 1:-1] = False
    return float(np.median(volume[:, rim], axis=1).min())


def _finite(volume: NDArray[Any], name: str) -> Floats:
    raw = np.asarray(volume, float)
    bad = int(np.count_nonzero(~np.isfinite(raw)))
    if bad:
        raise PSFError(f"{name} contains {bad} NaN or infinite voxels. Replace them.")
    # Sums of squares and products must not overflow, whatever the scale of the file.
    largest = float(np.abs(raw).max(initial=0))
    return raw / largest if largest > FOREIGN.largest_value else raw


def _check_light(light: Floats, name: str) -> None:
    """Refuse what is no PSF, whatever is done to it: nothing, one value, many spots."""
    if not (light > 0).any():
        raise PSFError(f"{name} has no voxel above its background: it is not a PSF.")
    if light.max() == light.min():
        raise PSFError(f"{name} contains nothing but one value: it is not a PSF.")
    spots = _spots(light)
    if spots > FOREIGN.most_spots:
        raise PSFError(
            f"{name} contains {spots} bright spots; a PSF has one. If it is an image of beads, "
            "distil the PSF first."
        )


def _spots(light: Floats) -> int:
    smooth = ndimage.gaussian_filter(light, FOREIGN.spot_blur)
    smooth -= rim_level(smooth)
    bright = smooth > FOREIGN.spot_level * smooth.max()
    return int(ndimage.label(bright, np.ones((3, 3, 3)))[1])


def _moves(light: Floats, floor: float) -> list[str]:
    """Return notes on the subtracted background and the shift of the peak."""
    said = [f"{floor:.4g} was subtracted"] if floor else []
    size, target = light.shape, odd_shape(light.shape)
    if size != target:
        said.append(f"{_product(size)} voxels became {_product(target)}")
    move = np.array(target) // 2 - peak_position(np.maximum(light, 0))
    if np.abs(move).max() > FOREIGN.told_move:
        said.append(f"its peak was moved by {_triple(move)} voxels (z, y, x) to the centre")
    return said


def _cuts(light: Floats) -> list[str]:
    """Return notes on what was set to zero: negative voxels and the outermost planes."""
    said = []
    positive = np.maximum(light, 0)
    negative = float(-light[light < 0].sum())
    total = float(positive.sum())
    if negative > FOREIGN.told_light * total:
        said.append(f"negative voxels ({negative / total:.1%} of its light) were set to 0")
    lost = 1 - _inside(positive) / total
    if lost > FOREIGN.told_light:
        said.append(f"{lost:.1%} of its light, in and beyond its outermost planes, was cropped")
    return said


def _inside(positive: Floats) -> float:
    """Return the light within the outermost planes once the peak is at the centre."""
    shape = odd_shape(positive.shape)
    peak = [int(at) for at in np.unravel_index(int(np.argmax(positive)), positive.shape)]
    centred = crop_or_pad(positive, shape, peak)
    inner = tuple(slice(1, -1) if length > 1 else slice(None) for length in shape)
    return float(centred[inner].sum())


def _warnings(light: Floats, name: str) -> Iterator[str]:
    """Return warnings of light that does not belong to a PSF: an offset or a second spot."""
    level = rim_level(light)
    share = level * light.size / float(light.sum())
    if share > FOREIGN.told_floor:
        yield (
            f"{name} has an offset: the edge of its darkest plane is at {level:.4g}, "
            f"{level / light.max():.2%} of its peak and {min(share, 1):.0%} of its light. If this "
            "is a camera offset or background, have it subtracted (psf_background: auto)."
        )
    spots = _spots(light)
    if spots > 1:
        yield f"{name} contains {spots} bright spots; the brightest was used as the centre."


def _product(shape: Sequence[int]) -> str:
    return " x ".join(str(length) for length in shape)


def _triple(values: Floats) -> str:
    return " ".join(f"{value:+.2f}" for value in values)
