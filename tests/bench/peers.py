"""Peers that are installed for comparison."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scoring import Score, Truth

from psfbridge.detection.beads import USED
from psfbridge.detection.find import find_beads
from psfbridge.evaluation.psf_error import psf_error, psf_offset

_SIZE = 33


def photutils_score(truth: Truth) -> Score:
    """Build photutils' effective PSF from the beads that psfbridge would use, in one plane."""
    try:
        from astropy.nddata import NDData
        from astropy.table import Table
        from photutils.background import Background2D
        from photutils.psf import EPSFBuilder, extract_stars
    except ImportError:
        return Score("photutils", word="photutils is not installed")
    start = time.perf_counter()
    image = truth.field.image
    used = find_beads(image).with_status(USED)
    stars = Table({"x": used.positions[:, 2], "y": used.positions[:, 1]})
    best = Score("photutils", word="no PSF")
    for kernel in ("quartic", None):
        builder = EPSFBuilder(
            oversampling=1, maxiters=20, smoothing_kernel=kernel, progress_bar=False
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            light = image.data[0] - Background2D(image.data[0].astype(float), 48).background
            built = builder(extract_stars(NDData(light), stars, size=_SIZE)).epsf.data
        one = _scored(built, truth, f"EPSFBuilder, best of two kernels: {kernel}")
        if best.error is None or (one.error is not None and one.error < best.error):
            best = one
    return replace(best, seconds=time.perf_counter() - start)


def _scored(built: NDArray[np.float64], truth: Truth, word: str) -> Score:
    volume = np.nan_to_num(built)[np.newaxis]
    grid = truth.field.psf_grid
    error, offset = psf_error(volume, grid), psf_offset(volume, grid)
    return Score("photutils", error=error, offset_voxel=offset, word=word)
