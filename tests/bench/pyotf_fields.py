"""Bead fields by pyotf, a model that shares no code with psfbridge, psfmodels or the cases.

Its pupil is a complex image, so that any phase, amplitude, edge or dust can be laid into it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pyotf.otf import HanserPSF
from pyotf.zernike import noll2degrees, zernike
from scipy import fft

from psfbridge.imaging.image import Image

Floats = NDArray[np.float64]

#: Components of the field, as pyotf lists them, that a polariser along x lets pass.
_ALONG_X = (0, 2, 4)
#: Places of the beads' planes between two of the image's.
_BETWEEN = 4
_NOLL_FIRST = 5
_BEADS = 20


@dataclass(frozen=True)
class Kind:
    """What is done to a field, and to the pupil."""

    name: str
    phases_waves: float = 0.0
    modes: int = 41
    amplitude: float = 0.0
    cut: float = 0.0
    dust: int = 0
    polarised: bool = False
    confocal: bool = False
    jitter_voxel: float = 0.0
    coma_waves: float = 0.0


KINDS = (
    Kind("plain"),
    Kind("41 modes, amplitude", phases_waves=0.05, amplitude=0.04),
    Kind("60 modes of 0.1 waves", phases_waves=0.1, modes=60),
    Kind("vignetted", phases_waves=0.04, cut=0.4),
    Kind("dust", phases_waves=0.04, dust=12),
    Kind("polarised detection", phases_waves=0.04, polarised=True),
    Kind("confocal, polarised laser", phases_waves=0.04, confocal=True),
    Kind("confocal, line jitter", phases_waves=0.04, confocal=True, jitter_voxel=0.4),
    Kind("coma over the field", phases_waves=0.03, coma_waves=0.06),
)


@dataclass(frozen=True, eq=False)
class Field:
    """An image of beads, and the true PSF in the middle of the field; axes (z, y, x)."""

    image: Image
    truth: Floats


@dataclass(frozen=True)
class _Microscope:
    na: float
    index: float
    wavelength_um: float
    voxel_um: tuple[float, float, float]
    planes: int = 36
    side: int = 144
    window: int = 192


def drawn_field(kind: Kind, seed: int) -> Field:
    """Draw optics, pupil, beads and noise of a kind of field."""
    random = np.random.default_rng(seed)
    scope = _drawn_microscope(random, kind)
    pupil = _drawn_pupil(random, kind, scope)
    fine = [_intensity(scope, pupil, kind, coma) for coma in _comas(kind)]
    places = _places(random, scope, _BEADS)
    photons = random.uniform(20e3, 60e3, _BEADS) / (5 if kind.confocal else 1)
    light = np.full((scope.planes, scope.side, scope.side), 4.0 if kind.confocal else 20.0)
    for (z, y, x), count in zip(places, photons, strict=True):
        part = int((x / scope.side) * len(fine))
        light += count * _seen(fine[part], scope, (round(z * _BETWEEN), y, x))
    counts = 100 + random.poisson(light) + random.normal(0, 2, light.shape)
    if kind.jitter_voxel:
        counts = _jittered(random, light, kind.jitter_voxel)
    data = np.clip(np.rint(counts), 0, 65535).astype(np.uint16)
    return Field(Image(data, scope.voxel_um, kind.name), _truth(fine[len(fine) // 2], scope))


def _comas(kind: Kind) -> list[float]:
    return [0.0] if not kind.coma_waves else [kind.coma_waves * k / 3 for k in range(-3, 4)]


def _drawn_microscope(random: np.random.Generator, kind: Kind) -> _Microscope:
    na, index = ((1.4, 1.518), (1.2, 1.333), (0.95, 1.0))[random.integers(3)]
    if kind.confocal:
        na, index = 1.4, 1.518
    wavelength = float(random.uniform(0.5, 0.62))
    across = 0.22 * wavelength / na * (0.6 if kind.confocal else 1.0)
    axial = wavelength / (index - np.sqrt(index**2 - na**2))
    along = axial * (0.12 if kind.confocal else 0.2)
    return _Microscope(na, index, wavelength, (along, across, across))


def _drawn_pupil(
    random: np.random.Generator, kind: Kind, scope: _Microscope
) -> Callable[[Floats, Floats], NDArray[np.complex128]]:
    """Return the pupil as a function of radius (1 at the edge) and angle."""
    modes = [noll2degrees(j) for j in range(_NOLL_FIRST, _NOLL_FIRST + kind.modes)]
    phases = random.normal(size=len(modes))
    phases *= 2 * np.pi * kind.phases_waves / np.linalg.norm(phases)
    amplitudes = kind.amplitude * random.normal(size=len(modes)) / np.sqrt(len(modes)) * 2
    turn = random.uniform(0, 2 * np.pi)
    spots = [(random.uniform(0, 1) ** 0.5, random.uniform(0, 2 * np.pi)) for _ in range(kind.dust)]

    def pupil(radius: Floats, angle: Floats) -> NDArray[np.complex128]:
        terms = [zernike(np.minimum(radius, 1), angle, n, m) for n, m in modes]
        phase = np.tensordot(phases, terms, 1)
        light = 1 + np.tensordot(amplitudes, terms, 1)
        x, y = radius * np.cos(angle), radius * np.sin(angle)
        if kind.cut:
            away = np.hypot(x + kind.cut * np.cos(turn), y + kind.cut * np.sin(turn))
            light = light * (away < 1.05)
        for far, at in spots:
            light = light * (np.hypot(x - far * np.cos(at), y - far * np.sin(at)) > 0.08)
        return np.asarray(light * np.exp(1j * phase))

    return pupil


def _intensity(
    scope: _Microscope,
    pupil: Callable[[Floats, Floats], NDArray[np.complex128]],
    kind: Kind,
    coma_waves: float,
) -> Floats:
    """The light of a point through focus, in planes so fine that beads lie on them."""
    detected = _widefield(scope, pupil, coma_waves, polarised=kind.polarised)
    if not kind.confocal:
        return detected
    laser = replace(scope, wavelength_um=0.92 * scope.wavelength_um)
    return detected * _widefield(laser, pupil, coma_waves, polarised=True)


def _widefield(
    scope: _Microscope,
    pupil: Callable[[Floats, Floats], NDArray[np.complex128]],
    coma_waves: float,
    *,
    polarised: bool,
) -> Floats:
    z, across = scope.voxel_um[0] / _BETWEEN, scope.voxel_um[1]
    half = _BETWEEN * scope.planes
    k = np.fft.fftfreq(scope.window, across) * scope.wavelength_um / scope.na
    radius, angle = np.hypot(k[:, None], k), np.arctan2(k[:, None], np.broadcast_to(k, 2 * k.shape))
    # A sample at the edge is in the pupil by its share.
    edge = np.clip(0.5 + (1 - radius) / (k[1] - k[0]), 0, 1)
    coma = 2 * np.pi * coma_waves * zernike(np.minimum(radius, 1), angle, 3, 1)
    base = edge * pupil(radius, angle) * np.exp(1j * coma)
    light = []
    for start in range(-half, half + 1, 2 * _BETWEEN):
        planes = np.arange(start, min(start + 2 * _BETWEEN, half + 1))
        one = HanserPSF(
            scope.wavelength_um,
            scope.na,
            scope.index,
            across,
            scope.window,
            vec_corr="total",
            zrange=planes * z,
        )
        one.apply_pupil(base)
        fields = one.PSFa[list(_ALONG_X)] if polarised else one.PSFa
        light.append((np.abs(fields) ** 2).sum(axis=0))
    result = np.concatenate(light)
    return result / result[half].sum()


def _places(random: np.random.Generator, scope: _Microscope, beads: int) -> Floats:
    """Places in voxels, apart from each other across."""
    apart = 2.5 * scope.wavelength_um / scope.na / scope.voxel_um[1]
    places: list[Floats] = []
    while len(places) < beads:
        z = random.uniform(0.3, 0.7) * scope.planes
        place = np.array([z, *random.uniform(14, scope.side - 14, 2)])
        if all(np.hypot(*(place - one)[1:]) > apart for one in places):
            places.append(place)
    return np.array(places)


def _seen(fine: Floats, scope: _Microscope, place: tuple[int, float, float]) -> Floats:
    """The share of a bead's light in each voxel of the image."""
    z, y, x = place
    first = _BETWEEN * scope.planes - z
    planes = fine[first : first + _BETWEEN * scope.planes : _BETWEEN]
    # As wide as image and PSF together: nothing comes in again from the other side.
    size = fft.next_fast_len(scope.window + scope.side, real=True)
    ky, kx = fft.fftfreq(size), fft.rfftfreq(size)
    middle = scope.window // 2
    move = np.exp(-2j * np.pi * (ky[:, None] * (y - middle) + kx * (x - middle)))
    spectrum = fft.rfft2(planes.astype(np.float32), s=(size, size)) * (move * _pixel(ky, kx))
    light = fft.irfft2(spectrum, s=(size, size))[:, : scope.side, : scope.side]
    return np.asarray(light / fine.sum() * _BETWEEN)


def _pixel(ky: Floats, kx: Floats) -> Floats:
    """What a pixel damps."""
    return np.asarray(np.sinc(ky)[:, None] * np.sinc(kx))


def _jittered(random: np.random.Generator, light: Floats, voxel: float) -> Floats:
    """Counts of lines that start too early or too late."""
    k = fft.rfftfreq(light.shape[2])
    late = random.normal(0, voxel, light.shape[:2])[:, :, None]
    moved = fft.irfft(fft.rfft(light) * np.exp(-2j * np.pi * k * late), n=light.shape[2])
    moved = np.maximum(moved, 0)
    return np.asarray(100 + random.poisson(moved) + random.normal(0, 2, light.shape))


def _truth(fine: Floats, scope: _Microscope) -> Floats:
    """The PSF with its pixels, as odd as a PSF is, its focus in the middle."""
    half = _BETWEEN * scope.planes
    steps = np.arange(-15, 16) * _BETWEEN + half
    ky, kx = fft.fftfreq(scope.window), fft.rfftfreq(scope.window)
    spectrum = fft.rfft2(fine[steps]) * _pixel(ky, kx)
    light = fft.irfft2(spectrum, s=(scope.window,) * 2)
    middle = scope.window // 2
    near = slice(middle - 24, middle + 25)
    return np.asarray(light[:, near, near])
