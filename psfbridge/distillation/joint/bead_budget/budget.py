"""Limits on the number of beads and voxels in the joint fit."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from psfbridge.options import DistillOptions

__all__ = ["SolveBudget"]


@dataclass(frozen=True)
class SolveBudget:
    """Limits of a fit: number of beads and memory.

    Parameters
    ----------
    first_beads : int
        So many usable beads give the first PSF. 64 of 20,000 to 60,000 photons leave less
        statistical error than the optical model does: 0.024 in a field of 200 beads, of which all
        leave 0.020. Fields of fewer beads are not affected.
    growth : int
        By this factor the beads are increased while the stated error falls. 4 halves an error that
        is noise; each step costs one round with all of them.
    least_gain : float
        The stated error must fall by this share, or no more beads are taken. It scatters by about
        that much itself.
    memory_gib : float
        Memory that the process may take beyond the image, in GiB.
    thorough_gib : float
        The same where the user wants every bead that helps, in GiB.
    quick_beads : int
        So many beads where the user is in a hurry: 0.024 of error in the same field.
    base_gib : float
        What of it the process needs in any case, in GiB: Python with SciPy 0.25, detection's
        blocks 0.15.
    voxel_bytes : float
        What the solve keeps of every voxel of a bead's box, in bytes. Counts, mask, the light of
        the bead and of its neighbours in the best round, the last and the one at work; measured
        on `zstack_2020_full`.
    """

    first_beads: int = 64
    growth: int = 4
    least_gain: float = 0.05
    memory_gib: float = 1.5
    thorough_gib: float = 4.0
    quick_beads: int = 32
    base_gib: float = 0.4
    voxel_bytes: float = 40.0

    @classmethod
    def of(cls, options: DistillOptions) -> SolveBudget:
        """Return the budget that a user's options allow."""
        if options.quick:
            first, growth, memory = cls.quick_beads, 1, cls.memory_gib
        elif options.thorough or options.field:
            # How a PSF changes is told by every bead.
            first, growth, memory = sys.maxsize, 1, cls.thorough_gib
        else:
            first, growth, memory = cls.first_beads, cls.growth, cls.memory_gib
        return cls(first_beads=first, growth=growth, memory_gib=options.memory_gib or memory)

    @property
    def most_voxels(self) -> float:
        """Return the maximum total number of voxels in the boxes of all beads."""
        return max(self.memory_gib - self.base_gib, 0.1) * 2**30 / self.voxel_bytes
