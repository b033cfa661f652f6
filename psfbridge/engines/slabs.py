"""Element-wise operations on large volumes, in slabs on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from numpy.typing import NDArray

from psfbridge._util.threads import shared_pool
from psfbridge.engines.settings import BLOCKS

__all__ = ["on_slabs", "slabs"]


def on_slabs(step: Callable[..., Any], *arrays: NDArray[Any]) -> list[Any]:
    """Call ``step(*parts)`` for the same parts of all `arrays` along axis 0, on all cores.

    A step must not call this again: it would wait for the threads that wait for it.

    NumPy's element-wise steps use one core and stream through memory; slab by slab several of
    them share one pass.

    Returns
    -------
    list
        What the steps returned, in order.
    """

    def on_part(part: slice) -> Any:
        return step(*(array[part] for array in arrays))

    return list(shared_pool().map(on_part, slabs(arrays[0])))


def slabs(volume: NDArray[Any]) -> Iterator[slice]:
    """Yield slices along the first axis that together are the whole volume."""
    length = len(volume)
    thick = max(1, BLOCKS.slab_voxels * length // max(volume.size, 1))
    for first in range(0, length, thick):
        yield slice(first, min(first + thick, length))
