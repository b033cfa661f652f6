"""Bead candidates: maxima of a matched filter that exceed the local background and noise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from psfbridge._util.threads import cores, workers
from psfbridge.detection.bead_width import BeadScale
from psfbridge.detection.blocks import Region, grown, tiles, within
from psfbridge.detection.settings import CANDIDATES
from psfbridge.imaging.image import Image
from psfbridge.imaging.noise import Noise
from psfbridge.numerics.robust import FWHM_PER_SIGMA
from psfbridge.numerics.smoothing import gaussian_smooth, mean_smooth
from psfbridge.progress import Progress, no_progress, tracked

__all__ = ["Candidates", "TileSearch", "distinct", "find_candidates"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Candidates:
    """Maxima of the matched filter.

    Parameters
    ----------
    voxel : array of int
        The voxel of each maximum; the array has shape (candidates, 3) with z, y, x in a row.
    response : array
        Height of the filtered bead above its background, in counts.
    snr : array
        The response over the standard deviation of the filtered noise.
    hot : array of bool
        A single voxel far above all its neighbours.
    """

    voxel: NDArray[np.int64]
    response: Floats
    snr: Floats
    hot: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.voxel)

    def __getitem__(self, chosen: Any) -> Candidates:
        return Candidates(
            self.voxel[chosen], self.response[chosen], self.snr[chosen], self.hot[chosen]
        )

    @classmethod
    def joined(cls, parts: Iterable[Candidates]) -> Candidates:
        """Return the candidates of several parts of an image, one part after the other."""
        none = cls(np.zeros((0, 3), np.int64), np.zeros(0), np.zeros(0), np.zeros(0, bool))
        fields = zip(*(vars(part).values() for part in (none, *parts)), strict=True)
        return cls(*(np.concatenate(values) for values in fields))


def find_candidates(
    image: Image, noise: Noise, scale: BeadScale, progress: Progress = no_progress
) -> Candidates:
    """Find every place that may be a bead, tile by tile.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x). The units are counts.
    noise : Noise
        The noise of the image.
    scale : BeadScale
        The width of a bead: the filter is a Gaussian of that width less its surroundings.
    progress : Progress, optional
        Called after every tile.

    Returns
    -------
    Candidates
        In the order of their response, the strongest first; never two within one bead.
    """
    search = TileSearch.of(scale, noise, image.data.shape)
    parts = tiles(image.data.shape)
    whole = slice(0, image.data.shape[1]), slice(0, image.data.shape[2])
    with workers(min(cores(), CANDIDATES.most_workers)) as pool:
        jobs = pool.map(lambda tile: search.candidates(image, whole, tile), parts)
        found = [next(jobs) for _ in tracked(parts, progress, "finding beads")]
    return distinct(Candidates.joined(found), scale)


@dataclass(frozen=True)
class TileSearch:
    """The search of one tile, whatever part of the image is at hand.

    Parameters
    ----------
    matched : _Filter
        The filter.
    shape : tuple of int
        Size of the image.
    """

    matched: _Filter
    shape: tuple[int, ...]

    @classmethod
    def of(cls, scale: BeadScale, noise: Noise, shape: tuple[int, ...]) -> TileSearch:
        """Return the search for beads of a width in an image of a shape."""
        return cls(_Filter.of(scale, noise, shape), shape)

    @property
    def halo(self) -> int:
        """Return the margin around a tile, in pixels, that affects its candidates."""
        widest = max(self.matched.sigma[1:])
        return max(int(3 * widest + 1), max(self.matched.surround[1:]) // 2) + 2

    def candidates(self, image: Image, seen: Region, tile: Region) -> Candidates:
        """Return the candidates in a tile, except those at voxels without data.

        Parameters
        ----------
        image : Image
            A part of the image; the array has axes (z, y, x). The units are counts.
        seen : tuple of slice
            Its rows and columns in the image: those of the tile, and `halo` around it.
        tile : tuple of slice
            Rows and columns of the tile in the image.
        """
        box = grown(tile, self.halo, self.shape)
        part = (slice(None), *within(box, seen))
        rows, columns = within(tile, box)
        found = Candidates(*self.matched.peaks(image.data[part], rows.start, rows.stop))
        x = found.voxel[:, 2]
        found = found[(x >= columns.start) & (x < columns.stop)]
        if image.valid is not None:
            found = found[image.valid[part][tuple(found.voxel.T)]]
        return replace(found, voxel=found.voxel + np.array([0, box[0].start, box[1].start]))


@dataclass(frozen=True)
class _Filter:
    sigma: tuple[float, float, float]
    surround: tuple[int, int, int]
    noise: Noise
    power: float

    @classmethod
    def of(cls, scale: BeadScale, noise: Noise, shape: tuple[int, ...]) -> _Filter:
        z, y, x = (max(sigma, 0.5) for sigma in scale.sigma)
        sigma = (z if shape[0] > 1 else 0.0, y, x)
        sizes = [
            2 * int(np.ceil(CANDIDATES.background_widths * FWHM_PER_SIGMA * s / 2)) + 1
            for s in sigma
        ]
        surround = (1 if shape[0] == 1 else sizes[0], sizes[1], sizes[2])
        reach = [4 * int(np.ceil(s)) for s in sigma]
        spot = np.zeros([2 * r + 1 for r in reach], np.float32)
        spot[tuple(reach)] = 1
        kernel = ndimage.gaussian_filter(spot, sigma, truncate=3)
        return cls(sigma, surround, noise, float((kernel.astype(float) ** 2).sum()))

    def peaks(self, data: NDArray[Any], first: int, last: int) -> tuple[Any, ...]:
        """Maxima of the filtered rows `first` to `last`, as the fields of `Candidates`."""
        halo = max(int(3 * self.sigma[1] + 1), self.surround[1] // 2) + 2
        low, high = max(first - halo, 0), min(last + halo, data.shape[1])
        # Without the offset: the filters' sums must not lose a bead in the rounding of a constant.
        counts = np.asarray(data[:, low:high], np.float32) - np.float32(self.noise.offset)
        background = mean_smooth(counts, self.surround)
        response = gaussian_smooth(counts, self.sigma, 3.0)
        response -= background
        inner = slice(first - low, last - low)
        excess = self._excess(response[:, inner], background[:, inner])
        voxel = self._above(response, background, inner, excess)
        voxel = voxel[_is_maximum(response, voxel)]
        at = tuple(voxel.T)
        spread = excess * self._spread(background[at]) * self._edge_factor(voxel, response.shape)
        strength = response[at].astype(float)
        hot = _is_hot(counts, voxel, background[at])
        return voxel + np.array([0, low, 0]), strength, strength / spread, hot

    def _spread(self, background: NDArray[np.float32]) -> Floats:
        spread: Floats = np.sqrt(
            self.noise.variance(background + np.float32(self.noise.offset)) * self.power
        )
        return spread

    def _excess(self, response: NDArray[np.float32], background: NDArray[np.float32]) -> float:
        """Return the variation of the filtered block in excess of its noise."""
        some = slice(None, None, CANDIDATES.sampled)
        seen = response[:, some, some]
        seen = np.abs(seen - np.median(seen))
        # The median of what grows with the background is that of the median background.
        model = self._spread(np.asarray(np.median(background[:, some, some])))
        return max(float(np.quantile(seen, 0.683) / model), 1.0)

    def _above(
        self,
        response: NDArray[np.float32],
        background: NDArray[np.float32],
        inner: slice,
        excess: float,
    ) -> NDArray[np.int64]:
        """Voxels above the threshold; its least value sorts out most of them cheaply."""
        limit = CANDIDATES.threshold * excess
        least = limit * float(self._spread(background[:, inner].min()))
        searched = response[:, inner] > least
        z, y, x = np.unravel_index(np.flatnonzero(searched), searched.shape)
        voxel = np.stack([z, y + inner.start, x], axis=1)
        at = tuple(voxel.T)
        spread = self._spread(background[at]) * self._edge_factor(voxel, response.shape)
        kept: NDArray[np.int64] = voxel[response[at] > limit * spread]
        return kept

    def _edge_factor(self, voxel: NDArray[np.int64], shape: tuple[int, ...]) -> Floats:
        """The filter sees the image mirrored at its edges: there each sample counts twice."""
        last = np.array(shape) - 1
        at_edge = np.minimum(voxel, last - voxel) < np.array(self.sigma)
        factor: Floats = np.sqrt(2.0) ** at_edge.sum(axis=1)
        return factor


def _neighbours(volume: NDArray[Any], voxel: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
    """Values of the 26 neighbours of each voxel; edges repeat."""
    limit = np.array(volume.shape) - 1
    for step in product((-1, 0, 1), repeat=3):
        if any(step):
            yield volume[tuple(np.clip(voxel + step, 0, limit).T)]


def _is_maximum(response: NDArray[np.float32], voxel: NDArray[np.int64]) -> NDArray[np.bool_]:
    own = response[tuple(voxel.T)]
    highest = np.ones(len(voxel), bool)
    for value in _neighbours(response, voxel):
        highest &= own >= value
    return highest


def _is_hot(
    counts: NDArray[np.float32], voxel: NDArray[np.int64], background: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Whether one voxel holds nearly all: it, or a direct neighbour, towers over its own.

    The filter's maximum may lie beside the hot voxel, so the brightest of the 27 is asked.
    """
    if len(voxel) == 0:
        return np.zeros(0, bool)
    values = np.stack([counts[tuple(voxel.T)], *_neighbours(counts, voxel)])
    values = np.sort(values - background, axis=0)
    hot: NDArray[np.bool_] = values[-1] > CANDIDATES.hot_contrast * np.maximum(values[-2], 0)
    return hot


def distinct(found: Candidates, scale: BeadScale) -> Candidates:
    """Return candidates, the strongest first, without what belongs to a stronger one's pattern.

    Distances are in widths (FWHM) along the axis and across it. Within half a width it is the
    same bead; along the axis the lobes of an aberrated PSF reach half of its height; rings and
    lobes elsewhere stay below a tenth of it. Farther out a plane's light is spread over a disc
    that grows with the square of the distance, and so its rings fall off.

    Parameters
    ----------
    found : Candidates
        Those of all parts of an image.
    scale : BeadScale
        The width of a bead.
    """
    found = found[_strongest_first(found)]
    widths = np.maximum(scale.fwhm, 1.0)
    spots = found.voxel / widths
    kept = np.ones(len(found), bool)
    tree = cKDTree(spots) if len(spots) else None
    faintest = max(float(found.response.min(initial=np.inf)), 1e-300)
    for index in range(len(found)):
        if tree is None or not kept[index]:
            continue
        reach = max(CANDIDATES.near, np.sqrt(CANDIDATES.pattern * found.response[index] / faintest))
        near = np.array([i for i in tree.query_ball_point(spots[index], reach) if i > index], int)
        if len(near) == 0:
            continue
        apart = np.abs(spots[near] - spots[index])
        share = found.response[near] / found.response[index]
        kept[near[_is_part(apart, share, hot=bool(found.hot[index]))]] = False
    return found[kept]


def _strongest_first(found: Candidates) -> NDArray[np.intp]:
    """The order by response, then by place: the same in whatever order parts were searched."""
    z, y, x = found.voxel.T
    return np.lexsort((x, y, z, -found.response))


def _is_part(apart: Floats, share: Floats, *, hot: bool) -> NDArray[np.bool_]:
    along, across = apart[:, 0], np.hypot(apart[:, 1], apart[:, 2])
    same = np.hypot(along, across) < CANDIDATES.same_bead
    if hot:
        return same
    lobe = (across < CANDIDATES.lobe_across) & (share < CANDIDATES.lobe_share)
    far = np.hypot(along, across)
    ring = np.where(
        far < CANDIDATES.near, share < CANDIDATES.ring_share, share * far**2 < CANDIDATES.pattern
    )
    part: NDArray[np.bool_] = same | lobe | ring
    return part
