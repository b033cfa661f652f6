"""Measurement of PSFs and beads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.jsonable import plain
from psfbridge._util.notebook import card
from psfbridge._util.plots import draw
from psfbridge.detection.bead_width import estimate_scale
from psfbridge.detection.find import as_image
from psfbridge.errors import ImageError, NoBeadsError, PSFError
from psfbridge.imaging.image import Image, Volume
from psfbridge.imaging.noise import estimate_noise
from psfbridge.imaging.read import read_attachment, read_info
from psfbridge.imaging.request import accept
from psfbridge.measurement.gaussian_fit import fit_gaussian, fit_line
from psfbridge.measurement.profiles import profiles_through
from psfbridge.measurement.spots import Spot, spot_at, spot_in_psf, spots_in_image
from psfbridge.measurement.symmetry_and_energy import (
    AIRY_ZERO_FWHM,
    AXIAL_ZERO_FWHM,
    asymmetry,
    centred_on,
    zone_energy,
)
from psfbridge.measurement.table import fwhm_text, measure_rows
from psfbridge.numerics.fourier import peak_position
from psfbridge.option_types import ReadingChoices
from psfbridge.options import DistillOptions
from psfbridge.psf.error_volume import unpacked
from psfbridge.psf.light_share import light_share_of
from psfbridge.psf.psf import PSF

__all__ = ["Measures", "measure", "measure_beads", "median_of"]

Floats = NDArray[np.float64]
Zyx = tuple[float, float, float]
NAN = float("nan")
NO_ZYX: Zyx = (NAN, NAN, NAN)


@dataclass(frozen=True, kw_only=True, repr=False)
class Measures:
    """Widths, shape and quality of a PSF, of a bead, or the median over several beads.

    What cannot be told is NaN, null in JSON: z of an image of one plane, a width whose half
    maximum lies outside of the image, a fit that failed.

    Parameters
    ----------
    subject : str
        What was measured, in words.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    fwhm_um : tuple of float
        Full width at half maximum in z, y, x of the profiles through the sub-voxel peak, in µm;
        half of the peak above the background, no model.
    profile_fit_fwhm_um : tuple of float
        FWHM of a one-dimensional Gaussian with a level, fitted to the voxels in a line with the
        brightest one, within four FWHM: the quick figure that most tools give.
    gaussian_fwhm_um : tuple of float
        FWHM along z, y, x of a three-dimensional Gaussian of any orientation with a level, fitted
        within 1.25 FWHM of the peak.
    gaussian_r2 : float
        Share of the variance in that box that the Gaussian explains.
    principal_fwhm_um : tuple of float
        FWHM of that Gaussian along its own axes, the longest first.
    principal_axes : tuple of tuple of float
        The directions of these axes, as unit vectors in µm along z, y, x.
    tilt_deg : float
        Angle between the longest axis and z, in degrees; NaN for an image of one plane.
    asymmetry : tuple of float
        For z, y and x: the energy of the part that is odd under reflection at the peak along
        this axis, as a share of the whole energy (sum of squares) within four FWHM of the peak;
        0 is symmetric, 1/2 the most there is. The noise's own share is taken off.
    zone_energy : float
        Light in the focal plane within the first Airy-like zone, as a share of the light in the
        ellipse twice as wide. The zone is the ellipse with half axes of 1.185 FWHM in y and x: an
        Airy disc of this FWHM has its first dark ring there, and a share of 0.919.
    zone_energy_volume : float
        The same in space: the ellipsoid has half axes of 1.129 FWHM in z, where the axial
        profile of an ideal lens has its first zero, and 1.185 FWHM in y and x.
    peak : float
        Height of the peak above the background, in counts.
    background : float
        Level at the lateral borders, in counts. For a PSF, whose background should be 0, this is
        what was left.
    background_share : float
        The background as a share of the peak (of the peak above it, for beads).
    noise : float
        Standard deviation of the noise at the lateral borders, in counts; of a PSF, its standard
        error at the peak, NaN where it carries none.
    snr : float
        Peak over noise; NaN where there is no noise to see.
    light_inside : float
        Of a PSF: how much of a point's light in the planes of its box falls into the box; NaN
        where that is not known.
    peak_zyx : tuple of float
        Position of the peak in voxels, index 0 at the first voxel's centre; NaN for several beads.
    beads : int
        How many beads the figures are the median of.
    notes : tuple of str
        What a reader should know, one sentence each.
    """

    subject: str
    voxel_um: Zyx
    fwhm_um: Zyx = NO_ZYX
    profile_fit_fwhm_um: Zyx = NO_ZYX
    gaussian_fwhm_um: Zyx = NO_ZYX
    gaussian_r2: float = NAN
    principal_fwhm_um: Zyx = NO_ZYX
    principal_axes: tuple[Zyx, ...] = (NO_ZYX, NO_ZYX, NO_ZYX)
    tilt_deg: float = NAN
    asymmetry: Zyx = NO_ZYX
    zone_energy: float = NAN
    zone_energy_volume: float = NAN
    peak: float = NAN
    background: float = NAN
    background_share: float = NAN
    noise: float = NAN
    snr: float = NAN
    light_inside: float = NAN
    peak_zyx: Zyx = NO_ZYX
    beads: int = 1
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Measures of {self.subject}\n {fwhm_text(self.fwhm_um)}>"

    def _repr_html_(self) -> str:
        rows = {name: "  ".join(cells) for name, cells in measure_rows(self) if name}
        return card(f"Measures of {self.subject}", rows)

    def plot(self) -> Any:
        """Return a figure (`matplotlib.figure.Figure`) of the widths, by each way to measure."""
        return draw("measures", self)

    def to_dict(self) -> dict[str, Any]:
        """Return the measures in JSON-compatible form, with None for unknown values."""
        values: dict[str, Any] = plain(self)
        return values


def measure(
    subject: PSF | Image | NDArray[Any] | str | os.PathLike[str],
    **reading: Unpack[ReadingChoices],
) -> Measures:
    """Measure a PSF, an image of one, or an image of beads.

    An image in the standard form of a PSF (sum 1, centred, zero at its edges) is measured as a PSF:
    its background is part of it. In an image of one bead, background and noise are estimated from
    the borders. In an image of several, each usable bead is measured in its own cut-out and the
    median is returned. `Measures.subject` says which case applied.

    Parameters
    ----------
    subject : PSF, Image, array or path
        The array has axes (z, y, x), or (y, x). The units are counts.
    **reading
        How an image is read: ``voxel_um`` (required for a plain array), ``channel`` (needed where
        there are several), and for a file ``time`` and ``axes``.

    Raises
    ------
    NoBeadsError
        If nothing stands out from the background.
    ImageError
        If a voxel is not finite, or all are equal.

    Examples
    --------
    >>> import numpy as np
    >>> z, y, x = np.ogrid[-12:13, -12:13, -12:13]
    >>> spot = 100 + 900 * np.exp(-0.5 * (z**2 / 9.0 + (y**2 + x**2) / 4.0))
    >>> found = measure(spot, voxel_um=(0.2, 0.1, 0.1))
    >>> [round(width, 2) for width in found.fwhm_um]
    [1.41, 0.47, 0.47]
    """
    asked = accept(DistillOptions, reading, only=())
    if isinstance(subject, PSF):
        return _measured_psf(subject, "the PSF")
    image = as_image(subject, **asked.reading)
    psf = _as_psf(image)
    if psf is not None:
        return _measured_psf(psf, f"the PSF {image.name}")
    found = spots_in_image(image)
    every = [_measured(spot, image.voxel_um, found.words) for spot in found.spots]
    if not np.isfinite([one.fwhm_um for one in every]).any():
        raise NoBeadsError(
            f"no width can be measured in {image.name}: {found.words} does not fall to half its "
            "maximum along any axis. Use an image that shows all of it."
        )
    return every[0] if len(every) == 1 else median_of(every, found.words)


def _measured_psf(psf: PSF, subject: str) -> Measures:
    """Measure a PSF; its noise is its standard error at the peak, not what its border shows.

    The border of a distilled PSF is a model, and as good as without noise.
    """
    found = _measured(spot_in_psf(psf.data), psf.voxel_um, subject)
    peak = tuple(length // 2 for length in psf.data.shape)
    error = NAN if psf.error is None else float(psf.error[peak])
    return replace(
        found,
        noise=error,
        snr=found.peak / error if error > 0 else NAN,
        light_inside=NAN if psf.light_inside is None else psf.light_inside,
    )


def _as_psf(image: Image) -> PSF | None:
    """Return an image as the PSF that it is, where it has the form of one to the letter."""
    if image.data.dtype.kind != "f" or any(length % 2 == 0 for length in image.data.shape):
        return None
    data = np.asarray(image.data, np.float32)
    try:
        psf = PSF(data, image.voxel_um, _error_of(image, data))
        return replace(psf, light_inside=light_share_of(image.info or _info_of(image), data))
    except PSFError:
        return None


def _error_of(image: Image, data: Volume) -> Volume | None:
    """Return the standard error that the file of a PSF keeps, if it does."""
    try:
        return unpacked(read_attachment(image.source), data) if image.source else None
    except ImageError:
        return None


def _info_of(image: Image) -> str:
    try:
        return read_info(image.source) if image.source else ""
    except ImageError:
        return ""


def measure_beads(image: Image, positions: Sequence[Sequence[float]]) -> list[Measures]:
    """Measure single beads of an image, each in a cut-out of its own.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x). The units are counts.
    positions : sequence of sequence of float
        z, y, x of each bead in voxels, to about a voxel; `median_of` sums the results up.
    """
    scale = estimate_scale(image, estimate_noise(image))
    spots = [spot_at(image.data, position, scale) for position in positions]
    return [
        _measured(spot, image.voxel_um, f"bead {number} of {image.name}")
        for number, spot in enumerate(spots)
    ]


def median_of(every: Sequence[Measures], subject: str) -> Measures:
    """Return the median of each figure over several beads, NaN left out.

    The directions of the principal axes and the place of the peak have no median; they are NaN.
    """
    if not every:
        raise NoBeadsError("there are no beads to take a median of.")
    values = {name: _median([getattr(item, name) for item in every]) for name in _FIGURES}
    return Measures(subject=subject, voxel_um=every[0].voxel_um, beads=len(every), **values)


_FIGURES = (
    "fwhm_um",
    "profile_fit_fwhm_um",
    "gaussian_fwhm_um",
    "gaussian_r2",
    "principal_fwhm_um",
    "tilt_deg",
    "asymmetry",
    "zone_energy",
    "zone_energy_volume",
    "peak",
    "background",
    "background_share",
    "noise",
    "snr",
)


def _median(values: Sequence[Any]) -> Any:
    table = np.asarray(values, float).reshape(len(values), -1)
    # nanmedian warns of a column without any number.
    columns = [column[np.isfinite(column)] for column in table.T]
    medians = tuple(float(np.median(column)) if len(column) else NAN for column in columns)
    return medians if isinstance(values[0], tuple) else medians[0]


def _measured(spot: Spot, voxel_um: Zyx, subject: str) -> Measures:
    peak = peak_position(spot.counts, spot.start)
    lines = profiles_through(spot.counts, voxel_um, peak)
    fwhm = _zyx(line.fwhm_um if line else NAN for line in lines)
    height = next((line.peak for line in lines if line), float(spot.counts[spot.start]))
    noise, background = spot.around.noise, spot.around.background
    place = _zyx(at + first for at, first in zip(peak, spot.origin, strict=True))
    values = _shape(spot, peak, np.array(fwhm) / voxel_um) | _fitted(spot, voxel_um, peak, fwhm)
    return Measures(
        subject=subject,
        voxel_um=voxel_um,
        fwhm_um=fwhm,
        profile_fit_fwhm_um=_line_fits(spot, voxel_um, fwhm),
        peak=height,
        background=background,
        background_share=background / height,
        noise=noise,
        snr=height / noise if noise > 0 else NAN,
        peak_zyx=place,
        notes=_notes(fwhm, spot.counts.shape),
        **values,
    )


def _line_fits(spot: Spot, voxel_um: Zyx, fwhm_um: Zyx) -> Zyx:
    widths = []
    for axis, (step, width) in enumerate(zip(voxel_um, fwhm_um, strict=True)):
        at = tuple(slice(None) if a == axis else spot.start[a] for a in range(3))
        line = spot.counts[at]
        finite = np.isfinite(width)
        widths.append(fit_line(line, spot.start[axis], width / step) * step if finite else NAN)
    return _zyx(widths)


def _zyx(values: Iterable[float]) -> Zyx:
    z, y, x = (float(value) for value in values)
    return z, y, x


def _notes(fwhm_um: Zyx, shape: Sequence[int]) -> tuple[str, ...]:
    cut = [
        name
        for name, width, length in zip("zyx", fwhm_um, shape, strict=True)
        if length > 1 and not np.isfinite(width)
    ]
    if not cut:
        return ()
    return (f"The volume does not extend to the half maximum along {', '.join(cut)}.",)


def _shape(spot: Spot, peak: Floats, fwhm: Floats) -> dict[str, Any]:
    """Return asymmetry and energy; they need a width in every axis that there is."""
    flat = np.array(spot.counts.shape) == 1
    if not np.isfinite(fwhm[~flat]).all():
        return {}
    widths = np.where(flat, 1.0, fwhm)
    volume, centre = centred_on(spot.counts, peak)
    half_axes = widths * (AXIAL_ZERO_FWHM, AIRY_ZERO_FWHM, AIRY_ZERO_FWHM)
    plane = volume[centre[0]][np.newaxis]
    whole = zone_energy(volume, centre, half_axes) if not flat[0] else NAN
    return {
        "asymmetry": asymmetry(volume, centre, 4.0 * widths, spot.around.noise),
        "zone_energy": zone_energy(plane, (0, *centre[1:]), half_axes),
        "zone_energy_volume": whole,
    }


def _fitted(spot: Spot, voxel_um: Zyx, peak: Floats, fwhm_um: Zyx) -> dict[str, Any]:
    """Return what the three-dimensional Gaussian says; nothing where there is none."""
    widths = np.nan_to_num(np.array(fwhm_um) / voxel_um, nan=3.0)
    fit = fit_gaussian(spot.counts, voxel_um, peak, widths)
    if fit is None:
        return {}
    principal, axes = fit.principal
    longest = float(np.degrees(np.arccos(min(abs(axes[0][0]), 1.0))))
    return {
        "gaussian_fwhm_um": fit.fwhm_um,
        "gaussian_r2": fit.r2,
        "principal_fwhm_um": principal,
        "principal_axes": tuple(_zyx(axis) for axis in axes),
        "tilt_deg": longest if spot.counts.shape[0] > 1 else NAN,
    }
