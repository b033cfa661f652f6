"""The pupil model of the PSF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from psfbridge._util.threads import cores
from psfbridge.optics.bead_sphere import sphere_transfer
from psfbridge.optics.index_mismatch import interface_transmission
from psfbridge.optics.pinhole import airy_um, pinhole_transfer
from psfbridge.optics.polarisation import Transmission, dipole_fields, laser_fields
from psfbridge.optics.propagation import Complex, on_planes, waves
from psfbridge.optics.settings import PUPIL
from psfbridge.optics.zernike import zernike

__all__ = [
    "AMPLITUDES",
    "BLUR_X",
    "BLUR_Y",
    "BLUR_YX",
    "DEPTH",
    "EDGE",
    "EDGE_X",
    "EDGE_Y",
    "FINE_ORDER",
    "FIRST_MODE",
    "INDEX",
    "LIKELIEST",
    "NA",
    "SAMPLE",
    "SHEET",
    "PupilModel",
    "X",
    "Y",
    "Z",
]

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

# Places in the vector of parameters: NA/wavelength and n/wavelength in 1/µm, a Gaussian blur's
# variances and covariance across in µm² (pixels, drift), the light sheet's 1/(2 sigma²) in 1/µm²,
# the position in µm, the sample's n/wavelength in 1/µm (0 if it is the immersion medium's) and the
# depth in it in µm; radius (0 if there is none) and centre of another stop's image that cuts the
# pupil, in radii of the pupil; then phases in radians and amplitudes, in Zernike terms of unit rms.
NA, INDEX, BLUR_Y, BLUR_X, BLUR_YX, SHEET, Z, Y, X, SAMPLE, DEPTH = range(11)
EDGE, EDGE_Y, EDGE_X, FIRST_MODE = range(11, 15)
# The terms of the amplitude, the likeliest first: apodisation, then a pupil cut or off centre.
_FIRST = ((2, 0), (4, 0), (6, 0), (1, -1), (1, 1), (2, -2), (2, 2))
# Then the details: dust, a pupil cut by an edge.
_DETAILS = tuple((n, m) for n in range(1, 9) for m in range(-n, n + 1, 2) if (n, m) not in _FIRST)
AMPLITUDES = (*_FIRST, *_DETAILS)
#: The number of the likeliest; phases above this order are details, too.
LIKELIEST, FINE_ORDER = len(_FIRST), 6


# Steps of the parameters whose derivatives are differences.
_STEPS = {DEPTH: PUPIL.depth_step_um, **dict.fromkeys((EDGE, EDGE_Y, EDGE_X), PUPIL.edge_step)}


@dataclass(frozen=True, eq=False)
class PupilModel:
    """A PSF on a voxel grid as a function of the pupil (Hanser et al. 2004; Aguet et al. 2009).

    ``h = |FT(A exp(i phase) exp(i kz z))|²``, to the power 2 for a confocal microscope, times a
    light sheet, blurred. The pupil is sampled finely enough for the box; any voxel size is exact.

    Parameters
    ----------
    shape : tuple of int
        Of the volume (z, y, x).
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    samples : int
        Samples across the pupil, see `psfbridge.optics.propagation.samples_for`.
    order : int
        Highest radial order of the phase.
    amplitudes : int
        How many terms the amplitude has, those of `AMPLITUDES` at most.
    power : int
        1 for widefield and light sheet, 2 for confocal.
    vectorial : bool
        Whether the light's polarisation counts: for a freely rotating emitter.
    bead_diameter_um : float
        Diameter of the beads that are seen.
    excitation_ratio : float
        Wavelength of the emission over that of the excitation; for a confocal microscope.
    pinhole_au : float
        Diameter of the pinhole in Airy units; for a confocal microscope; 0 is a point.
    sheet_tilt_deg : float
        Angle between the light sheet and the planes, about x: the sheet rises with y.
    laser_along : float, optional
        Direction of the laser's polarisation, from x towards y, in radians; by default light of
        all directions. For a confocal microscope whose light has polarisation.
    """

    shape: tuple[int, int, int]
    voxel_um: tuple[float, float, float]
    samples: int
    order: int = 6
    amplitudes: int = 3
    power: int = 1
    vectorial: bool = False
    bead_diameter_um: float = 0.0
    excitation_ratio: float = 1.0
    pinhole_au: float = 0.0
    sheet_tilt_deg: float = 0.0
    laser_along: float | None = None

    @cached_property
    def modes(self) -> list[tuple[int, int]]:
        """Radial order and azimuthal frequency of the phase terms; the position has the others."""
        orders = range(2, self.order + 1)
        modes = [(n, m) for n in orders for m in range(-n, n + 1, 2) if (n, m) != (2, 0)]
        # A mismatch of the refractive index needs more spherical aberration than all else.
        spherical = [(8, 0), (10, 0)] if self.order >= 6 else []
        return modes + [mode for mode in spherical if mode not in modes]

    @property
    def size(self) -> int:
        """The number of parameters."""
        return FIRST_MODE + len(self.modes) + self.amplitudes

    @cached_property
    def axes_um(self) -> list[Floats]:
        """Coordinates along z, y and x from the central voxel."""
        return [
            np.asarray((np.arange(n) - n // 2) * step, float)
            for n, step in zip(self.shape, self.voxel_um, strict=True)
        ]

    @cached_property
    def _across(self) -> Floats:
        return (np.arange(self.samples) + 0.5) / self.samples * 2 - 1

    @cached_property
    def _disc(self) -> tuple[Floats, Floats, Floats]:
        """Radius (at most 1), angle, and the share of each sample that lies in the pupil."""
        v, u = np.meshgrid(self._across, self._across, indexing="ij")
        fine = ((np.arange(5) + 0.5) / 5 - 0.5) * 2 / self.samples
        edge = ((self._across[:, None] + fine) ** 2).ravel()
        inside = (edge[:, None] + edge[None, :] <= 1).reshape(self.samples, 5, self.samples, 5)
        return np.minimum(np.hypot(u, v), 1), np.arctan2(v, u), inside.mean(axis=(1, 3))

    @cached_property
    def _phases(self) -> Floats:
        radius, angle, _ = self._disc
        terms = [zernike(n, m, radius, angle) for n, m in self.modes]
        return np.array(terms).reshape(-1, self.samples, self.samples)

    @cached_property
    def _amplitudes(self) -> Floats:
        radius, angle, _ = self._disc
        terms = [zernike(n, m, radius, angle) for n, m in AMPLITUDES[: self.amplitudes]]
        return np.array(terms).reshape(-1, self.samples, self.samples)

    @cached_property
    def _bead(self) -> Floats32:
        transfer = sphere_transfer(self.shape, self.voxel_um, self.bead_diameter_um)
        return np.asarray(transfer, np.float32)

    @cached_property
    def _blur_slopes(self) -> dict[int, NDArray[np.float32]]:
        """The logarithm of the blur's transfer function by each of its parameters."""
        y = fft.fftfreq(self.shape[1], self.voxel_um[1])[np.newaxis, :, np.newaxis]
        x = fft.rfftfreq(self.shape[2], self.voxel_um[2])[np.newaxis, np.newaxis, :]
        factor = -2 * np.pi**2
        return {
            BLUR_Y: np.asarray(factor * y**2 * np.ones_like(x), np.float32),
            BLUR_X: np.asarray(factor * x**2 * np.ones_like(y), np.float32),
            BLUR_YX: np.asarray(2 * factor * y * x, np.float32),
        }

    @cached_property
    def _linear_slopes(self) -> dict[int, NDArray[Any]]:
        """The logarithm of the spectrum by blur and position, which multiply it."""
        z, y = (fft.fftfreq(self.shape[k], self.voxel_um[k]) for k in (0, 1))
        x = fft.rfftfreq(self.shape[2], self.voxel_um[2])
        axes = {Z: z[:, None, None], Y: y[None, :, None], X: x[None, None, :]}
        moves = {k: np.asarray(-2j * np.pi * axis, np.complex64) for k, axis in axes.items()}
        return {**self._blur_slopes, **moves}

    def volume(self, values: Floats) -> Floats32:
        """Return what is seen of a bead, for the parameters `values`."""
        return self._shown(values, beads=(True,))[0]

    def volumes(self, values: Floats) -> tuple[Floats32, Floats32]:
        """Return what is seen of a bead, and the PSF itself."""
        seen, sharp = self._shown(values, beads=(True, False))
        return seen, sharp

    def _shown(self, values: Floats, beads: Sequence[bool]) -> list[Floats32]:
        spectrum = fft.rfftn(self._sharp(values), workers=cores())
        return [
            np.asarray(fft.irfftn(spectrum * transfer, s=self.shape, workers=cores()))
            for transfer in (self._transfer(values, bead=bead) for bead in beads)
        ]

    def derivatives(self, values: Floats, free: Sequence[int]) -> tuple[Floats32, Floats32]:
        """Return the bead's image and its derivative by each of the `free` parameters.

        By phases and amplitudes it is that of a coarser pupil without polarisation: many times
        quicker, and near enough to go downhill by.
        """
        intensity, by_mode = self._intensity_and_slopes(values)
        if self.power == 2:
            intensity, by_mode = self._confocal_slopes(values, intensity, by_mode)
        sheet = self._sheet(values)
        sharp, by_mode = intensity * sheet, by_mode * sheet
        rows = [self._slope(one, values, sharp, by_mode) for one in free]
        spectrum = fft.rfftn(np.array([sharp, *rows]), axes=(1, 2, 3), workers=cores())
        spectrum *= self._transfer(values, bead=True)
        for row, one in enumerate(free, start=1):
            if one in self._linear_slopes:
                spectrum[row] = self._linear_slopes[one] * spectrum[0]
        volumes = fft.irfftn(spectrum, s=self.shape, axes=(1, 2, 3), workers=cores())
        return volumes[0], volumes[1:]

    def _slope(self, one: int, values: Floats, sharp: Floats32, by_mode: Floats32) -> Floats32:
        if one >= FIRST_MODE:
            return np.asarray(by_mode[one - FIRST_MODE])
        if one == SHEET:
            return np.asarray(-(self._from_sheet(values) ** 2) * sharp, np.float32)
        if one in self._linear_slopes:
            return np.zeros_like(sharp)
        # The others have no closed form that is shorter than a difference.
        moved = values.copy()
        step = _STEPS.get(one, PUPIL.index_step)
        moved[one] += step
        return np.asarray((self._sharp(moved) - sharp) / step, np.float32)

    def _sharp(self, values: Floats) -> Floats32:
        """The PSF before any blur."""
        intensity = self._intensity(values)
        if self.power == 2:
            excitation = intensity
            if self.excitation_ratio != 1 or self._has_laser:
                excitation = self._intensity(self._excitation(values), laser=self._has_laser)
            intensity = self._through_pinhole(intensity, values) * excitation
        return intensity * self._sheet(values)

    def _confocal_slopes(
        self, values: Floats, intensity: Floats32, by_mode: Floats32
    ) -> tuple[Floats32, Floats32]:
        """Detection times excitation, and the derivatives of the product."""
        excitation, slopes = intensity, by_mode
        if self.excitation_ratio != 1 or self._has_laser:
            excitation, slopes = self._intensity_and_slopes(
                self._excitation(values), laser=self._has_laser
            )
            # A path difference is more of a phase for the shorter wavelength.
            slopes[: len(self.modes)] *= self.excitation_ratio
        detected = self._through_pinhole(intensity, values)
        by_detected = self._through_pinhole(by_mode, values)
        return detected * excitation, by_detected * excitation + detected * slopes

    def _excitation(self, values: Floats) -> Floats:
        """The parameters at the excitation's wavelength."""
        scaled = values.copy()
        scaled[[NA, INDEX, SAMPLE]] *= self.excitation_ratio
        scaled[FIRST_MODE : FIRST_MODE + len(self.modes)] *= self.excitation_ratio
        return scaled

    def _through_pinhole(self, volumes: Floats32, values: Floats) -> Floats32:
        """Average over the pinhole's disc, plane by plane."""
        if self.pinhole_au == 0:
            return volumes
        y = fft.fftfreq(self.shape[1], self.voxel_um[1])
        x = fft.rfftfreq(self.shape[2], self.voxel_um[2])
        diameter_um = self.pinhole_au * airy_um(float(values[NA]))
        disc = np.asarray(pinhole_transfer(y, x, diameter_um), np.float32)
        spectra = fft.rfft2(volumes, workers=cores()) * disc
        return np.asarray(fft.irfft2(spectra, s=self.shape[1:], workers=cores()))

    def _sheet(self, values: Floats) -> Floats32:
        return np.asarray(np.exp(-values[SHEET] * self._from_sheet(values) ** 2), np.float32)

    def _from_sheet(self, values: Floats) -> Floats:
        """Return the distance from the middle of the sheet in µm; it has axes (z, y or 1, 1)."""
        tilt = np.deg2rad(self.sheet_tilt_deg)
        z: Floats = (self.axes_um[0] - values[Z])[:, None, None]
        if not tilt:
            return z
        y: Floats = (self.axes_um[1] - values[Y])[None, :, None]
        return np.asarray(np.cos(tilt) * z - np.sin(tilt) * y)

    def _transfer(self, values: Floats, *, bead: bool) -> Floats32:
        blur = np.exp(
            sum(np.float32(values[one]) * slope for one, slope in self._blur_slopes.items())
        )
        return np.asarray(self._bead * blur if bead else blur, np.float32)

    def _pupil(self, values: Floats) -> tuple[NDArray[np.complex128], Floats, Transmission]:
        """Phase with aplanatic factor, amplitude, and what becomes of each sample's light."""
        radius, _, inside = self._disc
        na, index, sample = values[[NA, INDEX, SAMPLE]]
        sine = na / index * radius
        cosine = np.sqrt(np.maximum(1 - sine**2, PUPIL.least_cosine**2))
        last = FIRST_MODE + len(self.modes)
        phase = np.tensordot(values[FIRST_MODE:last], self._phases, 1)
        amplitude = 1 + np.tensordot(values[last:], self._amplitudes, 1)
        light = Transmission(np.ones_like(sine), cosine, sine)
        if sample:
            light = interface_transmission(radius, self.samples, na, index, sample, values[DEPTH])
        inside = inside * self._stop(values) if values[EDGE] else inside
        return inside * np.exp(1j * phase) / np.sqrt(cosine), amplitude, light

    def _stop(self, values: Floats) -> Floats:
        """The share of each sample that another stop lets pass: 0 or 1 but for its edge."""
        away = np.hypot(
            (self._across - values[EDGE_Y])[:, np.newaxis], self._across - values[EDGE_X]
        )
        return np.asarray(np.clip(0.5 + (values[EDGE] - away) * self.samples / 2, 0, 1))

    def pupil_power(self, values: Floats) -> tuple[Floats, Floats]:
        """Return the power that passes each sample of the pupil, and how much of it is inside.

        What all pupils have, apodisation by their angle, is left out. The arrays have axes (v, u).
        """
        _, amplitude, _ = self._pupil(values)
        inside = self._disc[2] * (self._stop(values) if values[EDGE] else 1.0)
        return np.asarray(inside * amplitude**2), self._disc[2]

    @property
    def across(self) -> Floats:
        """Coordinates of the samples along v and u, in radii of the pupil."""
        return self._across

    @property
    def _has_laser(self) -> bool:
        return self.vectorial and self.laser_along is not None

    def _polarisations(self, light: Transmission, laser: bool) -> tuple[NDArray[Any], Floats]:
        """Fields in the pupil of an emitter's three directions, and how often each counts.

        Or those of a laser's light.
        """
        if laser and self.laser_along is not None:
            return laser_fields(light, self._disc[1], self.laser_along)
        if self.vectorial:
            return dipole_fields(light, self._disc[1])
        return light.across[np.newaxis], np.ones(1)

    def _intensity(self, values: Floats, *, laser: bool = False) -> Floats32:
        phase, amplitude, light = self._pupil(values)
        pupil = phase * amplitude
        fields = [
            (count, (pupil * field)[np.newaxis])
            for field, count in zip(*self._polarisations(light, laser), strict=True)
        ]
        total = np.zeros(self.shape, np.float32)

        def plane(k: int, count: float, images: Complex) -> None:
            total[k] += np.float32(count) * _power(images[0])

        self._on_planes(fields, values, plane)
        return np.asarray(total / self._energy(phase), np.float32)

    def _intensity_and_slopes(
        self, values: Floats, *, laser: bool = False
    ) -> tuple[Floats32, Floats32]:
        """The PSF before any blur, and its slopes by phases and amplitudes, see `derivatives`."""
        intensity = self._intensity(values, laser=laser)
        rough, slopes = self._rough._scalar_slopes(values)
        return intensity, slopes * (intensity.sum() / rough.sum())

    @cached_property
    def _rough(self) -> PupilModel:
        return replace(self, samples=min(self.samples, max(self.samples // 2, PUPIL.rough_samples)))

    def _scalar_slopes(self, values: Floats) -> tuple[Floats32, Floats32]:
        phase, amplitude, light = self._pupil(values)
        phase = phase * light.across
        pupil = phase * amplitude
        pupils = [pupil[np.newaxis], 1j * self._phases * pupil, self._amplitudes * phase]
        total = np.zeros(self.shape, np.float32)
        slopes = np.zeros((self.size - FIRST_MODE, *self.shape), np.float32)

        def plane(k: int, count: float, images: Complex) -> None:
            first, others = images[0], images[1:]
            total[k] = _power(first)
            both = others.real * first.real + others.imag * first.imag
            slopes[:, k] = np.float32(2 * count) * both

        self._on_planes([(1.0, np.concatenate(pupils))], values, plane)
        return total, slopes

    def _energy(self, pupil: NDArray[np.complex128]) -> float:
        """Return the normalisation that makes intensities independent of pupil sampling.

        A pupil that its stop closes shows nothing: it is divided by one sample's light, not by 0.
        """
        return max(float((pupil.real**2 + pupil.imag**2).sum()), 1.0) * self.samples**2

    def _on_planes(
        self,
        fields: Sequence[tuple[float, NDArray[Any]]],
        values: Floats,
        plane: Callable[[int, float, Complex], None],
    ) -> None:
        """Hand on the images of pupils plane by plane, see `optics.propagation.on_planes`."""
        radius = self._disc[0]
        index = values[INDEX]
        along = np.sqrt(np.maximum(index**2 - (values[NA] * radius) ** 2, 0)) - index
        z, y, x = (axis - at for axis, at in zip(self.axes_um, values[Z : X + 1], strict=True))
        across = values[NA] * self._across
        waves_y, waves_x = waves(np.outer(y, across)), waves(np.outer(across, x))
        on_planes(fields, z, along, (waves_y, waves_x), plane)


def _power(field: Complex) -> Floats32:
    return np.asarray(field.real**2 + field.imag**2)
