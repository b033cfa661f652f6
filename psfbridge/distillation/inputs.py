"""The images of one distillation: of one voxel size, with names of their own, and their beads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from psfbridge.detection.beads import USED, Beads
from psfbridge.detection.find import FoundBeads, as_image, check_diameter, find, need_beads
from psfbridge.errors import ImageError
from psfbridge.imaging.image import Image
from psfbridge.options import DistillOptions
from psfbridge.progress import Progress

__all__ = ["Search", "chosen_images", "search"]


def chosen_images(images: Sequence[Any], voxel_um: Any) -> tuple[Image, ...]:
    """Return the images to distil from, each with axes (z, y, x) and a name of its own.

    Parameters
    ----------
    images : sequence
        Images, arrays, and lists of them.
    voxel_um : sequence of float or None
        Voxel size in z, y and x, in µm; needed for bare arrays.

    Raises
    ------
    ImageError
        If there is none, or they do not belong together: other voxels, a plane beside a stack.
    """
    every = [one for item in images for one in (item if isinstance(item, list | tuple) else [item])]
    if not every:
        raise ImageError("no image was given. Name at least one.")
    if any(isinstance(one, list | tuple) for one in every):
        raise ImageError(
            "an image is given as a list in a list; allowed are images, arrays, paths, and a list "
            "of them. Make it an array first: numpy.asarray(image)."
        )
    inputs = _named_apart([as_image(image, voxel_um) for image in every])
    first = inputs[0]
    for image in inputs[1:]:
        if not np.allclose(image.voxel_um, first.voxel_um, rtol=1e-3):
            raise ImageError(
                f"{image.name} has voxels of {image.voxel_um} µm, {first.name} of "
                f"{first.voxel_um} µm; one PSF needs one voxel size. Distil them apart."
            )
        if (len(image.data) == 1) != (len(first.data) == 1):
            raise ImageError(
                f"{image.name} and {first.name} are a plane and a stack; one PSF needs either. "
                "Distil them apart."
            )
    return inputs


def _named_apart(images: Sequence[Image]) -> tuple[Image, ...]:
    """Give images of one name their folders' names too, or else numbers: the table needs them."""
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


# Methods that fit neighbouring beads together, and how near they may then be, in FWHM across.
_PARTING = ("auto", "joint", "pupil")
_NEARER_WIDTHS = (2.8, 2.0)


@dataclass(frozen=True, eq=False)
class Search:
    """What was found in several images.

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

    def table(self, solve_normal_equations: Sequence[Beads]) -> Beads:
        """Return all candidates in one table: those that a method judged, then the idle ones."""
        judged = (
            found.in_input_units(beads)
            for found, beads in zip(self.found, solve_normal_equations, strict=True)
        )
        return Beads(bead for beads in (*judged, self.idle) for bead in beads)


def search(
    images: Sequence[Image], options: DistillOptions, positions: Any, progress: Progress
) -> Search:
    """Find the beads of every image; one without a usable bead does not sink the others.

    Raises
    ------
    ImageError
        If a lone image, or one of several, cannot be used at all.
    NoBeadsError
        If no image has a bead that can be used.
    OptionError
        If the beads contradict their diameter.
    """
    every = [_found(image, options, positions, progress) for image in images]
    need_beads(Beads(bead for one in every for bead in one.beads), _names(images))
    able = tuple(one for one in every if len(one.beads.with_status(USED)))
    for one in able:
        check_diameter(one, options.bead_diameter_um)
    idle = [one for one in every if not len(one.beads.with_status(USED))]
    rest = Beads(bead for one in idle for bead in one.in_input_units(one.beads))
    return Search(able, rest, (*_said_of_nearer(able, options), *_said(idle)))


def _found(image: Image, options: DistillOptions, positions: Any, progress: Progress) -> FoundBeads:
    """Find the beads; where all are near others, take nearer ones, if the method can part them."""
    found = find(image, options, progress, positions)
    reasons = found.beads.funnel()["rejected"]
    parts = options.method in _PARTING and options.min_separation_um is None and positions is None
    for widths in _NEARER_WIDTHS:
        if found.beads.with_status(USED) or not parts or not reasons.get("too close"):
            break
        nearer = widths * found.scale.fwhm[2] * image.voxel_um[2]
        found = find(image, replace(options, min_separation_um=nearer), progress)
    return found


def _said_of_nearer(able: Sequence[FoundBeads], options: DistillOptions) -> Iterator[str]:
    for one in able:
        if one.min_separation_um != options.min_separation_um:
            yield (
                f"Every bead of {one.image.name} has another near it: those at least "
                f"{one.min_separation_um:.2g} µm apart are used, their light told apart by the fit."
            )


def _said(idle: Sequence[FoundBeads]) -> Iterator[str]:
    for one in idle:
        seen = one.beads.sentence() if len(one.beads) else "none found"
        yield f"{one.image.name} has no usable bead ({seen}) and takes no part."


def _names(images: Sequence[Image]) -> str:
    if len(images) == 1:
        return images[0].name
    return f"{len(images)} images, {images[0].name} to {images[-1].name}"
