"""An oversampled PSF that can be placed at any sub-voxel position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from psfbridge._util.threads import cores
from psfbridge.imaging.image import Volume, VoxelUm
from psfbridge.numerics.fourier import dirichlet, peak_position
from psfbridge.optics.bead_sphere import sphere_transform
from psfbridge.simulation.microscope import Microscope, band_limit, psf_volume
from psfbridge.simulation.settings import DRAWING

__all__ = ["FinePSF", "fine_psf"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FinePSF:
    """A band-limited volume on a grid `factor` times finer than the image's voxels.

    Parameters
    ----------
    data : array of float32
        The array has axes (z, y, x), odd, and is zero at its edges. It is integrated over the
        image's pixels, and so scaled that what the image samples within the true PSF's volume
        has the sum 1.
    factor : tuple of int
        Fine voxels for each voxel of the image in z, y and x.
    peak : tuple of float
        Where the maximum is, in fine voxels, as the image's voxels sample it.
    """

    data: Volume
    factor: tuple[int, int, int]
    peak: tuple[float, float, float]

    @property
    def reach(self) -> tuple[int, int, int]:
        """Return the extent of the PSF from its peak, in voxels of the image."""
        z, y, x = (
            int(min(peak, length - 1 - peak)) // factor
            for peak, length, factor in zip(self.peak, self.data.shape, self.factor, strict=True)
        )
        return z, y, x

    def sampled(self, voxels: Sequence[NDArray[np.int_]], position: Sequence[float]) -> Volume:
        """Sample the PSF, with its peak at `position`, at voxels of the image.

        Parameters
        ----------
        voxels : sequence of array of int
            Which voxels in z, y and x; the result is their outer product.
        position : sequence of float
            Where the peak is, in voxels.

        Returns
        -------
        array of float32
            The array has axes (z, y, x). The sum over all of space is about 1.
        """
        kernels = [
            _weights(length, np.asarray(peak + factor * (at - centre), float))
            for length, peak, factor, at, centre in zip(
                self.data.shape, self.peak, self.factor, voxels, position, strict=True
            )
        ]
        volume = np.tensordot(kernels[0], self.data, axes=1)
        volume = volume @ kernels[2].T
        result: Volume = np.matmul(kernels[1], volume)
        return result

    def centred(self, shape: Sequence[int]) -> Volume:
        """Sample the PSF with its peak on the central voxel of a volume of `shape`."""
        voxels = [np.arange(length) for length in shape]
        return self.sampled(voxels, [length // 2 for length in shape])

    def blurred_by_sphere(self, diameter_um: float, voxel_um: VoxelUm) -> FinePSF:
        """Return what a filled sphere looks like instead of a point, exactly."""
        if diameter_um == 0:
            return self
        axes = tuple(axis for axis, length in enumerate(self.data.shape) if length > 1)
        steps = [size / factor for size, factor in zip(voxel_um, self.factor, strict=True)]
        spectrum = fft.rfftn(self.data, axes=axes, workers=cores())
        grid = [fft.fftfreq(n, step) for n, step in zip(self.data.shape, steps, strict=True)]
        grid[2] = fft.rfftfreq(self.data.shape[2], steps[2])
        spectrum *= sphere_transform([f.astype(np.float32) for f in grid], diameter_um)
        size = [self.data.shape[axis] for axis in axes]
        data = fft.irfftn(spectrum, s=size, axes=axes, workers=cores())
        return FinePSF(np.asarray(data, np.float32), self.factor, self.peak)


@lru_cache(maxsize=4)
def fine_psf(
    microscope: Microscope, voxel_um: VoxelUm, planes: int, psf_shape: tuple[int, int, int]
) -> FinePSF:
    """Compute a PSF that images of this voxel size can be drawn with.

    Parameters
    ----------
    microscope : Microscope
        The optics.
    voxel_um : tuple of float
        Voxel size of the image in z, y and x, in µm.
    planes : int
        Planes of the image: the PSF reaches from the first to the last where it may.
    psf_shape : tuple of int
        Size of the true PSF in voxels; its sum without its outermost planes is 1.
    """
    limits = band_limit(microscope)
    factor = _factors(limits, voxel_um, planes)
    reach = _reach(microscope, voxel_um, planes, psf_shape)
    z, y, x = (_fast_odd(2 * f * half + 1) for f, half in zip(factor, reach, strict=True))
    shape = (z, y, x)
    step = (voxel_um[0] / factor[0], voxel_um[1] / factor[1], voxel_um[2] / factor[2])
    volume = _around_peak(microscope, step, shape)
    data = _integrated_over_pixels(_faded(volume), factor)
    return _normalised(FinePSF(data, factor, _middle(shape)), psf_shape)


def _factors(
    limits: tuple[float, float, float], voxel_um: VoxelUm, planes: int
) -> tuple[int, int, int]:
    """Nyquist: two samples for each cycle of the highest frequency."""
    z, y, x = (
        max(1, int(np.ceil(2.05 * limit * size)))
        for limit, size in zip(limits, voxel_um, strict=True)
    )
    return (z if planes > 1 else 1), y, x


def _fast_odd(length: int) -> int:
    """Return the next odd length that Fourier transforms are quick for."""
    while fft.next_fast_len(length) != length:
        length += 2
    return length


def _reach(
    microscope: Microscope, voxel_um: VoxelUm, planes: int, psf_shape: tuple[int, int, int]
) -> tuple[int, int, int]:
    axial, lateral = DRAWING.reach_um[microscope.optics.pupil.microscope]
    wanted = (min(axial, planes * voxel_um[0]), lateral, lateral)
    z, y, x = (
        int(max(np.ceil(reach / size), np.ceil((length // 2 + 1) / (1 - DRAWING.fade))))
        for reach, size, length in zip(wanted, voxel_um, psf_shape, strict=True)
    )
    return (z if planes > 1 else 0), y, x


def _around_peak(
    microscope: Microscope, step: VoxelUm, shape: tuple[int, int, int]
) -> NDArray[np.float64]:
    """Compute more planes than needed where the focus is elsewhere, and keep those around it."""
    spare = 0
    if microscope.sample_index is not None and shape[0] > 1:
        # Oblique rays focus up to three times further off than the paraxial ones do.
        ratio = microscope.optics.refractive_index / microscope.sample_index
        spare = int(np.ceil((3 * abs(ratio - 1) * microscope.depth_um + 0.5) / step[0]))
    volume = psf_volume(microscope, step, (shape[0] + 2 * spare, *shape[1:]))
    if not spare:
        return volume
    brightest = int(np.argmax(volume.max(axis=(1, 2))))
    first = int(np.clip(brightest - shape[0] // 2, 0, 2 * spare))
    return volume[first : first + shape[0]]


def _faded(volume: Floats) -> Volume:
    """Let the volume fade out at its edges."""
    result = volume.astype(np.float32)
    for axis, length in enumerate(volume.shape):
        if length == 1:
            continue
        distance = np.abs(np.linspace(-1, 1, length))
        beyond = np.clip((distance - (1 - DRAWING.fade)) / DRAWING.fade, 0, 1)
        fade = (np.cos(np.pi / 2 * beyond) ** 2).astype(np.float32)
        result *= np.moveaxis(fade[:, np.newaxis, np.newaxis], 0, axis)
    return result


def _integrated_over_pixels(volume: Volume, factor: tuple[int, int, int]) -> Volume:
    """Integrate over the image's square pixels, in Fourier space, where it is a product."""
    fy = fft.fftfreq(volume.shape[1])[:, np.newaxis] * factor[1]
    fx = fft.rfftfreq(volume.shape[2]) * factor[2]
    spectrum = fft.rfft2(volume, workers=cores())
    spectrum *= (np.sinc(fy) * np.sinc(fx)).astype(np.float32)
    return np.asarray(fft.irfft2(spectrum, s=volume.shape[1:], workers=cores()), np.float32)


def _middle(shape: Sequence[int]) -> tuple[float, float, float]:
    z, y, x = (float(length // 2) for length in shape)
    return z, y, x


def _normalised(psf: FinePSF, psf_shape: tuple[int, int, int]) -> FinePSF:
    """Find the peak as the image's voxels see it, and make the sum 1."""
    for _ in range(5):
        volume = psf.centred(psf_shape)
        middle = np.array(psf_shape) // 2
        offset = peak_position(volume) - middle
        offset[np.array(psf_shape) == 1] = 0
        peak = np.array(psf.peak) + offset * psf.factor
        psf = FinePSF(psf.data, psf.factor, (float(peak[0]), float(peak[1]), float(peak[2])))
        if np.abs(offset).max() < 1e-3:
            break
    # The outermost planes of a PSF are zero, so they do not count.
    inner = [length if length == 1 else length - 2 for length in psf_shape]
    return FinePSF(psf.data / psf.centred(inner).sum(dtype=float), psf.factor, psf.peak)


def _weights(length: int, at: Floats) -> NDArray[np.float32]:
    """Weights that take a series of odd length to the points `at`; outside there is nothing."""
    inside = ((at >= 0) & (at <= length - 1))[:, np.newaxis]
    kernel = dirichlet(at[:, np.newaxis] - np.arange(length), length)
    return np.asarray(kernel * inside, np.float32)
