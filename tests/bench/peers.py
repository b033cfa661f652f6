"""Peers that are installed for comparison."""

from __future__ import annotations

import time
import warnings

import numpy as np
from scoring import Score, Truth

from psfbridge.beads import USED
from psfbridge.finding import find_beads
from psfbridge.truth import psf_error, psf_offset

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
    builder = EPSFBuilder(oversampling=1, maxiters=20, progress_bar=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        light = image.data[0] - Background2D(image.data[0].astype(float), 48).background
        cut = extract_stars(NDData(light), stars, size=_SIZE)
        built = builder(cut).epsf.data
    seconds = time.perf_counter() - start
    volume = np.nan_to_num(built)[np.newaxis]
    return Score(
        "photutils",
        error=psf_error(volume, truth.field.psf_grid),
        offset_voxel=psf_offset(volume, truth.field.psf_grid),
        seconds=seconds,
        word=f"EPSFBuilder, {len(used)} beads",
    )
