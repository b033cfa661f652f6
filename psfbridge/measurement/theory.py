"""Theoretical widths of a PSF, from an ideal vectorial pupil and textbook formulas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from psfbridge.measurement.profiles import profiles_through
from psfbridge.measurement.settings import THEORY
from psfbridge.optics.pupil import INDEX, NA, SHEET, PupilModel
from psfbridge.optics.settings import PROPAGATION
from psfbridge.options import Optics

__all__ = [
    "TEXTBOOK_SOURCE",
    "VECTORIAL_SOURCE",
    "PupilOptics",
    "TheoreticalWidths",
    "theoretical_widths",
]

Floats = NDArray[np.float64]
Zyx = tuple[float, float, float]

VECTORIAL_SOURCE = (
    "Ideal pupil: half-maximum widths of the vectorial diffraction integral of an aberration-free "
    "aplanatic pupil with freely rotating dipoles (Richards & Wolf 1959, Proc. R. Soc. A 253, 358)."
)
TEXTBOOK_SOURCE = (
    "Textbook: lateral 0.51 λ/NA, axial 0.88 λ/(n − √(n² − NA²)), with the emission wavelength in "
    "a widefield microscope and the excitation wavelength in a confocal one (Wilhelm et al., "
    "Confocal Laser Scanning Microscopy, Zeiss 2003; the formulas of MetroloJ_QC)."
)


@dataclass(frozen=True, kw_only=True)
class PupilOptics:
    """The parameters of an ideal pupil in cycles per µm, independent of the wavelength.

    Parameters
    ----------
    na_per_um, index_per_um : float
        NA and refractive index of the immersion over the emission wavelength in µm.
    microscope : {'widefield', 'confocal', 'lightsheet'}
        How the light is collected.
    excitation_ratio : float
        Emission over excitation wavelength; for a confocal microscope.
    pinhole_au : float
        Pinhole diameter in Airy units, 0 for a point; for a confocal microscope.
    sheet_um : float
        FWHM of the light sheet, infinite without one.
    """

    na_per_um: float
    index_per_um: float
    microscope: str = "widefield"
    excitation_ratio: float = 1.0
    pinhole_au: float = 0.0
    sheet_um: float = float("inf")

    @classmethod
    def of(cls, optics: Optics) -> PupilOptics:
        """Return the pupil of given optics."""
        optics = optics.pupil
        return cls(
            na_per_um=optics.na / optics.wavelength_um,
            index_per_um=optics.refractive_index / optics.wavelength_um,
            microscope=optics.microscope,
            excitation_ratio=optics.wavelength_um / (optics.excitation_um or optics.wavelength_um),
            pinhole_au=optics.pinhole_au or 0.0,
        )


@dataclass(frozen=True)
class TheoreticalWidths:
    """Full widths at half maximum in z, y and x, in µm.

    Parameters
    ----------
    ideal_um : tuple of float
        Of the ideal vectorial pupil, see `VECTORIAL_SOURCE`.
    textbook_um : tuple of float
        By the textbook formulas, see `TEXTBOOK_SOURCE`.
    """

    ideal_um: Zyx
    textbook_um: Zyx


def theoretical_widths(optics: PupilOptics) -> TheoreticalWidths:
    """Return the widths that an aberration-free microscope of these optics would show for a point.

    Parameters
    ----------
    optics : PupilOptics
        Of the microscope.

    Examples
    --------
    >>> oil = PupilOptics(na_per_um=1.4 / 0.52, index_per_um=1.518 / 0.52)
    >>> widths = theoretical_widths(oil)
    >>> [round(width, 3) for width in widths.textbook_um]
    [0.491, 0.189, 0.189]
    >>> [round(width, 3) for width in widths.ideal_um]
    [0.509, 0.209, 0.209]
    """
    textbook = _textbook(optics)
    return TheoreticalWidths(_ideal(optics, textbook), textbook)


def _textbook(optics: PupilOptics) -> Zyx:
    ratio = optics.excitation_ratio if optics.microscope == "confocal" else 1.0
    na, index = optics.na_per_um * ratio, optics.index_per_um * ratio
    axial = 0.88 / (index - float(np.sqrt(index**2 - na**2)))
    # A sheet selects planes as the detection does: the product of two Gaussians.
    axial = float((axial**-2 + optics.sheet_um**-2) ** -0.5)
    return axial, 0.51 / na, 0.51 / na


def _ideal(optics: PupilOptics, about_um: Zyx) -> Zyx:
    """Return the widths of the aberration-free pupil, from a finely sampled volume."""
    steps = tuple(width / THEORY.samples_per_width for width in about_um)
    reach = [int(widths * THEORY.samples_per_width) for widths in THEORY.reach_widths]
    shape = (2 * reach[0] + 1, 2 * reach[1] + 1, 2 * reach[2] + 1)
    model = PupilModel(
        shape,
        (steps[0], steps[1], steps[2]),
        PROPAGATION.most_samples,
        order=2,
        amplitudes=0,
        power=2 if optics.microscope == "confocal" else 1,
        vectorial=True,
        excitation_ratio=optics.excitation_ratio,
        pinhole_au=optics.pinhole_au,
    )
    values = np.zeros(model.size)
    values[[NA, INDEX]] = optics.na_per_um, optics.index_per_um
    values[SHEET] = 4 * np.log(2) / optics.sheet_um**2
    volume = np.asarray(model.volume(values), float)
    lines = profiles_through(volume, model.voxel_um, reach)
    z, y, x = (float("nan") if line is None else line.fwhm_um for line in lines)
    return z, y, x
