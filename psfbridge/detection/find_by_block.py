"""Bead detection in images read block by block, on one or several machines."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from psfbridge._util.cluster import Cluster, mapped
from psfbridge._util.threads import cores, workers
from psfbridge.detection.bead_width import BeadScale
from psfbridge.detection.blocks import Block, Region, blocks, grown
from psfbridge.detection.candidates import Candidates, TileSearch, distinct
from psfbridge.detection.settings import CANDIDATES, SEARCH
from psfbridge.imaging.counts import Counts
from psfbridge.imaging.image import Image
from psfbridge.imaging.lazy_volume import is_lazy
from psfbridge.progress import Progress

__all__ = ["find_in_block", "find_in_blocks"]


def find_in_blocks(
    counts: Counts, scale: BeadScale, progress: Progress, cluster: Cluster | None = None
) -> Candidates:
    """Find every place that may be a bead, as `find_candidates` does, block by block.

    A block is read with what is around it as far as the filter looks; the candidates in its own
    pixels are its own, so that a bead across the border of two is found once.

    Parameters
    ----------
    counts : Counts
        The image, which is read where it is used; axes (z, y, x).
    scale : BeadScale
        The width of a bead.
    progress : Progress
        Called after every block.
    cluster : Cluster, optional
        Where the blocks are searched; by default here, one after the other.
    """
    image = counts.image
    search = partial(find_in_block, image, TileSearch.of(scale, counts.noise, image.data.shape))
    every = list(blocks(image.data.shape, _side(image)))
    found = mapped(cluster, search, every, progress, "finding beads")
    return distinct(Candidates.joined(found), scale)


def find_in_block(image: Image, search: TileSearch, block: Block) -> Candidates:
    """Return the candidates in one block.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x); the block and its surroundings are read.
    search : TileSearch
        The search of its tiles.
    block : Block
        Which part of the image.
    """
    seen = grown(block.region, search.halo, image.data.shape)
    part = _read(image, seen)
    if part is None:
        return Candidates.joined([])
    with workers(min(cores(), CANDIDATES.most_workers)) as pool:
        found = pool.map(lambda tile: search.candidates(part, seen, tile), block.tiles)
        return Candidates.joined(found)


def _read(image: Image, seen: Region) -> Image | None:
    """Read a part; None if it contains no data."""
    part = (slice(None), *seen)
    mask: Any = image.valid
    if is_lazy(mask) and mask.fill((slice(0, len(image.data)), *seen)) is False:
        return None
    valid = None if mask is None else mask[part]
    if valid is not None and not valid.any():
        return None
    return replace(image, data=image.data[part], valid=valid)


def _side(image: Image) -> int:
    pixels = SEARCH.block_bytes / (len(image.data) * image.data.dtype.itemsize)
    return int(np.sqrt(pixels))
