"""How far the peak of a PSF lies from the centre of its volume, as its file has it."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from psfbridge.deconvolution.matching import PSFs
from psfbridge.imaging.image import Image
from psfbridge.numerics.fourier import peak_position
from psfbridge.options import DeconvolveOptions
from psfbridge.psf.field_psf import field_record
from psfbridge.psf.psf import read_psf_image

__all__ = ["peak_off_centre"]

Zyx = tuple[float, float, float]


def peak_off_centre(psf: PSFs, options: DeconvolveOptions) -> Zyx:
    """Return how far a PSF's peak lies from its central voxel in z, y and x, in voxels.

    An even axis has two central voxels; what lies between them is in the centre. PSFs that are
    centred by their form, those of a field, and those of several channels (which may keep the
    shift between these) give 0.

    Parameters
    ----------
    psf : PSF, FieldPSF, Image, array, path, or a list of them
        As for `check`.
    options : DeconvolveOptions
        Its `psf_voxel_um` says how a file is read.
    """
    volume = _volume(psf, options)
    if volume is None or volume.ndim not in (2, 3):
        return 0.0, 0.0, 0.0
    volume = volume if volume.ndim == 3 else volume[np.newaxis]
    lengths = np.array(volume.shape)
    away = peak_position(volume) - (lengths - 1) / 2
    between = np.where(lengths % 2, 0.0, 0.5)
    z, y, x = np.sign(away) * np.maximum(np.abs(away) - between, 0.0)
    return float(z), float(y), float(x)


def _volume(psf: PSFs, options: DeconvolveOptions) -> Any:
    """Return the voxels as they were given, None where they are centred or several."""
    if isinstance(psf, np.ndarray):
        return psf
    if isinstance(psf, str | os.PathLike) and not field_record(psf):
        psf = read_psf_image(psf, options.psf_voxel_um)
    if isinstance(psf, Image) and psf.channels == 1:
        return psf.channel().data
    return None
