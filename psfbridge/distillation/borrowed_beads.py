"""Bead positions taken from another channel or a table."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.detection.beads import REJECTED, USED
from psfbridge.detection.find import find_beads
from psfbridge.errors import ImageError, NoBeadsError
from psfbridge.imaging.image import Image

__all__ = ["bead_places", "places_in_table"]

Floats = NDArray[np.float64]


def bead_places(image: Image) -> Floats:
    """Return the positions of the usable beads of an image.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x). The units are counts.

    Returns
    -------
    array
        In voxels; the array has shape (beads, 3) with z, y, x in a row.

    Raises
    ------
    NoBeadsError
        If it has none.
    """
    used = find_beads(image).with_status(USED)
    if not used:
        raise NoBeadsError(
            f"{image.name} has no usable bead to take positions from.",
            option="beads_from",
            remedy="Choose another channel, or a table of positions.",
        )
    return np.array([(bead.z, bead.y, bead.x) for bead in used])


def places_in_table(path: str | os.PathLike[str]) -> Floats:
    """Read the places of beads from a table as ``--beads`` writes it, or one of z, y and x.

    Rows whose status is ``rejected`` are left out.

    Parameters
    ----------
    path : path
        A CSV file with the columns ``z``, ``y`` and ``x`` in voxels.

    Returns
    -------
    array
        In voxels; the array has shape (beads, 3) with z, y, x in a row.

    Raises
    ------
    ImageError
        If there is no such table, or a place in it is no number.
    """
    name = Path(path).name
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.DictReader(file) if row.get("status") != REJECTED]
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise ImageError(f"cannot read {path}: {reason}.", option="beads_from") from None
    try:
        places = np.array([_place(row) for row in rows], float)
    except (KeyError, TypeError, ValueError):
        places = np.zeros(0)
    if not places.size or not np.isfinite(places).all():
        raise ImageError(
            f"{name} contains no bead positions; it must be a CSV table with columns z, y and x "
            "in voxels, as written by {beads}.",
            option="beads_from",
        )
    return places


def _place(row: Mapping[str, Any]) -> list[float]:
    return [float(row[axis]) for axis in "zyx"]
