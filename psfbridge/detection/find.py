"""Bead detection and judging: from an image to the table of candidates."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psfbridge._util.cluster import Cluster
from psfbridge.detection.bead_width import BeadScale, estimate_scale
from psfbridge.detection.beads import REJECTED, USED, Beads
from psfbridge.detection.blocks import tiles
from psfbridge.detection.candidates import Candidates, find_candidates
from psfbridge.detection.find_by_block import find_in_blocks
from psfbridge.detection.gaussian_fits import GaussianFits, fit_gaussians
from psfbridge.detection.judging import CandidateMeasures, judge
from psfbridge.detection.plane_levels import plane_levels
from psfbridge.detection.settings import GAUSSIAN_FITS, PLANE_LEVELS, SEARCH, WIDTH
from psfbridge.detection.statuses import Reason
from psfbridge.detection.user_positions import checked_positions, only_chosen, with_chosen
from psfbridge.errors import NoBeadsError, OptionError
from psfbridge.imaging.counts import UNSCALED, Counts, Scale, in_counts
from psfbridge.imaging.findings import Finding
from psfbridge.imaging.image import Image
from psfbridge.imaging.input_image import given_image
from psfbridge.imaging.noise import Noise
from psfbridge.imaging.request import accept
from psfbridge.imaging.sources import held
from psfbridge.numerics.cutouts import Cutouts, cut_out
from psfbridge.option_types import ReadingChoices
from psfbridge.options import DistillOptions
from psfbridge.progress import Progress, no_progress

__all__ = ["FoundBeads", "check_diameter", "find", "find_beads", "need_beads", "with_known_beads"]


@dataclass(frozen=True, eq=False)
class FoundBeads:
    """The beads of one image, with what was learned of it on the way.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x). The units are counts.
    beads : Beads
        Every candidate, judged.
    noise : Noise
        The noise of the image.
    scale : BeadScale
        The width of a typical bead.
    saturation : float
        Counts at which the image is clipped, or infinity.
    values : Scale
        How the values of the input became the counts of `image`.
    findings : tuple of Finding
        What is wrong with the image.
    min_separation_um : float, optional
        The least distance of two beads that was asked for.
    window : tuple of slice, optional
        Rows and columns of the part that stands for the whole, in an image that is read by blocks.
    """

    image: Image
    beads: Beads
    noise: Noise
    scale: BeadScale
    saturation: float
    values: Scale = UNSCALED
    findings: tuple[Finding, ...] = ()
    min_separation_um: float | None = None
    window: tuple[slice, slice] | None = None

    @cached_property
    def plane_levels(self) -> NDArray[np.float64]:
        """By how much the background of each plane differs from that of the stack, in counts."""
        reach = PLANE_LEVELS.reach_widths * float(np.max(self.scale.fwhm[1:]))
        if self.window is None:
            return plane_levels(self.image, self.noise, self.beads.positions, reach)
        rows, columns = self.window
        part = replace(self.image, data=self.image.data[:, rows, columns], valid=None)
        places = self.beads.positions - (0, rows.start, columns.start)
        last = np.array(part.data.shape[1:]) - 1
        near = ((places[:, 1:] > -reach) & (places[:, 1:] < last + reach)).all(axis=1)
        return plane_levels(part, self.noise, places[near], reach)

    def cut_out(self, voxel: NDArray[np.int64], half: tuple[int, int, int]) -> Cutouts:
        """Cut out boxes as `psfbridge.numerics.cutouts.cut_out` does, less `plane_levels`.

        Voxels that are saturated count as outside the image.
        """
        boxes = cut_out(self.image.data, voxel, half, self.image.valid)
        inside = boxes.inside & (boxes.counts < self.saturation)
        planes = boxes.corner[:, :1] + np.arange(boxes.counts.shape[1])
        levels = self.plane_levels[np.clip(planes, 0, len(self.plane_levels) - 1)]
        counts = boxes.counts - levels[:, :, None, None].astype(np.float32)
        return Cutouts(counts, inside, boxes.corner)

    @property
    def voxels(self) -> NDArray[Any]:
        """The voxels in the units of the input, what is missing filled; axes (z, y, x)."""
        if self.values == UNSCALED:
            return self.image.data
        return np.asarray(self.image.data / self.values.factor + self.values.offset)

    def in_input_units(self, beads: Beads) -> Beads:
        """Return `beads` with intensity and background in the units of the input."""
        factor, offset = self.values.factor, self.values.offset
        if self.values == UNSCALED:
            return beads
        return Beads(
            replace(
                bead,
                intensity=bead.intensity / factor,
                background=bead.background / factor + offset,
            )
            for bead in beads
        )


def with_known_beads(image: Image, beads: Beads) -> FoundBeads:
    """Return what `find` learns of an image, with beads that are known already.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x).
    beads : Beads
        In the units of the image.
    """
    counts = in_counts(image)
    factor, offset = counts.scale.factor, counts.scale.offset
    scaled = Beads(
        replace(
            bead,
            intensity=bead.intensity * factor,
            background=(bead.background - offset) * factor,
        )
        for bead in beads
    )
    return FoundBeads(
        counts.image,
        scaled,
        counts.noise,
        bead_scale(counts),
        counts.saturation,
        counts.scale,
        counts.findings,
        window=counts.window,
    )


def bead_scale(counts: Counts) -> BeadScale:
    """Return the width of a typical bead, of the part that stands for an image read by blocks."""
    image = counts.image
    if counts.window is not None:
        rows, columns = counts.window
        image = replace(image, data=image.data[:, rows, columns], valid=None)
    return estimate_scale(image, counts.noise)


def find_beads(
    image: Image | NDArray[Any] | str | os.PathLike[str],
    *,
    positions: Any = None,
    min_separation_um: float | None = None,
    progress: Progress | Literal[False] | None = None,
    **reading: Unpack[ReadingChoices],
) -> Beads:
    """Find every bead candidate of an image and judge it.

    Parameters
    ----------
    image : Image, array or path
        The array has axes (z, y, x), or (y, x). The units are counts.
    positions : array-like, optional
        The beads to use, to within about a voxel: rows of z, y, x in voxels. Each is refined; all
        other candidates are rejected as not chosen.
    min_separation_um : float, optional
        Beads closer together than this are rejected as too close.
    progress : Progress or False, optional
        Called frequently; may raise `psfbridge.errors.Cancelled`. By default a bar on a terminal or
        in a notebook; False for none.
    **reading
        How the image is read: ``voxel_um`` (required for a plain array), ``channel``, and for a
        file ``time`` and ``axes``.

    Returns
    -------
    Beads
        All candidates, with positions in voxels, status and reason.

    Raises
    ------
    ImageError
        If the image contains only one value, or no data at all.
    OptionError
        If a position lies outside the image.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> stack = rng.poisson(20.0, (9, 32, 32)).astype("uint16")
    >>> stack[3:6, 14:17, 14:17] += 400
    >>> len(find_beads(stack, voxel_um=(0.2, 0.1, 0.1)))
    1
    """
    choices = {"min_separation_um": min_separation_um, **reading}
    asked = accept(DistillOptions, choices, progress=progress, only=("min_separation_um",))
    image = held(as_image(image, lazy=True, **asked.reading), SEARCH.memory_bytes)
    found = find(image, asked.options, asked.progress, positions)
    return found.in_input_units(found.beads)


def as_image(
    image: Image | ArrayLike | str | os.PathLike[str],
    *,
    lazy: bool = False,
    **reading: Unpack[ReadingChoices],
) -> Image:
    """Return `image` with axes (z, y, x); a path is read, a bare array needs its voxel size."""
    return given_image(image, lazy=lazy, **reading).channel()


def find(
    image: Image,
    options: DistillOptions,
    progress: Progress = no_progress,
    positions: Any = None,
    cluster: Cluster | None = None,
) -> FoundBeads:
    """Find and judge the beads of one image, keeping what was learned of it.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x). The units are counts.
    options : DistillOptions
        Its `min_separation_um` is used.
    progress : Progress, optional
        Called often.
    positions : array-like, optional
        The beads to use, see `find_beads`.
    cluster : Cluster, optional
        Where the blocks are searched of an image that is read by blocks; by default here.

    Raises
    ------
    ImageError
        If the image contains only one value, or no data at all.
    OptionError
        If a position lies outside the image.
    """
    spots = None if positions is None else checked_positions(positions, image)
    counts = in_counts(image, progress)
    scale = bead_scale(counts)
    if counts.window is None:
        candidates = find_candidates(counts.image, counts.noise, scale, progress)
    else:
        candidates = find_in_blocks(counts, scale, progress, cluster)
    if spots is None:
        return _judged(counts, scale, candidates, options)
    candidates, chosen = with_chosen(candidates, counts.image, scale, spots)
    found = _judged(counts, scale, candidates, options)
    return replace(found, beads=only_chosen(found.beads, chosen))


def _judged(
    counts: Counts, scale: BeadScale, candidates: Candidates, options: DistillOptions
) -> FoundBeads:
    image = counts.image
    fits, saturated = _fitted(counts, scale, candidates)
    least = options.min_separation_um
    measures = CandidateMeasures(image, candidates, fits, saturated, scale, least)
    return FoundBeads(
        image,
        judge(measures),
        counts.noise,
        scale,
        counts.saturation,
        counts.scale,
        counts.findings,
        min_separation_um=least,
        window=counts.window,
    )


def _fitted(
    counts: Counts, scale: BeadScale, candidates: Candidates
) -> tuple[GaussianFits, NDArray[np.bool_]]:
    """Fit a Gaussian to each candidate in groups, and return which boxes are saturated.

    They are cut out in the order in which they lie, so that nothing is read twice.
    """
    image = counts.image
    half = scale.half_extent(GAUSSIAN_FITS.box_widths, len(image.data))
    order = _by_place(candidates, image.data.shape)
    fits, saturated = [], []
    for first in range(0, max(len(order), 1), SEARCH.fitted):
        some = candidates.voxel[order[first : first + SEARCH.fitted]]
        boxes = cut_out(image.data, some, half, image.valid)
        fits.append(fit_gaussians(boxes, counts.noise, scale))
        saturated.append((boxes.counts >= counts.saturation).any(axis=(1, 2, 3)))
    back = np.argsort(order)
    return GaussianFits.joined(fits)[back], np.concatenate(saturated)[back]


def _by_place(candidates: Candidates, shape: tuple[int, ...]) -> NDArray[np.intp]:
    """The order by tile, by plane within a tile."""
    z, y, x = candidates.voxel.T
    side = max(tile.stop - tile.start for tile in tiles(shape)[0])
    return np.lexsort((x, y, z, x // side, y // side))


def need_beads(beads: Beads, name: str) -> Beads:
    """Return the used beads, or say why there are none.

    Raises
    ------
    NoBeadsError
        With the counts by reason, and what to do.
    """
    used = beads.with_status(USED)
    if len(used):
        return used
    if len(beads) == 0:
        raise NoBeadsError(
            f"no bead found in {name}: nothing stands out from the noise.",
            remedy="Check that this is the right channel and depth, or expose longer.",
        )
    raise NoBeadsError(f"no usable bead in {name}: {beads.sentence()}.", remedy=_advice(beads))


def check_diameter(found: FoundBeads, diameter_um: float) -> None:
    """Refuse a diameter that the beads of an image contradict.

    Raises
    ------
    OptionError
        If they look much narrower than a sphere of this diameter could.
    """
    _, dy, dx = found.image.voxel_um
    width = max(found.scale.fwhm[1] * dy, found.scale.fwhm[2] * dx)
    if diameter_um > WIDTH.most_diameter * width:
        raise OptionError(
            f"{{bead_diameter_um}} is {diameter_um:g}, but the beads in {found.image.name} appear "
            f"only {width:.3g} µm wide; the diameter can hardly exceed that.",
            option="bead_diameter_um",
            remedy="Give the diameter in µm (100 nm is 0.1), and check the voxel size.",
        )


def _advice(beads: Beads) -> str:
    """Return what to do about the reason for which most beads are rejected."""
    counts = Counter(Reason(bead.reason) for bead in beads if bead.status == REJECTED)
    chosen = Counter({why: n for why, n in counts.items() if why != Reason.NOT_CHOSEN}) or counts
    return chosen.most_common(1)[0][0].advice
