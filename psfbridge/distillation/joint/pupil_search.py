"""The search for the pupil that explains a stack of aligned beads, without a starting point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.threads import workers
from psfbridge.distillation.joint.hypotheses.laser import with_laser
from psfbridge.distillation.joint.hypotheses.sample_index import with_sample
from psfbridge.distillation.joint.hypotheses.vignetting import with_stop
from psfbridge.distillation.joint.pupil_fit import (
    Known,
    PupilFit,
    central_box,
    detailed_fit,
    fit_from,
    refined_fit,
)
from psfbridge.distillation.joint.settings import SEARCH
from psfbridge.distillation.joint.stack import Stack
from psfbridge.optics.propagation import samples_for
from psfbridge.optics.pupil import BLUR_X, BLUR_Y, FIRST_MODE, INDEX, NA, SHEET, PupilModel
from psfbridge.options import PUPIL_KINDS, Optics

__all__ = ["blind_fit", "known_fit", "known_optics"]

Floats = NDArray[np.float64]

# The power of the field; a light sheet is a widefield with a sheet.
_POWERS = {"widefield": 1, "confocal": 2, "lightsheet": 1}


def blind_fit(
    stack: Stack,
    voxel_um: tuple[float, float, float],
    fwhm: Floats,
    bead_diameter_um: float,
    *,
    kinds: Sequence[str] = PUPIL_KINDS,
) -> PupilFit:
    """Fit widefield, confocal and light-sheet pupils to a stack and return the best.

    NA and refractive index over the wavelength start from the widths of the beads; several
    starts are tried on the central part first.

    Parameters
    ----------
    stack : Stack
        The aligned beads.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    fwhm : sequence of float
        Width of a bead in z, y and x, in voxels.
    bead_diameter_um : float
        Diameter of the beads.
    kinds : sequence of str, optional
        Which microscopes to try; a plane cannot tell them apart.
    """
    tried = kinds if stack.weight.shape[0] > 1 else kinds[:1]
    with workers() as pool:
        fits = list(
            pool.map(lambda kind: _kind_fit(kind, stack, voxel_um, fwhm, bead_diameter_um), tried)
        )
    # Widefield comes first, and the others must be clearly better: they have more freedom.
    best = fits[0]
    for fit in fits[1:]:
        best = fit if best.cost - fit.cost > _clear_gain(best) else best
    return best


def _clear_gain(fit: PupilFit) -> float:
    """By how much another kind must lower the χ²: more, if there is more than noise."""
    excess = fit.cost - prod(fit.model.shape)
    return SEARCH.least_gain + SEARCH.least_share * max(excess, 0)


def _kind_fit(
    kind: str,
    stack: Stack,
    voxel_um: tuple[float, float, float],
    fwhm: Floats,
    bead_diameter_um: float,
) -> PupilFit:
    """The best fit of one kind of microscope."""
    power = _POWERS[kind]
    fits = []
    for values in _starts(fwhm, voxel_um, kind):
        model = _model(stack, voxel_um, values[[NA, INDEX]], power, bead_diameter_um)
        fits.append(fit_from(model, values, stack, rounds=3))
    first = min(fits, key=lambda fit: fit.cost)
    fit = refined_fit(first, stack, order=4, rounds=5)
    if power == 2:
        usual = replace(fit.model, excitation_ratio=1 / SEARCH.stokes, pinhole_au=1.0)
        pinhole = refined_fit(replace(fit, model=usual), stack, order=4, rounds=5)
        fit = min(fit, pinhole, key=lambda one: one.cost)
    return fit


def known_fit(
    stack: Stack, voxel_um: tuple[float, float, float], optics: Optics, bead_diameter_um: float
) -> PupilFit:
    """Fit the pupil of a microscope whose optics are known, to a few percent.

    Parameters
    ----------
    stack : Stack
        The aligned beads.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    optics : Optics
        What is known: those of a pupil, see `psfbridge.options.Optics.pupil`.
    bead_diameter_um : float
        Diameter of the beads.
    """
    known = known_optics(optics)
    na, index = known[NA][0], known[INDEX][0]
    power = _POWERS[optics.microscope]
    model = _model(stack, voxel_um, np.array([na, index]), power, bead_diameter_um)
    if power == 2:
        excitation_um = optics.excitation_um or SEARCH.stokes * optics.wavelength_um
        model = replace(
            model,
            excitation_ratio=optics.wavelength_um / excitation_um,
            pinhole_au=optics.pinhole_au or 1.0,
        )
    values = np.zeros(model.size)
    values[[NA, INDEX, BLUR_Y, BLUR_X]] = na, index, *(v**2 / 12 for v in voxel_um[1:])
    if optics.microscope == "lightsheet":
        model = replace(model, sheet_tilt_deg=optics.sheet_tilt_deg or 0.0)
        values[SHEET] = 4 * np.log(2) / SEARCH.sheet_um**2
    first = fit_from(model, values, stack, 8, known)
    first = refined_fit(first, stack, order=6, rounds=8, known=known)
    first = refined_fit(first.polarised(), stack, order=6, rounds=4, known=known)
    first = with_laser(with_sample(first, stack, known), stack, known)
    return with_stop(detailed_fit(first, stack, known), stack, known)


def known_optics(optics: Optics) -> Known:
    """Return NA and refractive index over the wavelength, with how well they are known."""
    na, index = optics.na / optics.wavelength_um, optics.refractive_index / optics.wavelength_um
    return {NA: (na, SEARCH.known_to * na), INDEX: (index, SEARCH.known_to * index)}


def _starts(fwhm: Floats, voxel_um: Sequence[float], kind: str) -> Iterator[Floats]:
    """Parameters to start from: NA by the width across, the angle by the depth and around it."""
    power = _POWERS[kind]
    across = max(0.5 * (fwhm[1] * voxel_um[1] + fwhm[2] * voxel_um[2]), voxel_um[1])
    na = (0.51 if power == 1 else 0.37) / across
    deep = fwhm[0] * voxel_um[0]
    sines = [0.5] if deep <= 0 or kind == "lightsheet" else [0.5, 0.9]
    if deep > 0 and kind != "lightsheet":
        # The depth of focus gives n - sqrt(n² - NA²).
        rise = (0.88 if power == 1 else 0.64) / deep
        sines.append(float(np.clip(2 * rise * na / (na**2 + rise**2), 0.3, 0.97)))
    for sine in sines:
        values = np.zeros(FIRST_MODE + SEARCH.start_terms)
        values[[NA, INDEX, BLUR_Y, BLUR_X]] = na, na / sine, *(0.1 * v**2 for v in voxel_um[1:])
        if kind == "lightsheet":
            values[SHEET] = 4 * np.log(2) / max(2 * deep, voxel_um[0]) ** 2
        yield values


def _model(
    stack: Stack,
    voxel_um: tuple[float, float, float],
    na_and_index: Floats,
    power: int,
    bead_diameter_um: float,
) -> PupilModel:
    shape = central_box(stack, SEARCH.first)
    return PupilModel(
        shape,
        voxel_um,
        samples_for(shape, voxel_um, *na_and_index),
        order=SEARCH.start_order,
        amplitudes=0,
        power=power,
        bead_diameter_um=bead_diameter_um,
    )
