"""Beads selected by the user."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from psfbridge.detection.bead_width import BeadScale
from psfbridge.detection.beads import REJECTED, USED, Bead, Beads
from psfbridge.detection.candidates import Candidates
from psfbridge.detection.settings import POSITIONS
from psfbridge.detection.statuses import Reason
from psfbridge.errors import OptionError
from psfbridge.imaging.image import Image

__all__ = ["checked_positions", "only_chosen", "with_chosen"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# What no choice can mend; crowding, borders and looks are the user's own judgement.
_FINAL = (Reason.HOT_PIXEL, Reason.SATURATED)


def checked_positions(positions: Any, image: Image) -> Floats:
    """Return the positions as an array of shape (beads, 3), or say what is wrong with them.

    Parameters
    ----------
    positions : array-like
        Positions in voxels; the array has shape (beads, 3) with z, y, x in a row.
    image : Image
        The image that they must lie in.

    Raises
    ------
    OptionError
        If they are no such array, or one lies outside the image.

    Examples
    --------
    >>> image = Image(np.zeros((4, 8, 8)), (0.2, 0.1, 0.1))
    >>> checked_positions([(1, 2, 3)], image).shape
    (1, 3)
    """
    try:
        spots = np.array(positions, float)
    except (TypeError, ValueError):
        spots = np.zeros(0)
    if spots.ndim != 2 or spots.shape[1] != 3 or len(spots) == 0 or not np.isfinite(spots).all():
        raise OptionError(
            f"positions are {_short(positions)}; give at least one row of finite z, y, x in voxels."
        )
    shape = np.array(image.data.shape)
    outside = np.nonzero(((spots < -0.5) | (spots > shape - 0.5)).any(axis=1))[0]
    if len(outside):
        z, y, x = spots[outside[0]]
        raise OptionError(
            f"position {outside[0]} is z={z:g} y={y:g} x={x:g}, and {image.name} has "
            f"{' x '.join(str(n) for n in shape)} voxels; positions must lie inside it."
        )
    return spots


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def with_chosen(
    found: Candidates, image: Image, scale: BeadScale, positions: Floats
) -> tuple[Candidates, Mask]:
    """Return the candidates with the chosen ones among them, and which those are.

    Parameters
    ----------
    found : Candidates
        What was found in the image.
    image : Image
        The array has axes (z, y, x). The units are counts.
    scale : BeadScale
        The width of a bead: positions nearer to each other than half of it are one bead.
    positions : array
        Positions in voxels; the array has shape (beads, 3) with z, y, x in a row.
    """
    widths = np.maximum(scale.fwhm, 1.0)
    chosen = np.zeros(len(found), bool)
    lost = positions
    if len(found):
        distance, nearest = cKDTree(found.voxel / widths).query(positions / widths)
        chosen[nearest[distance <= POSITIONS.reach_fwhm]] = True
        lost = positions[distance > POSITIONS.reach_fwhm]
    new = _at(_apart(lost, widths), image)
    parts = zip(vars(found).values(), vars(new).values(), strict=True)
    every = Candidates(*(np.concatenate(pair) for pair in parts))
    return every, np.concatenate([chosen, np.ones(len(new), bool)])


def _apart(positions: Floats, widths: Floats) -> Floats:
    """The positions without those that repeat an earlier one."""
    kept: list[Floats] = []
    for position in positions:
        if all(np.linalg.norm((position - other) / widths) > 0.5 for other in kept):
            kept.append(position)
    return np.array(kept).reshape(-1, 3)


def _at(positions: Floats, image: Image) -> Candidates:
    """Candidates at positions where none was found; the fit decides whether there is a bead."""
    last = np.array(image.data.shape) - 1
    voxel = np.clip(np.round(positions), 0, last).astype(np.int64)
    height = np.array([float(image.data[z, y, x]) for z, y, x in voxel])
    return Candidates(
        voxel, height, np.full(len(voxel), np.inf), np.zeros(len(voxel), bool)
    )  # fmt: skip


def only_chosen(beads: Beads, chosen: Mask) -> Beads:
    """Return the beads with the chosen ones used, and every other rejected as not chosen.

    Crowding, borders and shape are the user's to judge; a hot pixel, a saturated bead, and a place
    where nothing can be seen stay rejected.
    """
    return Beads(_judged(bead, mine) for bead, mine in zip(beads, chosen, strict=True))


def _judged(bead: Bead, mine: bool) -> Bead:
    if bead.reason == Reason.HOT_PIXEL:
        return bead
    if not mine:
        return replace(bead, status=REJECTED, reason=Reason.NOT_CHOSEN)
    if bead.reason in _FINAL:
        return bead
    # A fit that failed has no signal-to-noise ratio, and no bead either.
    reason = "" if bead.snr >= POSITIONS.least_snr else Reason.TOO_DIM
    return replace(bead, status=REJECTED if reason else USED, reason=reason)
