"""The true PSF of a simulated microscope.

The pupil is sampled on a grid and brought to the image by a discrete Fourier transform, with the
vectorial field of an isotropic emitter (Richards & Wolf 1959; Hanser et al. 2004; Aguet et al.
2009). ``psfmodels``, an independent implementation, can stand in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from psfbridge._util.threads import cores
from psfbridge._util.validate import choice, number
from psfbridge.errors import OptionError
from psfbridge.optics.index_mismatch import fresnel
from psfbridge.optics.pinhole import airy_um, pinhole_transfer
from psfbridge.optics.polarisation import Transmission, dipole_fields
from psfbridge.optics.zernike import zernike
from psfbridge.options import Optics
from psfbridge.simulation.settings import MODEL

__all__ = ["MODELS", "Microscope", "band_limit", "psf_volume"]

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex64]

MODELS = ("vectorial", "scalar", "psfmodels")

#: A spinning disk is one, but for the light that passes neighbouring pinholes.
_CONFOCAL = ("confocal", "spinning-disk")


@dataclass(frozen=True, kw_only=True)
class Microscope:
    """Optics with what is wrong with them.

    Parameters
    ----------
    optics : Optics
        What a user would know; not of a microscope whose PSF no pupil has.
    model : {'vectorial', 'scalar', 'psfmodels'}
        Which implementation computes the PSF; ``psfmodels`` knows no coma and no astigmatism.
    sample_index : float, optional
        Refractive index around the beads; by default that of the immersion medium.
    depth_um : float
        How deep in the sample the beads are, µm; matters with a `sample_index` only.
    coma, astigmatism, spherical : float
        Zernike coefficients in waves rms, in Noll's normalisation.
    sheet_um : float
        FWHM of the light sheet along z, µm.

    Raises
    ------
    OptionError
        If a value is impossible, or the model cannot do what is asked.

    Examples
    --------
    >>> Microscope(optics=Optics(na=1.4, wavelength_um=0.52, refractive_index=1.518)).coma
    0.0
    """

    optics: Optics
    model: str = "vectorial"
    sample_index: float | None = None
    depth_um: float = 0.0
    coma: float = 0.0
    astigmatism: float = 0.0
    spherical: float = 0.0
    sheet_um: float = 2.0

    def __post_init__(self) -> None:
        choice("psf", self.model, MODELS)
        _ = self.optics.pupil
        number("depth_um", self.depth_um, least=0)
        number("sheet_um", self.sheet_um, above=0)
        if self.sample_index is not None:
            number("sample_index", self.sample_index, least=1)
        waves = {name: getattr(self, name) for name in ("coma", "astigmatism", "spherical")}
        for name, value in waves.items():
            number(name, value)
        if self.model == "psfmodels" and any(waves.values()):
            raise OptionError(
                "{psf} is psfmodels, which has no coma, astigmatism or spherical aberration; use "
                "vectorial or scalar for these."
            )

    @property
    def excitation_um(self) -> float:
        """Wavelength of the excitation in µm."""
        return self.optics.excitation_um or MODEL.stokes * self.optics.wavelength_um

    @property
    def sheet_tilt(self) -> float:
        """Angle between the light sheet and the planes, in radians."""
        return float(np.deg2rad(self.optics.sheet_tilt_deg or 0.0))


def band_limit(microscope: Microscope) -> tuple[float, float, float]:
    """Return the highest frequency of the PSF along z, y and x, in cycles per µm."""
    optics = microscope.optics
    kind = optics.microscope
    lengths = [optics.wavelength_um]
    if kind in _CONFOCAL:
        lengths.append(microscope.excitation_um)
    if kind == "two-photon":
        lengths = [microscope.excitation_um] * 2
    n = optics.refractive_index
    axial = sum((n - np.sqrt(n**2 - optics.na**2)) / length for length in lengths)
    lateral = sum(2 * optics.na / length for length in lengths)
    if kind == "lightsheet":
        # The Gaussian sheet's own spectrum, down to 1e-4.
        axial += 1.14 / microscope.sheet_um
        lateral += 1.14 / microscope.sheet_um * abs(np.sin(microscope.sheet_tilt))
    return float(axial), float(lateral), float(lateral)


@lru_cache(maxsize=4)
def psf_volume(
    microscope: Microscope, step_um: tuple[float, float, float], shape: tuple[int, int, int]
) -> Floats:
    """Compute the PSF at points, before any pixel has integrated it.

    Parameters
    ----------
    microscope : Microscope
        The optics.
    step_um : tuple of float
        Distance of the points in z, y and x, in µm; y and x alike.
    shape : tuple of int
        Number of points; odd. The focus without aberrations is at ``n // 2``.

    Returns
    -------
    array of float64
        The array has axes (z, y, x). The units are arbitrary; it is not to be written to.

    Raises
    ------
    OptionError
        If the steps in y and x differ, or ``psfmodels`` is asked for and not installed.
    """
    if step_um[1] != step_um[2]:
        raise OptionError(
            f"{{voxel_um}} is {step_um[1]:g} in y and {step_um[2]:g} in x; a simulation needs "
            "equal sizes."
        )
    points = _Points(step_um[0], step_um[2], shape)
    kind = microscope.optics.microscope
    if kind == "two-photon":
        # Two photons are absorbed together; where the light that they give goes plays no part.
        volume = _intensity(microscope, microscope.excitation_um, points) ** 2
    else:
        volume = _intensity(microscope, microscope.optics.wavelength_um, points)
    if kind in _CONFOCAL:
        volume = _through_pinhole(volume, microscope, points)
        volume *= _intensity(microscope, microscope.excitation_um, points)
    if kind == "lightsheet":
        volume *= _sheet(microscope, points)
    volume /= volume.max()
    volume.setflags(write=False)
    return volume


def _sheet(microscope: Microscope, points: _Points) -> Floats:
    """Return the sheet's brightness, a Gaussian of the distance from its middle."""
    z, y = points.z[:, np.newaxis, np.newaxis], points.lateral(1)[np.newaxis, :, np.newaxis]
    away = np.cos(microscope.sheet_tilt) * z - np.sin(microscope.sheet_tilt) * y
    return np.asarray(np.exp(-4 * np.log(2) * (away / microscope.sheet_um) ** 2))


@dataclass(frozen=True)
class _Points:
    """The points at which the PSF is computed."""

    dz: float
    dx: float
    shape: tuple[int, int, int]

    @property
    def z(self) -> Floats:
        """Distance from the focus, µm."""
        return np.asarray((np.arange(self.shape[0]) - self.shape[0] // 2) * self.dz, float)

    def lateral(self, axis: int) -> Floats:
        """Distance from the optical axis along y or x, µm."""
        return np.asarray((np.arange(self.shape[axis]) - self.shape[axis] // 2) * self.dx, float)


def _intensity(microscope: Microscope, wavelength_um: float, points: _Points) -> Floats:
    if microscope.model == "psfmodels":
        return _psfmodels_intensity(microscope, wavelength_um, points)
    pupil = _Pupil(microscope, wavelength_um, points)
    fields = pupil.fields()
    intensity = np.empty(points.shape)
    along_y, along_x = (pupil.waves(points.lateral(axis)) for axis in (1, 2))
    for plane, z in enumerate(points.z):
        amplitudes = along_y @ (fields * pupil.defocus(z)) @ along_x.T
        intensity[plane] = (np.abs(amplitudes) ** 2).sum(axis=0)
    return intensity


class _Pupil:
    """The back focal plane: frequencies kx, ky (cycles per µm) and what passes there."""

    def __init__(self, microscope: Microscope, wavelength_um: float, points: _Points) -> None:
        optics = microscope.optics
        self.microscope = microscope
        self.wavelength_um = wavelength_um
        self.n = optics.refractive_index
        self.n_sample = microscope.sample_index or self.n
        edge = optics.na / wavelength_um
        spacing = self._spacing(points)
        half = int(np.ceil(edge / spacing))
        self.k = np.arange(-half, half + 1) * spacing
        kx, ky = np.meshgrid(self.k, self.k)
        radius = np.hypot(kx, ky)
        self.azimuth = np.arctan2(ky, kx)
        self.rho = np.minimum(radius / edge, 1)
        # The rim's pixels count by the share of them that is inside.
        self.inside = np.clip((edge - radius) / spacing + 0.5, 0, 1)
        self.sin = self.rho * optics.na / self.n
        self.cos = np.sqrt(1 - self.sin**2)
        self.sin_sample = self.sin * self.n / self.n_sample
        # Imaginary beyond the critical angle: evanescent waves, weaker with depth.
        self.cos_sample = np.sqrt(1 - self.sin_sample.astype(complex) ** 2)

    def _spacing(self, points: _Points) -> float:
        """Fine enough that the defocused cone does not wrap round into the window."""
        tangent = self.microscope.optics.na / np.sqrt(self.n**2 - self.microscope.optics.na**2)
        reach = max(points.shape[1:]) * points.dx / 2
        cone = np.abs(points.z).max() * tangent
        period = 1.1 * (max(cone, reach) + reach) + 2.0
        edge = self.microscope.optics.na / self.wavelength_um
        samples = np.clip(2 * edge * period, MODEL.least_pupil_samples, MODEL.most_pupil_samples)
        return float(2 * edge / samples)

    def waves(self, position_um: Floats) -> Complexes:
        """Return the plane waves at positions along one axis: shape (positions, k)."""
        return np.asarray(np.exp(2j * np.pi * np.outer(position_um, self.k)), np.complex64)

    def defocus(self, z_um: float) -> Complexes:
        """Return the phase of the focal plane being `z_um` deeper than the bead."""
        phase = 2 * np.pi * self.n / self.wavelength_um * self.cos * z_um
        return np.asarray(np.exp(-1j * phase), np.complex64)

    def fields(self) -> Complexes:
        """Return the pupil's fields, one for each polarisation that adds its intensity."""
        # 1/sqrt(cos) in this plane is the aplanatic sqrt(cos) of an integral over angles.
        common = self.inside / np.sqrt(self.cos) * np.exp(1j * self._phase()) * self._depth()
        if self.microscope.model == "scalar":
            return np.asarray(common[np.newaxis], np.complex64)
        return np.asarray(common * self._polarisations(), np.complex64)

    def _phase(self) -> Floats:
        """Aberrations, by Noll's Zernike polynomials Z8, Z6 and Z11."""
        scope = self.microscope
        terms = {(3, 1): scope.coma, (2, 2): scope.astigmatism, (4, 0): scope.spherical}
        waves = sum(size * zernike(*nm, self.rho, self.azimuth) for nm, size in terms.items())
        return np.asarray(2 * np.pi * waves)

    def _depth(self) -> Any:
        """Phase and loss of waves that left a sample of another index (Gibson & Lanni 1991)."""
        path = self.n_sample * self.cos_sample - self.n * self.cos
        return np.exp(2j * np.pi / self.wavelength_um * self.microscope.depth_um * path)

    def _polarisations(self) -> NDArray[np.complex128]:
        """Fields of an emitter's dipoles, each to be counted once."""
        entering, leaving = self.n_sample * self.cos_sample, self.n * self.cos
        s_wave, p_wave = fresnel(leaving, entering, self.n, self.n_sample)
        light = Transmission(s_wave, p_wave * self.cos_sample, p_wave * self.sin_sample)
        fields, weights = dipole_fields(light, self.azimuth)
        return np.asarray(fields * np.sqrt(weights)[:, np.newaxis, np.newaxis], complex)


def _psfmodels_intensity(microscope: Microscope, wavelength_um: float, points: _Points) -> Floats:
    try:
        from psfmodels import vectorial_psf
    except ImportError:
        raise OptionError(
            "{psf} is psfmodels, which is not installed.",
            option="psf",
            remedy="Install it (pip install psfmodels), or choose {psf=vectorial}.",
        ) from None
    optics = microscope.optics
    n = optics.refractive_index
    indices = dict.fromkeys(("ni", "ni0", "ng", "ng0"), n)
    params = {"NA": optics.na, "ns": microscope.sample_index or n, "sf": 1, **indices}
    finer, depth = MODEL.psfmodels_finer, microscope.depth_um
    half = max(points.shape[1:]) // 2
    rows, columns = (
        slice((half - length // 2) * finer, (half + length // 2) * finer + 1, finer)
        for length in points.shape[1:]
    )
    planes = [
        vectorial_psf(
            [z + depth],
            2 * half * finer + 1,
            points.dx / finer,
            depth,
            wavelength_um,
            params,
            normalize=False,
        )[0, rows, columns]
        for z in points.z
    ]
    return np.array(planes, float)


def _through_pinhole(volume: Floats, microscope: Microscope, points: _Points) -> Floats:
    """Average the emission over the pinhole, a disc of so many Airy units in diameter."""
    optics = microscope.optics
    diameter_um = (optics.pinhole_au or 1.0) * airy_um(optics.na / optics.wavelength_um)
    size = [fft.next_fast_len(length, real=True) for length in points.shape[1:]]
    y, x = fft.fftfreq(size[0], points.dx), fft.rfftfreq(size[1], points.dx)
    disc = pinhole_transfer(y, x, diameter_um)
    spectrum = fft.rfft2(volume, s=size, workers=cores()) * disc
    blurred = fft.irfft2(spectrum, s=size, workers=cores())
    return np.array(blurred[:, : points.shape[1], : points.shape[2]], float)
