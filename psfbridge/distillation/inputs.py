"""The images of a distillation: reading, consistency checks and bead detection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from psfbridge._util.cluster import Cluster, opened_cluster
from psfbridge._util.units import zyx_um
from psfbridge.detection.beads import USED, Beads
from psfbridge.detection.find import FoundBeads, as_image, check_diameter, find, need_beads
from psfbridge.detection.statuses import Reason
from psfbridge.distillation.bead_table import on_one_scale
from psfbridge.distillation.joint.bead_budget.budget import SolveBudget
from psfbridge.distillation.settings import CROWDING
from psfbridge.errors import ImageError, OptionError
from psfbridge.imaging.image import Image
from psfbridge.imaging.repeated import combined
from psfbridge.imaging.sources import held
from psfbridge.option_types import ReadingChoices
from psfbridge.options import DistillOptions
from psfbridge.progress import Progress

__all__ = ["Search", "prepare", "search"]


def prepare(
    images: Sequence[Any], reading: ReadingChoices, options: DistillOptions, positions: Any
) -> tuple[Image, ...]:
    """Return the images to distil from, and refuse before any work what no stage could use.

    Parameters
    ----------
    images : sequence
        Images, arrays, paths, and lists of them.
    reading : mapping
        How each is read: the fields of `psfbridge.imaging.read.Reading`.
    options : DistillOptions
        What was chosen; each value was checked when the record was made.
    positions : array-like or None
        The beads to use.

    Raises
    ------
    ImageError
        If there is no image, or they do not belong together.
    OptionError
        If the images, the positions and the options contradict one another.
    """
    inputs = _chosen_images(images, reading, _room(options))
    if options.repeats != "separate":
        inputs = (combined(inputs, options.repeats),)
    if positions is not None:
        _check_positions(inputs, options)
    if options.field:
        _check_one_field(inputs)
    if options.method == "reverse-rl" and len(inputs) > 1:
        raise OptionError(
            f"{{method}} is reverse-rl, which works with one image, but {len(inputs)} were given.",
            option="method",
            remedy="For several images choose {method=joint} or {method=average}.",
        )
    return inputs


def _check_positions(images: Sequence[Image], options: DistillOptions) -> None:
    if len(images) > 1:
        raise OptionError(
            f"positions work with one image, but {len(images)} were given.",
            option="positions",
            remedy="Distil each image separately.",
        )
    if options.method == "reverse-rl":
        raise OptionError(
            "positions are given but {method} is reverse-rl, which uses everything bright.",
            option="positions",
            remedy="Choose another {method}, or omit the positions.",
        )


def _check_one_field(images: Sequence[Image]) -> None:
    shapes = sorted({image.data.shape for image in images})
    if len(shapes) > 1:
        words = " and ".join(" x ".join(str(n) for n in shape) for shape in shapes)
        raise ImageError(
            f"the images have {words} voxels; images of one field must have the same shape.",
            option="field",
            remedy="Distil them separately, or omit {field}.",
        )


def _room(options: DistillOptions) -> float:
    """Return how many bytes an image and the search may take together in memory.

    For a cluster, files are always read by blocks: those are what its workers are given.
    """
    if options.scheduler is not None or options.local_cluster is not None:
        return 0.0
    return SolveBudget.of(options).memory_gib * 2**30


def _chosen_images(
    images: Sequence[Any], reading: ReadingChoices, room: float
) -> tuple[Image, ...]:
    """Return the images, each with axes (z, y, x) and a unique name."""
    every = [one for item in images for one in (item if isinstance(item, list | tuple) else [item])]
    if not every:
        raise ImageError("no image was given. Give at least one.")
    if any(isinstance(one, list | tuple) for one in every):
        raise ImageError(
            "an image is given as a nested list; allowed are images, arrays, paths, and a list "
            "of these. Convert it first: numpy.asarray(image)."
        )
    inputs = _named_apart([held(as_image(one, lazy=True, **reading), room) for one in every])
    first = inputs[0]
    for image in inputs[1:]:
        if not np.allclose(image.voxel_um, first.voxel_um, rtol=1e-3):
            raise ImageError(
                f"{image.name} has voxels of {zyx_um(image.voxel_um)}, {first.name} of "
                f"{zyx_um(first.voxel_um)}; all images need the same voxel size. Distil them "
                "separately."
            )
        if (len(image.data) == 1) != (len(first.data) == 1):
            raise ImageError(
                f"{image.name} and {first.name} are a single plane and a stack, which cannot be "
                "combined. Distil them separately."
            )
    return inputs


def _named_apart(images: Sequence[Image]) -> tuple[Image, ...]:
    """Make equal image names unique by adding folder names or numbers, as the table requires."""
    names = [image.name for image in images]
    if len(set(names)) < len(names):
        names = [_with_folder(image, Counter(names)) for image in images]
    seen: Counter[str] = Counter()
    result = []
    for image, name in zip(images, names, strict=True):
        seen[name] += 1
        own = name if seen[name] == 1 else f"{name} ({seen[name]})"
        result.append(image if own == image.name else replace(image, name=own))
    return tuple(result)


def _with_folder(image: Image, counts: Counter[str]) -> str:
    folder = Path(image.source).resolve().parent.name if image.source else ""
    return f"{folder}/{image.name}" if folder and counts[image.name] > 1 else image.name


# Methods that fit neighbouring beads together.
_PARTING = ("auto", "joint", "pupil")


@dataclass(frozen=True, eq=False)
class Search:
    """The beads found in several images.

    Parameters
    ----------
    found : tuple of FoundBeads
        Of the images with a bead that can be used.
    idle : Beads
        The candidates of the others.
    notes : tuple of str
        Which images take no part, and why.
    """

    found: tuple[FoundBeads, ...]
    idle: Beads
    notes: tuple[str, ...]

    def table(self, solved: Sequence[Beads]) -> Beads:
        """Return all candidates in one table: those that a method judged, then the idle ones."""
        judged = (
            found.in_input_units(on_one_scale(found.beads, beads))
            for found, beads in zip(self.found, solved, strict=True)
        )
        return Beads(bead for beads in (*judged, self.idle) for bead in beads)


def search(
    images: Sequence[Image], options: DistillOptions, positions: Any, progress: Progress
) -> Search:
    """Find the beads of every image; one without a usable bead does not sink the others.

    Those that are read by blocks are searched on the cluster that the options name.

    Raises
    ------
    ImageError
        If a lone image, or one of several, cannot be used at all.
    NoBeadsError
        If no image has a bead that can be used.
    OptionError
        If the beads contradict their diameter.
    """
    with opened_cluster(options.scheduler, options.local_cluster) as cluster:
        finding = _Finding(options, positions, progress, cluster)
        every = [_found(image, finding) for image in images]
    need_beads(Beads(bead for one in every for bead in one.beads), _names(images))
    able = tuple(one for one in every if len(one.beads.with_status(USED)))
    for one in able:
        check_diameter(one, options.bead_diameter_um)
    idle = [one for one in every if not len(one.beads.with_status(USED))]
    rest = Beads(bead for one in idle for bead in one.in_input_units(one.beads))
    return Search(able, rest, (*_said_of_nearer(able, options), *_said(idle)))


@dataclass(frozen=True, eq=False)
class _Finding:
    options: DistillOptions
    positions: Any
    progress: Progress
    cluster: Cluster | None

    def beads(self, image: Image, options: DistillOptions) -> FoundBeads:
        return find(image, options, self.progress, self.positions, self.cluster)


def _found(image: Image, finding: _Finding) -> FoundBeads:
    """Find the beads; if all are close to others, accept closer ones if the method allows it."""
    options = finding.options
    found = finding.beads(image, options)
    reasons = found.beads.funnel()["rejected"]
    free = options.min_separation_um is None and finding.positions is None
    parts = options.method in _PARTING and free
    for widths in CROWDING.nearer_widths:
        if found.beads.with_status(USED) or not parts or not reasons.get(Reason.TOO_CLOSE):
            break
        nearer = widths * found.scale.fwhm[2] * image.voxel_um[2]
        found = finding.beads(image, replace(options, min_separation_um=nearer))
    return found


def _said_of_nearer(able: Sequence[FoundBeads], options: DistillOptions) -> Iterator[str]:
    for one in able:
        if one.min_separation_um != options.min_separation_um:
            yield (
                f"Every bead in {one.image.name} has a close neighbour: beads at least "
                f"{one.min_separation_um:.2g} µm apart were used, and the fit separates their "
                "light."
            )


def _said(idle: Sequence[FoundBeads]) -> Iterator[str]:
    for one in idle:
        seen = one.beads.sentence() if len(one.beads) else "none found"
        yield f"{one.image.name} has no usable bead ({seen}) and was ignored."


def _names(images: Sequence[Image]) -> str:
    if len(images) == 1:
        return images[0].name
    return f"{len(images)} images, {images[0].name} to {images[-1].name}"
