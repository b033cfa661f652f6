"""The state of one bead in the fit: its box of counts and its parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from psfbridge.detection.beads import REJECTED, Bead
from psfbridge.detection.find import FoundBeads
from psfbridge.detection.statuses import Reason
from psfbridge.distillation.joint.settings import BEAD_FIT
from psfbridge.imaging.noise import Noise
from psfbridge.numerics.fourier import sampling_matrices

__all__ = ["BeadFit", "BeadState", "Observation", "is_modelled", "observe"]

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

# Candidates that may be in the way of others, and that their own fit may take back into use.
_RETAKEN = (Reason.TOO_CLOSE, Reason.DOUBLET, Reason.TOO_DIM)
_MODELLED = (
    *_RETAKEN,
    Reason.BORDER,
    Reason.SHAPE,
    Reason.POOR_FIT,
    Reason.SATURATED,
    Reason.TOO_LARGE,
    Reason.NOT_CHOSEN,
)


@dataclass(frozen=True, eq=False)
class Observation:
    """The box around one bead; all boxes of a solve have one shape.

    Parameters
    ----------
    image, bead : int
        The number of the image, and of the candidate in its table.
    counts : array of float32
        The array has axes (z, y, x). The units are counts.
    usable : array of bool
        Voxels in the image and not saturated.
    corner : array of int
        The image's voxel at the first voxel of the box.
    noise : Noise
        The noise of the image.
    factor : tuple of int
        Into how many samples the PSF divides a voxel, along z, y and x.
    background : float, optional
        The background in counts, where the user gave it; else it is fitted.
    """

    image: int
    bead: int
    counts: Floats32
    usable: NDArray[np.bool_]
    corner: NDArray[np.int64]
    noise: Noise
    factor: tuple[int, int, int] = (1, 1, 1)
    background: float | None = None

    def matrices(self, fine_shape: Sequence[int], position: Floats) -> list[Floats32]:
        """Return the matrices that bring a PSF to a position of the image, seen in the box."""
        shift = self.offset(position)
        return sampling_matrices(self.counts.shape, fine_shape, self.factor, shift)

    def slopes(self, fine_shape: Sequence[int], position: Floats) -> list[Floats32]:
        """Return the derivatives of `matrices` by the position along each one's axis."""
        shift = self.offset(position)
        return sampling_matrices(self.counts.shape, fine_shape, self.factor, shift, derivative=True)

    def offset(self, position: Floats) -> Floats:
        """Return the offset of a position from the box centre, in voxels."""
        offset: Floats = position - self.corner - np.array(self.counts.shape) // 2
        return offset


@dataclass(frozen=True, eq=False)
class BeadFit:
    """The unknowns of one bead, and how well they explain it.

    `slope` is the background's, in counts a voxel along z, y and x, then its curvature along z in
    counts a voxel². `position_variance` is in voxels². As long as nothing was fitted,
    `intensity_error` is infinite.
    """

    position: Floats
    intensity: float
    background: float
    slope: Floats
    intensity_error: float = float("inf")
    position_variance: tuple[float, float, float] = (0.0, 0.0, 0.0)
    chi2: float = 1.0
    misfit: float = 0.0


@dataclass(frozen=True, eq=False)
class BeadState:
    """One bead in the solve: what is seen, what is fitted, and the light of its neighbours.

    `contributes` says whether the bead takes part in the PSF; all are subtracted from each other.
    `model_error` is the share of its light by which it may differ from the PSF.
    """

    seen: Observation
    fit: BeadFit
    others: Floats32
    contributes: bool
    model_error: float = field(default_factory=lambda: BEAD_FIT.model_error)

    def with_fit(self, fit: BeadFit) -> BeadState:
        """Return the bead with other values of its unknowns."""
        return replace(self, fit=fit)


def is_modelled(bead: Bead) -> bool:
    """Return whether a candidate is used, could be used, or is in the way of others."""
    return bead.status != REJECTED or bead.reason in _MODELLED


def observe(
    found: Sequence[FoundBeads],
    shape: Sequence[int],
    only: Collection[tuple[int, int]] | None = None,
) -> list[BeadState]:
    """Cut out every candidate that is used, could be used, or is in the way of others.

    Parameters
    ----------
    found : sequence of FoundBeads
        The beads of each image.
    shape : sequence of int
        Shape of the boxes, odd in every axis.
    only : collection of pairs of int, optional
        The numbers of image and candidate of those to cut out; by default all.
    """
    return [state for number, one in enumerate(found) for state in _of(number, one, shape, only)]


def _of(
    number: int,
    found: FoundBeads,
    shape: Sequence[int],
    only: Collection[tuple[int, int]] | None,
) -> Iterator[BeadState]:
    half = (shape[0] // 2, shape[1] // 2, shape[2] // 2)
    unseen = None if only is None else _Unseen.of(number, found, only)
    for index, bead in enumerate(found.beads):
        if not is_modelled(bead) or (only is not None and (number, index) not in only):
            continue
        position = np.array([bead.z, bead.y, bead.x])
        box = found.cut_out(np.round(position).astype(int)[np.newaxis], half)
        counts, usable = box.counts[0], box.inside[0]
        if unseen is not None:
            unseen.leave_out(usable, box.corner[0], position)
        if not usable.any():
            continue
        seen = Observation(number, index, counts, usable, box.corner[0], found.noise)
        contributes = bead.status != REJECTED or bead.reason in _RETAKEN
        yield BeadState(seen, _start(seen, bead, position), np.zeros_like(counts), contributes)


@dataclass(frozen=True, eq=False)
class _Unseen:
    """Candidates that a solve does not look at: around them voxels are of no use.

    Parameters
    ----------
    places : array
        Their positions in voxels; the array has shape (candidates, 3).
    reach : array
        How far around them voxels are left out, and around a bead are not, in z, y and x.
    """

    places: Floats
    reach: Floats

    @classmethod
    def of(cls, number: int, found: FoundBeads, only: Collection[tuple[int, int]]) -> _Unseen:
        places = [
            (bead.z, bead.y, bead.x)
            for k, bead in enumerate(found.beads)
            if (number, k) not in only
        ]
        reach = BEAD_FIT.left_out_widths * np.maximum(found.scale.fwhm, 1)
        return cls(np.array(places, float).reshape(-1, 3), reach)

    def leave_out(
        self, usable: NDArray[np.bool_], corner: NDArray[np.int64], position: Floats
    ) -> None:
        """Mark the voxels of a box as useless that lie around candidates, but near its bead."""
        mine = usable.copy()
        inside = (self.places > corner - self.reach) & (
            self.places < corner + usable.shape + self.reach
        )
        for place in self.places[inside.all(axis=1)]:
            usable[_around(place - corner, self.reach, usable.shape)] = False
        own = _around(position - corner, self.reach, usable.shape)
        usable[own] = mine[own]


def _around(place: Floats, reach: Floats, shape: Sequence[int]) -> tuple[slice, ...]:
    low = np.clip(np.ceil(place - reach), 0, shape).astype(int)
    high = np.clip(np.floor(place + reach) + 1, low, shape).astype(int)
    return tuple(slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True))


def _start(seen: Observation, bead: Bead, position: Floats) -> BeadFit:
    counts = seen.counts[seen.usable]
    background = bead.background
    if not np.isfinite(background):
        background = float(np.percentile(counts, 25))
    intensity = bead.intensity
    if not (np.isfinite(intensity) and intensity > 0):
        intensity = max(float((counts - background).sum()), 1e-6)
    return BeadFit(position, intensity, background, np.zeros(4))
