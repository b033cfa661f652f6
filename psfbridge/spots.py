"""Cut-outs around what is to be measured: the PSF itself, one bead, or every isolated bead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.candidates import Candidates, find_candidates
from psfbridge.errors import ImageError, NoBeadsError
from psfbridge.image import Image
from psfbridge.noise import estimate_noise
from psfbridge.profiles import profiles_through
from psfbridge.scale import BeadScale, estimate_scale
from psfbridge.surroundings import Surroundings, look_around

__all__ = ["Spot", "Spots", "spot_at", "spot_in_psf", "spots_in_image"]

Floats = NDArray[np.float64]

_REACH_FWHM = 4.0
_ISOLATED_FWHM = 4.0
_LEAST_SNR = 5.0


@dataclass(frozen=True, eq=False)
class Spot:
    """A cut-out with one spot to measure.

    Parameters
    ----------
    counts : array
        The array has axes (z, y, x). The units are counts, above the background for a bead.
    origin : tuple of int
        Index of its first voxel in the image.
    start : tuple of int
        Its brightest voxel near the spot's place.
    around : Surroundings
        Background and noise at its borders.
    """

    counts: Floats
    origin: tuple[int, int, int]
    start: tuple[int, int, int]
    around: Surroundings


@dataclass(frozen=True, eq=False)
class Spots:
    """What was chosen in an image, and in words how."""

    spots: tuple[Spot, ...]
    words: str


def spot_in_psf(psf: NDArray[np.float32]) -> Spot:
    """Take a PSF whole: its background counts as part of it.

    Its outermost planes are zero by definition and say nothing of what was left there.
    """
    inner = psf[tuple(slice(1, -1) if length > 4 else slice(None) for length in psf.shape)]
    z, y, x = (length // 2 for length in psf.shape)
    return Spot(np.asarray(psf, float), (0, 0, 0), (z, y, x), look_around(inner))


def spots_in_image(image: Image) -> Spots:
    """Cut out the isolated beads of an image, or its brightest spot where there are not several.

    Raises
    ------
    ImageError
        If a voxel is not finite, or all are equal.
    NoBeadsError
        If nothing stands out from the background.
    """
    _check_counts(image)
    scale = estimate_scale(image)
    found = find_candidates(image, estimate_noise(image), scale)
    found = found[~found.hot]
    isolated = found[_isolated(found, scale, image.data.shape)]
    if len(isolated) > 1:
        spots = tuple(spot_at(image.data, voxel, scale) for voxel in isolated.voxel)
        words = f"the median of {len(spots)} isolated beads among {len(found)} spots"
        return Spots(spots, f"{words} in {image.name}")
    spot = _brightest(image, found, scale)
    return Spots((spot,), _words(image, len(found)))


def _words(image: Image, found: int) -> str:
    if found > 1:
        return f"the brightest of {found} spots in {image.name}, which are too close to be isolated"
    return f"the one spot in {image.name}"


def _check_counts(image: Image) -> None:
    low, high = float(image.data.min()), float(image.data.max())
    if not np.isfinite([low, high]).all():
        raise ImageError(
            f"{image.name} holds NaN or infinite voxels; allowed are finite counts. Repair them."
        )
    if low == high:
        raise ImageError(
            f"{image.name} has nothing to measure: every voxel is {low:g}. Give an image of a PSF "
            "or of beads."
        )


def _isolated(found: Candidates, scale: BeadScale, shape: Sequence[int]) -> NDArray[np.bool_]:
    """Candidates with no other within four FWHM, and no lateral border within two."""
    widths = np.maximum(scale.fwhm, 1.0)
    places = found.voxel / widths
    apart = np.linalg.norm(places[:, np.newaxis] - places[np.newaxis], axis=2)
    np.fill_diagonal(apart, np.inf)
    last = np.array(shape) - 1
    to_border = np.minimum(found.voxel, last - found.voxel) / widths
    alone: NDArray[np.bool_] = apart.min(axis=1, initial=np.inf) >= _ISOLATED_FWHM
    return alone & (to_border[:, 1:].min(axis=1, initial=np.inf) >= _ISOLATED_FWHM / 2)


def _brightest(image: Image, found: Candidates, scale: BeadScale) -> Spot:
    data = image.data
    if len(found):
        at = found.voxel[0]
    else:
        at = np.array(np.unravel_index(int(np.argmax(data)), data.shape))
    spot = spot_at(data, at, scale)
    height = float(spot.counts[spot.start])
    if height < _LEAST_SNR * spot.around.noise:
        raise NoBeadsError(
            f"nothing stands out in {image.name}: its brightest spot is "
            f"{height / spot.around.noise:.1f} times the noise above the background; needed is "
            f"{_LEAST_SNR:g} times. Give an image of a PSF or of beads."
        )
    return spot


def spot_at(data: NDArray[Any], at: Sequence[float], scale: BeadScale) -> Spot:
    """Cut out one spot, four of its own FWHM to each side.

    Parameters
    ----------
    data : array
        The array has axes (z, y, x). The units are counts.
    at : sequence of float
        Where it is, to about a voxel.
    scale : BeadScale
        How wide it may be; a wider spot gets a wider cut-out.
    """
    centre = [round(float(value)) for value in at]
    reach = _REACH_FWHM * np.maximum(scale.fwhm, 1.0)
    while True:
        spot = _cut(data, centre, reach)
        profiles = profiles_through(spot.counts, (1, 1, 1), spot.start)
        widths = np.array([np.nan if line is None else line.fwhm_um for line in profiles])
        wide = ~(_REACH_FWHM * widths <= 1.25 * reach)
        wide &= reach < np.array(data.shape)
        if not wide.any():
            return spot
        reach = np.where(wide, 2 * reach, reach)


def _cut(data: NDArray[Any], centre: Sequence[int], reach: Floats) -> Spot:
    first = [max(at - int(np.ceil(half)), 0) for at, half in zip(centre, reach, strict=True)]
    box = tuple(
        slice(low, at + int(np.ceil(half)) + 1)
        for low, at, half in zip(first, centre, reach, strict=True)
    )
    raw = data[box]
    around = look_around(raw)
    counts = np.asarray(raw, float) - around.background
    near = tuple(slice(max(at - low - 2, 0), at - low + 3) for at, low in zip(centre, first, strict=True))
    top = np.unravel_index(int(np.argmax(counts[near])), counts[near].shape)
    z, y, x = (int(step) + part.start for step, part in zip(top, near, strict=True))
    return Spot(counts, (first[0], first[1], first[2]), (z, y, x), around)
