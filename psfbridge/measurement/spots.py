"""Cut-outs for measurement: the PSF itself, a single bead, or every isolated bead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.detection.bead_width import BeadScale
from psfbridge.detection.beads import USED, Bead
from psfbridge.detection.find import FoundBeads, find
from psfbridge.detection.statuses import Reason
from psfbridge.errors import NoBeadsError
from psfbridge.imaging.image import Image
from psfbridge.measurement.local_background import Surroundings, look_around
from psfbridge.measurement.profiles import profiles_through
from psfbridge.measurement.settings import SPOTS
from psfbridge.options import DistillOptions

__all__ = ["Spot", "Spots", "spot_at", "spot_in_psf", "spots_in_image"]

Floats = NDArray[np.float64]
Numbers = Sequence[float] | NDArray[np.float64]


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
    """The spots selected in an image, with a description."""

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
    """Cut out the usable beads of an image, or its brightest spot where there are not several.

    Raises
    ------
    ImageError
        If a voxel is not finite, or all are equal.
    NoBeadsError
        If nothing stands out from the background.
    """
    found = find(image, DistillOptions())
    used = found.beads.with_status(USED)
    # The image itself is measured, but for what is missing of it.
    voxels = image.data if found.image.valid is None else found.voxels
    if len(used) > 1:
        spots = tuple(spot_at(voxels, at, found.scale) for at in used.positions)
        return Spots(
            spots, f"median of {len(used)} beads in {image.name} ({found.beads.sentence()})"
        )
    bead = _strongest(found)
    at = _brightest_voxel(voxels) if bead is None else np.array([bead.z, bead.y, bead.x])
    spot = spot_at(voxels, at, found.scale)
    if bead is None:
        _check_stands_out(spot, image.name)
    return Spots((spot,), _words(found, bead))


def _strongest(found: FoundBeads) -> Bead | None:
    """Return the one usable bead, else the strongest candidate, else nothing."""
    beads = [bead for bead in found.beads if bead.reason != Reason.HOT_PIXEL]
    if not beads and len(found.beads):
        raise NoBeadsError(
            f"only hot pixels found in {found.image.name} ({found.beads.sentence()}). Is this an "
            "image of beads or of a PSF?"
        )
    # Candidates come in the order of their strength.
    return next((bead for bead in beads if bead.status == USED), beads[0] if beads else None)


def _brightest_voxel(data: NDArray[Any]) -> Floats:
    return np.array(np.unravel_index(int(np.argmax(data)), data.shape), float)


def _words(found: FoundBeads, bead: Bead | None) -> str:
    name = found.image.name
    which = f"the only spot in {name}"
    if len(found.beads) > 1:
        which = f"the brightest spot in {name} ({found.beads.sentence()})"
    if bead is None or not bead.reason:
        return which
    return f"{which} (would be rejected by distill: {bead.reason})"


def _check_stands_out(spot: Spot, name: str) -> None:
    height, noise = float(spot.counts[spot.start]), spot.around.noise
    if height < SPOTS.least_snr * noise:
        raise NoBeadsError(
            f"no spot found in {name}: the brightest has SNR {height / noise:.1f} (at least "
            f"{SPOTS.least_snr:g} needed). Is this an image of beads or of a PSF?"
        )


def spot_at(data: NDArray[Any], at: Numbers, scale: BeadScale) -> Spot:
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
    reach = SPOTS.reach_fwhm * np.maximum(scale.fwhm, 1.0)
    while True:
        spot = _cut(data, centre, reach)
        profiles = profiles_through(spot.counts, (1, 1, 1), spot.start)
        widths = np.array([np.nan if line is None else line.fwhm_um for line in profiles])
        wide = ~(SPOTS.reach_fwhm * widths <= 1.25 * reach)
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
    near = tuple(
        slice(max(at - low - 2, 0), at - low + 3) for at, low in zip(centre, first, strict=True)
    )
    top = np.unravel_index(int(np.argmax(counts[near])), counts[near].shape)
    z, y, x = (int(step) + part.start for step, part in zip(top, near, strict=True))
    return Spot(counts, (first[0], first[1], first[2]), (z, y, x), around)
