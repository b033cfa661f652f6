"""The PSF: a volume in the one form that is safe everywhere, with its voxel size and origin."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.notebook import card
from psfbridge._util.plots import draw
from psfbridge._util.units import zyx_um
from psfbridge._util.validate import integer, voxel_size
from psfbridge.errors import PSFError
from psfbridge.hosts import Host
from psfbridge.imaging.image import Image, Volume, VoxelUm
from psfbridge.imaging.read import read_image, read_info
from psfbridge.imaging.write import write_image
from psfbridge.numerics.fourier import crop_or_pad, peak_position, shift_volume
from psfbridge.numerics.resample import resample_volume

__all__ = ["PSF", "load_psfs", "odd_shape"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class PSF:
    """A point spread function.

    The array has axes (z, y, x) and float32 voxels: odd in every axis, peak at ``n // 2``, sum 1,
    non-negative, zero in its outermost planes (an axis of one plane has none). The constructor
    refuses anything else; `PSF.from_volume` brings any volume into this form.

    Parameters
    ----------
    data : array
        The PSF.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    error : array, optional
        Standard error of every voxel, in the units of `data`.
    provenance : mapping
        Where it came from: options, versions, inputs, bead counts; saved with it.

    Raises
    ------
    PSFError
        If the array is not in this form.
    """

    data: Volume
    voxel_um: VoxelUm
    error: Volume | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "voxel_um", voxel_size(self.voxel_um))
        _check_form(self.data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the voxels, for NumPy."""
        return np.array(self.data, dtype, copy=copy)

    def __repr__(self) -> str:
        facts = self._facts()
        return f"<PSF: {facts['voxels']}\n {facts['from']}>"

    def _repr_html_(self) -> str:
        return card("PSF", self._facts(), self.data)

    def _facts(self) -> dict[str, str]:
        shape = " x ".join(map(str, self.data.shape))
        beads = self.provenance.get("beads", {})
        method = self.provenance.get("method")
        origin = f"by {method} from {beads.get('used', '?')} beads" if method else "of a volume"
        known = "with" if self.error is not None else "without"
        return {
            "voxels": f"{shape} of {zyx_um(self.voxel_um)} (z, y, x)",
            "from": f"{origin}, {known} standard error",
        }

    def plot(self) -> Any:
        """Return a figure (`matplotlib.figure.Figure`) of the PSF from three sides."""
        return draw("psf", self)

    @classmethod
    def from_volume(
        cls,
        volume: NDArray[Any],
        voxel_um: Sequence[float],
        *,
        shape: Sequence[int] | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> Self:
        """Centre, crop, clip and normalise a volume into a PSF.

        Parameters
        ----------
        volume : array
            The array has axes (z, y, x), or (y, x); background already removed.
        voxel_um : sequence of float
            Voxel size in z, y and x, in µm.
        shape : sequence of int, optional
            Size of the result; made odd. By default the volume's own.
        provenance : mapping, optional
            Where it came from.

        Raises
        ------
        PSFError
            If nothing positive is left of the volume.

        Examples
        --------
        >>> import numpy as np
        >>> spot = np.zeros((6, 6, 6)); spot[2:4, 2:4, 2:4] = 1
        >>> PSF.from_volume(spot, (0.2, 0.1, 0.1)).data.shape
        (7, 7, 7)
        """
        volume = np.asarray(volume, float)
        if volume.ndim == 2:
            volume = volume[np.newaxis]
        if volume.ndim != 3 or not volume.size:
            raise PSFError(
                f"a volume of {volume.ndim} axes {volume.shape} is no PSF; allowed are (y, x) "
                "and (z, y, x)."
            )
        size = odd_shape(volume.shape if shape is None else shape)
        data = _conformed(volume, size)
        return cls(data, voxel_size(voxel_um), None, dict(provenance or {}))

    @property
    def image(self) -> Image:
        """The PSF as an image."""
        return Image(self.data, self.voxel_um, "PSF")

    @property
    def error_image(self) -> Image:
        """The standard error of every voxel as an image.

        Raises
        ------
        PSFError
            If the PSF carries none.
        """
        if self.error is None:
            raise PSFError("the PSF has no error volume; only joint and pupil make one.")
        return Image(np.asarray(self.error, np.float32), self.voxel_um, "error of the PSF")

    def cropped(self, shape: Sequence[int]) -> Self:
        """Return the PSF cropped or padded to `shape` (made odd), with sum 1 again."""
        data = _conformed(np.asarray(self.data, float), odd_shape(shape))
        return replace(self, data=data, error=None)

    def resampled(self, voxel_um: Sequence[float]) -> Self:
        """Return the PSF at another voxel size, band-limited, with sum 1 again.

        Parameters
        ----------
        voxel_um : sequence of float
            The new voxel size in z, y and x, in µm.

        Raises
        ------
        PSFError
            If so many voxels are no PSF any more.
        """
        target = voxel_size(voxel_um)
        ratios = (old / new for old, new in zip(self.voxel_um, target, strict=True))
        voxels = self.data.size * math.prod(ratios)
        if voxels > _MOST_VOXELS:
            raise PSFError(
                f"a PSF with voxels of {zyx_um(self.voxel_um)} at {zyx_um(target)} has "
                f"{voxels:.2g} voxels; allowed are {_MOST_VOXELS:.2g}. Check both voxel sizes."
            )
        return self.from_volume(
            resample_volume(self.data, self.voxel_um, target), target, provenance=self.provenance
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a 32-bit ImageJ TIFF with voxel size and provenance, whole or not at all."""
        write_image(path, self.image, info=json.dumps(dict(self.provenance), indent=1))

    @classmethod
    def load(cls, path: str | os.PathLike[str], channel: int | None = None) -> Self:
        """Read a PSF that `save` wrote, or any image file in the same form.

        Parameters
        ----------
        path : path
            The file.
        channel : int, optional
            Which PSF of a file with one for each channel, counted from 0.

        Raises
        ------
        ImageError
            If there is no such image or channel, or it has several and none was chosen.
        PSFError
            If it is not in the form of a PSF.
        """
        image = read_image(path).channel(channel)
        info = read_info(path)
        try:
            provenance = json.loads(info or "{}")
        except ValueError:
            provenance = None
        if not isinstance(provenance, dict):
            provenance = {"info": info}
        try:
            return cls(np.asarray(image.data, np.float32), image.voxel_um, None, provenance)
        except PSFError as fault:
            raise fault.of(image.name) from None


def load_psfs(path: str | os.PathLike[str]) -> list[PSF]:
    """Read the PSFs of a file: one, or one for each channel of a hyperstack.

    Raises
    ------
    ImageError
        If there is no such image.
    PSFError
        If one is not in the form of a PSF.
    """
    return [PSF.load(path, number) for number in range(read_image(path).channels)]


def odd_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    """Return `shape` with every even length one longer."""
    sizes = [integer("size", int(length), least=1) for length in shape]
    nz, ny, nx = (length + 1 - length % 2 for length in sizes)
    return nz, ny, nx


#: No PSF is larger than this; it would take a wrong voxel size to make it so.
_MOST_VOXELS = 2**27

#: The largest distance between the peak and the central voxel, in voxels.
_OFF_CENTRE = 0.05

#: Around the PSF this many voxels are kept while it is moved, fading to nothing.
_MARGIN = 8

#: How far inwards the PSF fades to its zero outer planes, as parts of its half size: not at all,
#: unless it is so wide for its size that its peak cannot be told otherwise.
_FADES = (0.0, 0.3, 0.6, 1.0)


def _conformed(volume: Floats, shape: tuple[int, int, int]) -> Volume:
    """Centre on the band-limited maximum, fading the sides of what does not fit into `shape`."""
    if not np.isfinite(volume).all() or not (volume > 0).any():
        raise PSFError("no PSF is left: the volume has no positive voxel, or one is not finite.")
    volume = _surroundings(volume, shape)
    for fade in _FADES:
        data = _centred(volume, _window(shape, fade))
        if not _off_centre(data):
            break
    return data


def _centred(volume: Floats, window: Floats) -> Volume:
    """Move a volume's peak to the centre; the window moves it a little, so look again."""
    centre = [length // 2 for length in window.shape]
    move = np.zeros(3)
    for _ in range(12):
        data = _trimmed(shift_volume(volume, move.tolist()), window)
        offset = peak_position(data, start=centre) - centre
        if np.abs(offset).max() < 0.1 * _OFF_CENTRE:
            break
        move = np.clip(move - offset, -2, 2)
    return data.astype(np.float32)


def _off_centre(data: NDArray[Any]) -> str:
    """Say where the peak is, if it is not at the central voxel."""
    centre = [length // 2 for length in data.shape]
    voxel = [int(at) for at in np.unravel_index(int(np.argmax(data)), data.shape)]
    if data[tuple(centre)] < data.max():
        return f"its peak is at {tuple(voxel)}; it must be at {tuple(centre)}"
    peak = peak_position(data, start=centre)
    if np.abs(peak - centre).max() <= _OFF_CENTRE:
        return ""
    where = ", ".join(f"{at:.2f}" for at in peak)
    return f"its peak is at ({where}); it must be within {_OFF_CENTRE} voxel of {tuple(centre)}"


def _window(shape: tuple[int, int, int], fade: float) -> Floats:
    """One inside, zero in the outermost planes; between them it may fade."""
    window = np.ones(shape)
    for axis, length in enumerate(shape):
        if length == 1:
            continue
        depth = np.minimum(np.arange(length), np.arange(length)[::-1]) / (length // 2)
        ramp = np.clip(depth / max(fade, 1 / length), 0, 1)
        sides = np.sin(ramp * np.pi / 2) ** 2
        window *= sides.reshape([-1 if other == axis else 1 for other in range(3)])
    return window


def _surroundings(volume: Floats, shape: tuple[int, int, int]) -> Floats:
    """Cut out the brightest voxel's surroundings, fading to zero so that a shift cannot ring.

    Where the volume ends before `shape` does, its last plane fades out over a few voxels.
    """
    peak = np.unravel_index(int(np.argmax(volume)), volume.shape)
    for axis, (length, size, at) in enumerate(zip(volume.shape, shape, peak, strict=True)):
        if length == size == 1:
            continue
        half = size // 2 + _MARGIN
        where = np.arange(int(at) - half, int(at) + half + 1)
        inside = np.clip(where, 0, length - 1)
        fading = np.abs(where - inside) / 4
        beyond = (np.abs(where - int(at)) - size // 2 - 2) / (_MARGIN - 2)
        fade = np.cos(np.clip(np.maximum(fading, beyond), 0, 1) * np.pi / 2) ** 2
        fade = fade.reshape([-1 if other == axis else 1 for other in range(3)])
        volume = np.take(volume, inside, axis) * fade
    return volume


def _trimmed(volume: Floats, window: Floats) -> Floats:
    data = crop_or_pad(volume, window.shape, [length // 2 for length in volume.shape])
    data = np.maximum(data, 0) * window
    total = data.sum()
    if not total > 0:
        raise PSFError(
            f"no PSF is left within {window.shape} voxels: its outermost planes must be zero. "
            "Ask for a larger size."
        )
    trimmed: Floats = data / total
    return trimmed


def _check_form(data: Volume) -> None:
    fault = _fault(data)
    if fault:
        raise PSFError(
            f"not a usable PSF: {fault}.",
            remedy={Host.PYTHON: "PSF.from_volume brings a volume into form."},
        )


def _fault(data: Volume) -> str:
    if data.ndim != 3 or data.dtype != np.float32:
        return f"it has {data.ndim} axes of {data.dtype}; allowed are three of float32"
    if any(length % 2 == 0 for length in data.shape):
        return f"its shape is {data.shape}; every axis must be odd"
    return _wrong_values(data) or _off_centre(data)


def _wrong_values(data: Volume) -> str:
    if not np.isfinite(data).all():
        return "it holds NaN or infinite voxels"
    if data.min() < 0:
        return f"its least voxel is {data.min():g}; it must not be negative"
    if abs(float(data.sum(dtype=float)) - 1) > 1e-3:
        return f"its sum is {data.sum(dtype=float):g}; it must be 1"
    edges = (np.moveaxis(data, axis, 0)[[0, -1]] for axis in range(3) if data.shape[axis] > 1)
    return "its outermost planes are not zero" if any(edge.any() for edge in edges) else ""
