"""A bead together with its prediction by the PSF, for display."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from psfbridge.numerics.fourier import shift_volume
from psfbridge.optics.bead_sphere import sphere_transfer

if TYPE_CHECKING:
    from psfbridge.detection.beads import Bead
    from psfbridge.imaging.image import Image
    from psfbridge.psf.psf import PSF

__all__ = ["BeadModel", "bead_model", "seen_bead"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BeadModel:
    """A cut-out of the image around a bead, and the PSF fitted to it.

    Parameters
    ----------
    counts, model : array
        The image less the fitted background, and the fitted PSF; axes (z, y, x). The units are
        counts.
    middle : tuple of int
        The voxel nearest to the bead.
    """

    counts: Floats
    model: Floats
    middle: tuple[int, int, int]

    @property
    def difference(self) -> Floats:
        """Residual of the bead relative to its peak."""
        return (self.counts - self.model) / float(self.model.max())


def seen_bead(psf: PSF, diameter_um: float) -> Floats:
    """Return what a bead of this diameter looks like through a PSF; axes (z, y, x)."""
    if diameter_um == 0:
        return np.asarray(psf.data, float)
    spectrum = fft.rfftn(np.asarray(psf.data, float))
    spectrum *= sphere_transfer(psf.data.shape, psf.voxel_um, diameter_um)
    return np.asarray(fft.irfftn(spectrum, s=psf.data.shape))


def bead_model(
    image: Image, bead: Bead, seen: NDArray[Any], half: tuple[int, int, int]
) -> BeadModel:
    """Fit brightness and background of a bead at its own place, the PSF held fixed.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x). The units are counts.
    bead : Bead
        Where it is.
    seen : array
        What a bead looks like, centred; axes (z, y, x), odd.
    half : tuple of int
        How far the cut-out reaches from its middle, in voxels.
    """
    at = np.array([bead.z, bead.y, bead.x])
    near = np.round(at).astype(int)
    moved = shift_volume(seen, at - near)
    low = np.maximum(near - half, 0)
    high = np.minimum(near + np.array(half) + 1, image.data.shape)
    centre = np.array(seen.shape) // 2
    # The PSF's box may end before the cut-out does.
    low, high = np.maximum(low, near - centre), np.minimum(high, near + centre + 1)
    counts = np.asarray(image.data[_box(low, high)], float)
    model = moved[_box(low - near + centre, high - near + centre)]
    design = np.column_stack([model.ravel(), np.ones(model.size)])
    height, level = np.linalg.lstsq(design, counts.ravel(), rcond=None)[0]
    z, y, x = (int(value) for value in near - low)
    return BeadModel(counts - level, height * model, (z, y, x))


def _box(low: NDArray[Any], high: NDArray[Any]) -> tuple[slice, ...]:
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
